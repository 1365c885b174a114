import { describe, expect, it } from "vitest"
import { trafficOf } from "../accuracy/traffic.js"

const SETTINGS = { seed: 7, limit: 20, window: 1_000, windows: 60, starts: 1_000_000 }
const times = (name: string) => trafficOf(SETTINGS).find((traffic) => traffic.name === name)?.times ?? []

describe("trafficOf", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(trafficOf(SETTINGS)).toEqual(trafficOf(SETTINGS))
    expect(trafficOf({ ...SETTINGS, seed: 8 })).not.toEqual(trafficOf(SETTINGS))
  })

  it("comes in order, in whole milliseconds, within its time", () => {
    for (const { name, times: all } of trafficOf(SETTINGS)) {
      expect(all.length, name).toBeGreaterThan(SETTINGS.limit)
      expect(all, name).toEqual(all.toSorted((one, other) => one - other))
      expect(all.every(Number.isInteger), name).toBe(true)
      expect(all[0], name).toBeGreaterThanOrEqual(SETTINGS.starts)
      expect(all.at(-1), name).toBeLessThan(SETTINGS.starts + SETTINGS.windows * SETTINGS.window)
    }
  })

  it("is one and a half times the limit where it is steady, and nine tenths of it where it is random", () => {
    expect(times("steady above the limit")).toHaveLength(1.5 * 20 * 60)
    expect(times("random below the limit").length / (20 * 60)).toBeGreaterThan(0.8)
    expect(times("random below the limit").length / (20 * 60)).toBeLessThan(1)
  })

  it("has both sides of an edge take the whole limit", () => {
    const [first = 0, ...others] = times("edges of windows").map((at) => at - SETTINGS.starts)
    const edge = first + SETTINGS.window
    expect(others.filter((at) => at > edge - 100 && at < edge)).toHaveLength(SETTINGS.limit - 1)
    expect(others.filter((at) => at >= edge && at < edge + 100)).toHaveLength(SETTINGS.limit)
  })

  it("has bursts that exceed the limit, and pauses", () => {
    const bursts = times("bursts")
    const gaps = bursts.slice(1).map((at, place) => at - (bursts[place] ?? at))
    expect(Math.max(...gaps)).toBeGreaterThan(SETTINGS.window)
    expect(bursts.some((at, place) => (bursts[place + 2 * SETTINGS.limit] ?? Number.POSITIVE_INFINITY) < at + SETTINGS.window)).toBe(true)
  })
})
