import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { changesNothing, type Fields, type MergeRule, mergeFields } from "../../../../domain/records/merge-fields.js"

const same = (_field: string, one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
const strict: MergeRule = { same, lastWins: () => false }
const lastWins: MergeRule = { same, lastWins: () => true }

describe("two requests that changed one session", () => {
  it.each<[string, Fields, Fields, Fields, Fields | null]>([
    ["in fields of their own", { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 2 }, { a: 2, b: 2 }],
    ["by a new field each", {}, { a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    ["when this one removed a field", { a: 1, b: 1 }, { b: 1 }, { a: 1, b: 2 }, { b: 2 }],
    ["when the other one removed a field", { a: 1, b: 1 }, { a: 1, b: 2 }, { b: 1 }, { b: 2 }],
    ["to the same value", { a: 1 }, { a: 2 }, { a: 2 }, { a: 2 }],
    ["to two values", { a: 1 }, { a: 2 }, { a: 3 }, null],
    ["when one removed what the other changed", { a: 1 }, {}, { a: 3 }, null],
    ["when the other removed what this one changed", { a: 1 }, { a: 3 }, {}, null],
    ["deep within one field", { a: { x: 1, y: 1 } }, { a: { x: 2, y: 1 } }, { a: { x: 1, y: 2 } }, null],
    ["when a field has the name of an inherited one", {}, { constructor: 1 }, { toString: 2 }, { constructor: 1, toString: 2 }],
  ])("%s", (_how, base, mine, theirs, merged) => {
    expect(mergeFields(base, mine, theirs, strict)).toEqual(merged)
  })

  it("to two values, where the last one wins", () => {
    expect(mergeFields({ a: 1, b: 1 }, { a: 2, b: 1 }, { a: 3, b: 3 }, lastWins)).toEqual({ a: 2, b: 3 })
    expect(mergeFields({ a: 1 }, {}, { a: 3 }, lastWins)).toEqual({})
  })

  const fields = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 2 }))

  it("loses no change of either, or is refused", () => {
    fc.assert(
      fc.property(fields, fields, fields, (base, mine, theirs) => {
        const merged = mergeFields(base, mine, theirs, strict)
        for (const field of ["a", "b", "c"]) {
          const clash = mine[field] !== base[field] && theirs[field] !== base[field] && mine[field] !== theirs[field]
          if (merged === null) continue
          expect(clash).toBe(false)
          expect(merged[field]).toBe(mine[field] === base[field] ? theirs[field] : mine[field])
        }
      }),
    )
  })

  it("whose one changed nothing come to what the other made", () => {
    fc.assert(
      fc.property(fields, fields, (base, changed) => {
        expect(mergeFields(base, base, changed, strict)).toEqual(changed)
        expect(mergeFields(base, changed, base, strict)).toEqual(changed)
      }),
    )
  })
})

it("sees whether a request changed anything", () => {
  expect(changesNothing({ a: 1 }, { a: 1 }, strict)).toBe(true)
  expect(changesNothing({ a: 1 }, {}, strict)).toBe(false)
  expect(changesNothing({}, { a: 1 }, strict)).toBe(false)
  expect(changesNothing({ a: 1 }, { a: 2 }, strict)).toBe(false)
})
