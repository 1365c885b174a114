import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { ServerClock } from "../../../../../infrastructure/redis/reads/server-clock.js"
import { Background } from "../../../../../infrastructure/redis/upkeep/background.js"

const SECOND = 1_000_000
const HOUR = 3_600 * SECOND
const NOW = 1_800_000_000 * SECOND

const answering = (micros: () => number) => ({ time: () => Promise.resolve(micros()) }) as never

describe("the server's clock between two replies", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }))
  afterEach(() => void vi.useRealTimers())

  it("asks before the first reading, and goes on by itself", async () => {
    const clock = new ServerClock(
      answering(() => NOW),
      new Background(),
    )
    expect(await clock.nowMicros({})).toBe(NOW)
    vi.advanceTimersByTime(5_000)
    expect(await clock.nowMicros({})).toBe(NOW + 5 * SECOND)
  })

  it("stays with the least delayed reply", async () => {
    const clock = new ServerClock(
      answering(() => NOW),
      new Background(),
    )
    clock.observe(NOW)
    vi.advanceTimersByTime(2_000)
    // Read when 500 ms had passed there, and a second and a half on its way.
    clock.observe(NOW + SECOND / 2)
    expect(await clock.nowMicros({})).toBe(NOW + 2 * SECOND)
  })

  it.each([HOUR, 31 * SECOND])("follows at once where the server's clock was set back by %i µs", async (back) => {
    const clock = new ServerClock(
      answering(() => NOW),
      new Background(),
    )
    clock.observe(NOW)
    vi.advanceTimersByTime(1_000)
    clock.observe(NOW + SECOND - back)
    expect(await clock.nowMicros({})).toBe(NOW + SECOND - back)
  })

  it("follows at once where it was set ahead, and asks again where a reading is old", async () => {
    let there = NOW
    const clock = new ServerClock(
      answering(() => there),
      new Background(),
    )
    clock.observe(NOW)
    clock.observe(NOW + HOUR)
    expect(await clock.nowMicros({})).toBe(NOW + HOUR)
    vi.advanceTimersByTime(31_000)
    there = NOW + SECOND
    expect(await clock.nowMicros({})).toBe(NOW + HOUR + 31 * SECOND)
    await Promise.resolve()
    await Promise.resolve()
    expect(await clock.nowMicros({})).toBe(NOW + SECOND)
  })
})
