import fc from "fast-check"
import { expect, describe as group, it } from "vitest"
import { assertInteger, assertKnownKeys, assertOneOf, describe, expected, UnexpectedValue } from "../../../shared/assertions.js"
import { wild } from "../../support/wild-values.js"

group("the description of a value", () => {
  it.each([
    [undefined, "undefined"],
    [null, "null"],
    ["secret", "a string of 6 characters"],
    [12, "an integer out of range"],
    [1.5, "a number with a fraction"],
    [Number.NaN, "NaN"],
    [Number.NEGATIVE_INFINITY, "-Infinity"],
    [[1, 2], "an array of 2"],
    [{ a: 1 }, "an object"],
    [true, "a boolean"],
    [1n, "a bigint"],
    [Symbol("secret"), "a symbol"],
    [() => 1, "a function"],
  ])("of %o is %s", (value, words) => {
    expect(describe(value)).toBe(words)
  })

  it("is made for whatever there is, and says nothing of what is in it", () => {
    fc.assert(
      fc.property(wild(), (value) => {
        expect(describe(value)).toMatch(
          /^(undefined|null|NaN|-?Infinity|an? (string of \d+ characters|integer out of range|number with a fraction|array of \d+|object|boolean|bigint|symbol|function))$/,
        )
      }),
    )
  })

  it("stands in the error behind what was expected", () => {
    const error = expected("userId", "text", 5)
    expect(error).toBeInstanceOf(UnexpectedValue)
    expect(error.message).toBe("Expected userId to be text, got an integer out of range.")
  })
})

group("assertKnownKeys", () => {
  it("passes objects with known keys only", () => {
    assertKnownKeys({}, "options", ["a"])
    assertKnownKeys({ a: 1 }, "options", ["a", "b"])
    expect(() => assertKnownKeys({ secret: 1 }, "options", ["a", "b"])).toThrow(
      "Expected options to have only the options a, b, got another one of 6 characters.",
    )
  })

  it.each([null, undefined, 1, "a", [], () => ({})])("refuses %o", (value) => {
    expect(() => assertKnownKeys(value, "options", [])).toThrow(UnexpectedValue)
  })
})

group("assertInteger", () => {
  it("passes whole numbers within the range, both ends included", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        const fits = Number.isInteger(value) && value >= 1 && value <= 200
        if (fits) assertInteger(value, "limit", { min: 1, max: 200 })
        else expect(() => assertInteger(value, "limit", { min: 1, max: 200 })).toThrow("an integer from 1 to 200")
      }),
    )
    for (const value of [1, 200]) assertInteger(value, "limit", { min: 1, max: 200 })
    for (const value of [0, 201, "5", 5n, null]) expect(() => assertInteger(value, "limit", { min: 1, max: 200 })).toThrow(UnexpectedValue)
  })
})

group("assertOneOf", () => {
  it("passes the words and nothing else", () => {
    assertOneOf("a", "word", ["a", "b"])
    for (const value of ["c", "A", "a ", "", 1, null, undefined, ["a"], "toString"]) expect(() => assertOneOf(value, "word", ["a", "b"])).toThrow("one of a, b")
  })
})
