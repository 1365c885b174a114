import { describe, expect, it } from "vitest"
import { accuracyOf } from "../accuracy/exact-count.js"
import { LIMITERS } from "../accuracy/limiters.js"
import { trafficOf } from "../accuracy/traffic.js"

const LIMIT = { limit: 5, window: 1_000 }
const STARTS = Date.UTC(2026, 0, 1)
const [bursts] = trafficOf({ ...LIMIT, seed: 3, windows: 20, starts: STARTS })

async function allowedOf(name: string, times: readonly number[]): Promise<readonly boolean[]> {
  const decided = await LIMITERS[name]?.(times, LIMIT)
  return (decided ?? []).map(({ allowed }) => allowed)
}

describe("limiters", () => {
  it.each(Object.keys(LIMITERS))("%s goes by the time that it is given: it allows, denies, and allows again later", async (name) => {
    const burst = Array.from({ length: 8 }, (_, at) => STARTS + at)
    const allowed = await allowedOf(name, [...burst, STARTS + 3 * LIMIT.window])
    expect(allowed[0]).toBe(true)
    expect(allowed[7]).toBe(false)
    expect(allowed[8]).toBe(true)
  })

  it("gives the log what the exact count gives", async () => {
    const decided = (await LIMITERS["sliding-log"]?.(bursts?.times ?? [], LIMIT)) ?? []
    const { most, wronglyAllowed, wronglyDenied } = accuracyOf(decided, LIMIT)
    expect({ most, wronglyAllowed, wronglyDenied }).toEqual({ most: 1, wronglyAllowed: 0, wronglyDenied: 0 })
  })

  it("begins the windows of other libraries with a first request, and our fixed ones at multiples", async () => {
    const times = [500, 600, 700, 800, 900, 1_100, 1_600].map((at) => STARTS + at)
    expect(await allowedOf("fixed-window", times)).toEqual([true, true, true, true, true, true, true])
    for (const name of ["rate-limiter-flexible", "express-rate-limit"])
      expect(await allowedOf(name, times), name).toEqual([true, true, true, true, true, false, true])
  })

  it("leaves the clock of the process as it was", async () => {
    const before = performance.now()
    await allowedOf("rate-limiter-flexible", [STARTS])
    expect(Math.abs(Date.now() - (performance.timeOrigin + before))).toBeLessThan(60_000)
  })
})
