import { setImmediate as turn } from "node:timers/promises"
import { afterAll, afterEach, beforeAll, expect } from "vitest"

/** Fails each test in which a promise was rejected and nobody heard of it, and the file where that came after its last. To be called once, outside of every test. */
export function expectNoUnhandledRejections(): void {
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
  beforeAll(() => void process.on("unhandledRejection", onUnhandled))
  afterEach(async () => {
    await turn()
    expect(unhandled.splice(0)).toEqual([])
  })
  afterAll(() => {
    process.removeListener("unhandledRejection", onUnhandled)
    expect(unhandled).toEqual([])
  })
}
