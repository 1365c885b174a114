import { expect, it } from "vitest"
import { boundedLifetime, lifetimeUntil } from "../../../../domain/records/lifetime.js"

const NOW = 1_790_000_000_000
const DEFAULT = 86_400_000
const TEN_YEARS = 3_650 * 86_400_000

it.each<[unknown, number]>([
  [new Date(NOW + 5_000), 5_000],
  [new Date(NOW + 5_000).toISOString(), 5_000],
  [NOW + 5_000, 5_000],
  [new Date(NOW), 0],
  [new Date(NOW - 1), 0],
  [new Date(8.64e15), TEN_YEARS],
  [null, DEFAULT],
  [undefined, DEFAULT],
  [false, DEFAULT],
  [new Date(Number.NaN), DEFAULT],
  ["no date", DEFAULT],
  [{}, DEFAULT],
])("a cookie that expires at %s keeps its session for %s ms", (expires, lifetime) => {
  expect(lifetimeUntil(expires, DEFAULT, NOW)).toBe(lifetime)
})

it("is a whole number of milliseconds from 0 to ten years, and never rounds to none", () => {
  expect([-1, 0, 0.2, 1.5, Number.POSITIVE_INFINITY].map(boundedLifetime)).toEqual([0, 0, 1, 2, TEN_YEARS])
})
