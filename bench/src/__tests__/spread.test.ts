import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { judge, spreadOf, verdictOf } from "../spread.js"

describe("spreadOf", () => {
  it("tells the middle and the middle half", () => {
    expect(spreadOf([4, 1, 3, 2, 5])).toEqual({ low: 2, median: 3, high: 4 })
    expect(spreadOf([1, 2])).toEqual({ low: 1.25, median: 1.5, high: 1.75 })
    expect(spreadOf([7])).toEqual({ low: 7, median: 7, high: 7 })
  })

  it("does not depend on the order, and lies between the least and the greatest", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1 }), (values) => {
        const { low, median, high } = spreadOf(values)
        expect(spreadOf(values.toReversed())).toEqual({ low, median, high })
        expect(low).toBeGreaterThanOrEqual(Math.min(...values))
        expect(median).toBeGreaterThanOrEqual(low)
        expect(high).toBeGreaterThanOrEqual(median)
        expect(high).toBeLessThanOrEqual(Math.max(...values))
      }),
    )
  })

  it("refuses nothing at all", () => expect(() => spreadOf([])).toThrow(RangeError))
})

describe("judge", () => {
  it.each([
    [{ low: 1, median: 2, high: 3 }, "reached"],
    [{ low: 3, median: 4, high: 6 }, "too noisy to tell"],
    [{ low: 6, median: 7, high: 8 }, "short"],
  ] as const)("of at most 5, %o is %s", (spread, verdict) => expect(judge(spread, { kind: "at most", value: 5 })).toBe(verdict))

  it.each([
    [{ low: 1, median: 2, high: 3 }, "short"],
    [{ low: 3, median: 4, high: 6 }, "too noisy to tell"],
    [{ low: 6, median: 7, high: 8 }, "reached"],
  ] as const)("of at least 5, %o is %s", (spread, verdict) => expect(judge(spread, { kind: "at least", value: 5 })).toBe(verdict))
})

describe("verdictOf", () => {
  it.each([
    [{ low: 0.9, median: 1, high: 1 }, "at least 0.85: reached"],
    [{ low: 0.8, median: 0.9, high: 1 }, "at least 0.85: too noisy to tell, the median is not short"],
    [{ low: 0.7, median: 0.8, high: 0.9 }, "at least 0.85: too noisy to tell, the median is short by 0.05"],
    [{ low: 0.5, median: 0.6, high: 0.7 }, "at least 0.85: short by 0.25"],
    [{ low: -119, median: -118.15, high: -117 }, "at least 0.85: short by 120"],
  ] as const)("of %o is %s", (spread, words) => expect(verdictOf(spread, { kind: "at least", value: 0.85 })).toBe(words))
})
