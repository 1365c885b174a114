import { describe, expect, it } from "vitest"
import { quantileOf, quantilesOf } from "../rounds/quantiles.js"

describe("quantiles", () => {
  it("are of all slices together", () => {
    const numbers = Float64Array.from({ length: 1_000 }, (_, at) => at + 1)
    expect(quantilesOf([numbers.slice(500), numbers.slice(0, 500)])).toEqual({ p50: 501, p99: 991, p999: 1_000 })
  })

  it("are the one value that there is", () => expect(quantileOf(Float64Array.of(7), 0.999)).toBe(7))
  it("are no number without values", () => expect(quantilesOf([]).p50).toBeNaN())
})
