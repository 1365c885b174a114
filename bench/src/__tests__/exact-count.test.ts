import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { accuracyOf, type Decided, mostInParts } from "../accuracy/exact-count.js"

const LIMIT = { limit: 2, window: 1_000 }
const allowed = (at: number): Decided => ({ at, allowed: true })
const denied = (at: number): Decided => ({ at, allowed: false })

describe("accuracyOf", () => {
  it("finds nothing wrong with what the exact count says", () =>
    expect(accuracyOf([allowed(0), allowed(10), denied(999), allowed(1_000)], LIMIT)).toEqual({
      asked: 4,
      admitted: 3,
      ofExact: 1,
      most: 1,
      wronglyAllowed: 0,
      wronglyDenied: 0,
    }))

  it("counts what was admitted into a full window, wherever that begins", () =>
    expect(accuracyOf([allowed(900), allowed(950), allowed(1_000), allowed(1_050)], LIMIT)).toMatchObject({
      most: 2,
      ofExact: 2,
      wronglyAllowed: 0.5,
      wronglyDenied: 0,
    }))

  it("counts what was denied though there was room, by what this limiter itself admitted", () =>
    expect(accuracyOf([allowed(0), denied(1), denied(2), allowed(3), denied(4)], LIMIT)).toMatchObject({ most: 1, wronglyAllowed: 0, wronglyDenied: 0.4 }))

  it("tells what was admitted as a share of what one that counts exactly admits", () =>
    expect(accuracyOf([denied(0), denied(1), allowed(2), allowed(1_500)], LIMIT)).toMatchObject({ admitted: 2, ofExact: 2 / 3 }))

  it("counts as one that looks at every window does", () => {
    const decisions = fc.array(fc.record({ at: fc.integer({ min: 0, max: 5_000 }), allowed: fc.boolean() }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(decisions, (unsorted) => {
        const decided = unsorted.toSorted((one, other) => one.at - other.at)
        const before = (place: number) => decided.slice(0, place).filter((one) => one.allowed && one.at > (decided[place]?.at ?? 0) - LIMIT.window).length
        const wrong = decided.map((one, place) => (one.allowed ? before(place) >= LIMIT.limit : before(place) < LIMIT.limit))
        const most = Math.max(0, ...decided.map((one, place) => (one.allowed ? before(place) + 1 : 0)))
        const { most: told, wronglyAllowed, wronglyDenied } = accuracyOf(decided, LIMIT)
        expect(told).toBe(most / LIMIT.limit)
        expect(wronglyAllowed).toBe(decided.filter((one, place) => one.allowed && wrong[place]).length / decided.length)
        expect(wronglyDenied).toBe(decided.filter((one, place) => !one.allowed && wrong[place]).length / decided.length)
      }),
    )
  })
})

describe("mostInParts", () => {
  it("tells of each part the most that lay in a window which ends there", () =>
    expect(mostInParts([0, 100, 150, 1_120], { starts: 0, ends: 2_000, buckets: 4 }, 1_000)).toEqual([3, 3, 2, 1]))

  it("misses no peak between the ends of parts", () => expect(mostInParts([0, 1, 999, 1_001], { starts: 0, ends: 4_000, buckets: 2 }, 1_000)).toEqual([3, 1]))

  it("leaves out what comes later", () => expect(mostInParts([0, 5_000], { starts: 0, ends: 1_000, buckets: 1 }, 500)).toEqual([1]))
})
