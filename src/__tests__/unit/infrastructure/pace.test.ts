import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { Pace } from "../../../infrastructure/pace.js"

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "setImmediate"] }))
afterEach(() => void vi.useRealTimers())

/** How many parts of 10 entries are done in so many milliseconds. */
async function partsIn(pace: Pace, milliseconds: number): Promise<number> {
  let parts = 0
  const end = performance.now() + milliseconds
  void (async () => {
    while (performance.now() < end) {
      await pace.after(10)
      parts += 1
    }
  })()
  await vi.advanceTimersByTimeAsync(milliseconds)
  return parts
}

it("keeps to the rate, also after a stall: what it cost is not caught up with in a burst", async () => {
  const pace = new Pace(1_000, undefined)
  expect(await partsIn(pace, 1_000)).toBe(100)
  vi.advanceTimersByTime(3_000)
  const after = await partsIn(pace, 1_000)
  expect(after).toBeGreaterThanOrEqual(100)
  expect(after).toBeLessThanOrEqual(112)
})

it("waits no longer than until the signal", async () => {
  const stop = new AbortController()
  const waited = new Pace(1, stop.signal).after(1_000)
  stop.abort()
  await waited
  expect(performance.now()).toBeLessThan(1_000)
})
