import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { UnexpectedValue } from "../../../shared/assertions.js"
import { toMilliseconds } from "../../../shared/durations.js"

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const EVERYTHING = { min: 0, max: Number.MAX_SAFE_INTEGER }

describe("a duration", () => {
  it("is a whole number of seconds, or a number with its unit", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(...(Object.keys(UNITS) as (keyof typeof UNITS)[])), (count, unit) => {
        expect(toMilliseconds(count, "x", EVERYTHING)).toBe(count * 1_000)
        expect(toMilliseconds(`${count}${unit}`, "x", EVERYTHING)).toBe(count * UNITS[unit])
      }),
    )
  })

  it.each([
    ["1.5h", 5_400_000],
    ["1.1h", 3_960_000],
    ["4.1m", 246_000],
    ["0.7d", 60_480_000],
    ["0.5s", 500],
    ["0.25m", 15_000],
    ["1.000s", 1_000],
  ])("%s may have a fraction that comes to whole milliseconds", (text, expected) => {
    expect(toMilliseconds(text, "x", EVERYTHING)).toBe(expected)
  })

  it.each([
    "10",
    "",
    " ",
    "soon",
    "1 h",
    "1h ",
    " 1h",
    "1H",
    "1 hour",
    "1hour",
    "1y",
    "1w",
    "-1s",
    "+1s",
    "1e3s",
    "0x10s",
    ".5s",
    "1.s",
    "1,5h",
    "1_0s",
    "１s",
    "NaNs",
    "Infinitys",
    "0.5ms",
    `${"9".repeat(16)}s`,
  ])("%j is refused", (text) => {
    expect(() => toMilliseconds(text, "x", EVERYTHING)).toThrow(UnexpectedValue)
  })

  it.each([0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, null, undefined, true, 1n, [60], { valueOf: () => 60 }, new Date(0)])(
    "%o is refused",
    (value) => {
      expect(() => toMilliseconds(value, "x", EVERYTHING)).toThrow(UnexpectedValue)
    },
  )

  it("lies within its range, both ends included, and is refused with the range in words otherwise", () => {
    const range = { min: 10, max: 60_000 }
    expect(toMilliseconds("10ms", "grace", range)).toBe(10)
    expect(toMilliseconds(60, "grace", range)).toBe(60_000)
    expect(() => toMilliseconds("9ms", "grace", range)).toThrow("Expected grace to be a duration from 10ms to 1m")
    expect(() => toMilliseconds(61, "grace", range)).toThrow(UnexpectedValue)
  })

  it("is never quoted when it is refused", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8 }), (text) => {
        try {
          toMilliseconds(`hidden-${text}`, "x", EVERYTHING)
        } catch (error) {
          expect(String(error)).not.toContain("hidden")
          return
        }
        expect.fail("Expected a refusal")
      }),
    )
  })
})
