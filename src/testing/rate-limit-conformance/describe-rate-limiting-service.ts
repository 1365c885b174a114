import type { TestRunner } from "../session-conformance/conformance-setup.js"
import type { RateLimitConformanceSetup, RateLimitTraits } from "./conformance-setup.js"
import { countingPromises } from "./promises/counting.js"
import { leasePromises } from "./promises/leases.js"
import { refusalPromises } from "./promises/refusals.js"
import { steeringPromises } from "./promises/steering.js"
import { subjectPromises } from "./promises/subjects.js"
import { togetherPromises } from "./promises/together.js"
import { RateLimitSuite } from "./rate-limit-suite.js"

/**
 * Registers the tests that every rate limiting service must pass: each promise of `IRateLimitingService` that needs no failing store.
 *
 * @param runner `describe` and `it` of vitest, `node:test` or a runner like them
 * @param name stands in the output
 * @param setup opens a service on an empty store with the options a test asks for
 * @param traits what cannot be shown on this store, and why
 * @example
 * describeRateLimitingService(
 *   { describe, it },
 *   "memory",
 *   async (options) => {
 *     const clock = createFakeClock()
 *     const service = await createRateLimitingService({ store: "memory:", clock, ...options })
 *     return { service, advance: async (by) => clock.advance(by), close: () => service.close() }
 *   },
 *   { fakeClock: true, lacksAnother: "each memory store belongs to one service" },
 * )
 */
export function describeRateLimitingService(runner: TestRunner, name: string, setup: RateLimitConformanceSetup, traits: RateLimitTraits = {}): void {
  const suite = new RateLimitSuite(runner, setup, traits)
  runner.describe(`rate limiting service: ${name}`, () => {
    for (const register of [countingPromises, togetherPromises, leasePromises, steeringPromises, subjectPromises, refusalPromises]) register(suite)
    suite.listUnproved()
  })
}
