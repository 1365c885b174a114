export { createFakeClock, type FakeClock } from "../testing/fake-clock.js"
export type {
  RateLimitConformanceSetup,
  RateLimitsUnderTest,
  RateLimitTraits,
  RequestedRateLimits,
} from "../testing/rate-limit-conformance/conformance-setup.js"
export { describeRateLimitingService } from "../testing/rate-limit-conformance/describe-rate-limiting-service.js"
export type {
  Capability,
  ConformanceSetup,
  Corruption,
  ProviderTraits,
  RequestedOptions,
  ServiceUnderTest,
  StoreUnderTest,
  TestRunner,
} from "../testing/session-conformance/conformance-setup.js"
export { describeSessionService } from "../testing/session-conformance/describe-session-service.js"
export { type SignedIn, signInAs } from "../testing/sign-in-as.js"
