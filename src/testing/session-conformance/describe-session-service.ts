import type { ConformanceSetup, ProviderTraits, TestRunner } from "./conformance-setup.js"
import { badInputPromises } from "./promises/bad-input.js"
import { cleanupPromises } from "./promises/cleanup.js"
import { corruptPromises } from "./promises/corrupt.js"
import { createPromises } from "./promises/create.js"
import { deadlinePromises } from "./promises/deadlines.js"
import { deletePromises } from "./promises/delete.js"
import { doctorPromises } from "./promises/doctor.js"
import { eventPromises } from "./promises/events.js"
import { extendPromises } from "./promises/extend.js"
import { getPromises } from "./promises/get.js"
import { limitPromises } from "./promises/limit.js"
import { rotatePromises } from "./promises/rotate.js"
import { schemaPromises } from "./promises/schema.js"
import { secretPromises } from "./promises/secrets.js"
import { signalAndClosePromises } from "./promises/signal-and-close.js"
import { standingPromises } from "./promises/standing.js"
import { updatePromises } from "./promises/update.js"
import { updateByFunctionPromises } from "./promises/update-by-function.js"
import { userSessionsPromises } from "./promises/user-sessions.js"
import { Suite } from "./suite.js"

const PROMISES: readonly ((suite: Suite) => void)[] = [
  createPromises,
  getPromises,
  deadlinePromises,
  updatePromises,
  updateByFunctionPromises,
  schemaPromises,
  extendPromises,
  rotatePromises,
  deletePromises,
  userSessionsPromises,
  limitPromises,
  standingPromises,
  cleanupPromises,
  eventPromises,
  badInputPromises,
  secretPromises,
  corruptPromises,
  doctorPromises,
  signalAndClosePromises,
]

/**
 * Registers the tests that every session service must pass: each promise of `ISessionService`, every option, every `null` and every error
 * that can be had without a failing store.
 *
 * The suite imports no test runner. Each test opens a store of its own through `setup` and closes it, so tests may run side by side.
 * What a provider cannot show is declared with a reason in `traits.lacks`, and one test lists what was not proved and why.
 *
 * @param runner `describe` and `it` of vitest, `node:test` or a runner like them
 * @param name stands in the output, e.g. "sqlite through libsql"
 * @param setup opens a service on an empty store with the options a test asks for
 * @param traits what the provider lacks, and how long the tests of time wait
 * @example With vitest:
 * import { describe, it } from "vitest"
 * import { createSessionService } from "coatcheck"
 * import { createFakeClock, describeSessionService } from "coatcheck/testing"
 *
 * describeSessionService(
 *   { describe, it },
 *   "memory",
 *   async (options) => {
 *     const clock = createFakeClock()
 *     const service = await createSessionService({ store: "memory:", clock, ...options })
 *     return { service, advance: async (by) => clock.advance(by), close: () => service.close() }
 *   },
 *   { lacks: { another: "each memory store belongs to one service", corrupt: "records never leave the process" } },
 * )
 * @example With `node:test`, on a store that keeps real time:
 * import { describe, it } from "node:test"
 * import { setTimeout as wait } from "node:timers/promises"
 *
 * describeSessionService(
 *   { describe, it },
 *   "Redis",
 *   async (options) => {
 *     const prefix = `conformance:${crypto.randomUUID()}:`
 *     const open = (more) => createSessionService({ store: "redis://127.0.0.1:6379/9", ...more, keyPrefix: prefix + (more.keyPrefix ?? "") })
 *     const service = await open(options)
 *     return {
 *       service,
 *       advance: (by) => wait(Number.parseFloat(by)),
 *       another: open,
 *       close: () => service.close(),
 *     }
 *   },
 *   { timeUnitMs: 40, lacks: { fakeClock: "the server keeps real time", corrupt: "not set up here" } },
 * )
 */
export function describeSessionService(runner: TestRunner, name: string, setup: ConformanceSetup, traits: ProviderTraits = {}): void {
  const suite = new Suite(runner, setup, traits)
  runner.describe(`session service: ${name}`, () => {
    for (const register of PROMISES) register(suite)
    suite.listUnproved()
  })
}
