export type { LoginAttempt, LoginOutcome, LoginProtection } from "../application/login-protection.js"
export type { LoginProtectionOptions, OwnedLoginProtection } from "../config/create-login-protection.js"
export { createLoginProtection } from "../config/create-login-protection.js"
export type { RateLimitingServiceOptions } from "../config/create-rate-limiting-service.js"
export { createRateLimitingService } from "../config/create-rate-limiting-service.js"
export type { RateLimitEvent } from "../domain/interfaces/ports.js"
export type {
  ConcurrencyName,
  ConcurrencyRule,
  CountingName,
  CountingRule,
  IRateLimitingService,
  Lease,
  LeaseDenied,
  OwnedRateLimitingService,
  RateLimitCheck,
  RateLimitDecision,
  RateLimitRules,
  Subject,
} from "../domain/interfaces/rate-limit/IRateLimitingService.js"
export type { RateLimitHeaders, RateLimitPolicy } from "../web/rate-limit-headers.js"
export { rateLimitHeaders, rateLimitPolicy } from "../web/rate-limit-headers.js"
