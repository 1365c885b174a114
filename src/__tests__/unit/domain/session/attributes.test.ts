import { isDeepStrictEqual } from "node:util"
import { createContext, runInContext } from "node:vm"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type AttributesCopy, copyAttributes, mergeAttributes } from "../../../../domain/session/attributes.js"
import { UnexpectedValue } from "../../../../shared/assertions.js"
import { isJson, sameJson, wild } from "../../../support/wild-values.js"

const json = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()).filter(isJson)

describe("attributes", () => {
  it("come back exactly as they were given, as a copy, wherever JSON can hold them", () => {
    fc.assert(
      fc.property(json, (value) => {
        const copy = copyAttributes(value, "attributes")
        expect(sameJson(copy, value)).toBe(true)
        expect(sameJson(JSON.parse(JSON.stringify(copy)), value)).toBe(true)
        expect(copy).not.toBe(value)
      }),
    )
  })

  it("are refused wherever JSON would change them, whatever they are", () => {
    fc.assert(
      fc.property(wild(), (value) => {
        let copy: AttributesCopy
        try {
          copy = copyAttributes({ value }, "attributes")
        } catch (error) {
          expect(error).toBeInstanceOf(UnexpectedValue)
          expect(isJson(value)).toBe(false)
          return
        }
        expect(sameJson(copy, { value })).toBe(true)
        expect(sameJson(JSON.parse(JSON.stringify(copy)), { value })).toBe(true)
      }),
      { numRuns: 3_000 },
    )
  })

  it("share nothing with what was given", () => {
    const given = { list: [1, { deep: [2] }], object: { a: 1 } }
    const copy = copyAttributes(given, "attributes") as typeof given
    given.list.push(3)
    given.object.a = 2
    expect(copy).toEqual({ list: [1, { deep: [2] }], object: { a: 1 } })
  })

  it("undefined in an object counts as absent, at any depth", () => {
    const copy = copyAttributes({ a: undefined, b: { c: undefined, d: 1 } }, "attributes")
    expect(isDeepStrictEqual(copy, { b: { d: 1 } })).toBe(true)
  })

  it("of another realm are taken, and so are those without a prototype", () => {
    const foreign = runInContext("({ a: [1, { b: 2 }] })", createContext({})) as unknown
    expect(JSON.stringify(copyAttributes(foreign, "attributes"))).toBe('{"a":[1,{"b":2}]}')
    expect(copyAttributes(Object.assign(Object.create(null) as object, { a: 1 }), "attributes")).toEqual({ a: 1 })
  })

  it("may have 32 levels and 20 000 values, and no more", () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
    expect(() => copyAttributes({ a: nested(31) }, "attributes")).not.toThrow()
    expect(() => copyAttributes({ a: nested(32) }, "attributes")).toThrow("32 levels")
    expect(() => copyAttributes({ a: Array.from({ length: 19_999 }, () => 1) }, "attributes")).not.toThrow()
    expect(() => copyAttributes({ a: Array.from({ length: 20_000 }, () => 1) }, "attributes")).toThrow("20000 values")
  })

  it("that throw when they are read are refused without what they threw", () => {
    const thrower = {
      get a(): number {
        throw new Error("hidden-value")
      },
    }
    expect(() => copyAttributes(thrower, "attributes")).toThrow(UnexpectedValue)
    expect(() => copyAttributes(thrower, "attributes")).toThrow(/^(?!.*hidden-value)/)
  })

  it("are read once: a value cannot pass the check and then be another one", () => {
    let reads = 0
    const copy = copyAttributes(
      {
        get a(): unknown {
          reads += 1
          return reads === 1 ? "text" : new Date()
        },
      },
      "attributes",
    )
    expect(reads).toBe(1)
    expect(copy).toEqual({ a: "text" })
  })

  it("that are an instance of a class are refused, also one that extends an array", () => {
    class List extends Array<number> {}
    class Point {
      readonly x = 1
    }
    for (const value of [new Point(), List.from([1]), Object.create({ inherited: 1 })])
      expect(() => copyAttributes({ value }, "attributes")).toThrow(UnexpectedValue)
  })

  it.each(["__proto__", "constructor", "prototype"])("with a key %s are refused at any depth", (key) => {
    for (const text of [`{"${key}":1}`, `{"a":{"${key}":{"polluted":1}}}`, `{"a":[[{"${key}":1}]]}`]) {
      expect(() => copyAttributes(JSON.parse(text), "attributes")).toThrow(UnexpectedValue)
    }
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})

describe("a merge", () => {
  const keys: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c", "toString", "")
  const objects = fc.dictionary(keys, fc.jsonValue())

  it("takes the patch's value where it has one, else the stored one, and removes what is named", () => {
    fc.assert(
      fc.property(objects, objects, fc.array(keys), (stored, patch, unset) => {
        const before = JSON.stringify([stored, patch])
        const merged = mergeAttributes(stored, patch, unset)
        for (const key of ["a", "b", "c", "toString", ""]) {
          const source = unset.includes(key) ? {} : Object.hasOwn(patch, key) ? patch : stored
          expect(Object.hasOwn(merged, key)).toBe(Object.hasOwn(source, key))
          if (Object.hasOwn(source, key)) expect(merged[key]).toBe(source[key])
        }
        expect(JSON.stringify([stored, patch])).toBe(before)
      }),
    )
  })

  it("is shallow", () => {
    expect(mergeAttributes({ a: { x: 1, y: 2 } }, { a: { x: 3 } }, [])).toEqual({ a: { x: 3 } })
  })
})
