/** The names under which the container knows its parts. */
export const DI_TOKENS = {
  SESSION_SERVICE: "sessionService",
  SESSION_OPTIONS: "sessionOptions",
  RATE_LIMITING_SERVICE: "rateLimitingService",
  RATE_LIMIT_OPTIONS: "rateLimitOptions",
  REDIS_SERVICE: "redisService",
} as const
