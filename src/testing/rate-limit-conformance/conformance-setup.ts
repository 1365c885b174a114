import type { RateLimitEvent } from "../../domain/interfaces/ports.js"
import type { OwnedRateLimitingService, RateLimitRules } from "../../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { Duration } from "../../shared/durations.js"

/** Options of the service that a test asks for: hand them on to `createRateLimitingService` as they are, beside the store. */
export interface RequestedRateLimits<R extends RateLimitRules = RateLimitRules> {
  readonly rules: R
  readonly onEvent?: ((event: RateLimitEvent) => void) | undefined
}

/** A service on an empty store, and what a test may do to that store. */
export interface RateLimitsUnderTest<R extends RateLimitRules> {
  readonly service: OwnedRateLimitingService<R>
  /** Moves the store's clock, or waits that long. */
  advance(by: Duration): Promise<void>
  /** Opens one more service with the same options on the same store, as a second process would; the suite closes it. */
  another?(): Promise<OwnedRateLimitingService<R>>
  /** Ends the service, if the test has not, and removes the store. */
  close(): Promise<void>
}

/** Opens a service with these options on a store that no other test uses; tests may run side by side. */
export type RateLimitConformanceSetup = <const R extends RateLimitRules>(options: RequestedRateLimits<R>) => Promise<RateLimitsUnderTest<R>>

export interface RateLimitTraits {
  /** Why two services cannot share one store. Tests that need it are left out. */
  readonly lacksAnother?: string | undefined
  /** Whether `advance` moves a clock, so that tests of the very millisecond can be made; else they are left out, and the others really wait. False by default. */
  readonly fakeClock?: boolean | undefined
}
