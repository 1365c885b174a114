import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { changesNothing, type Fields, holdsNothing, type MergeRule, mergeFields, type TermRule } from "../../../../domain/records/merge-fields.js"

const same = (_field: string, one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
const term: TermRule = {
  fields: ["term", "end"],
  isChange: (base, mine) => base.term !== mine.term,
  isSet: (base, mine, readAt) => base.term !== mine.term || Number(mine.end) < readAt,
  endOf: ({ end }) => Number(end ?? 0),
  useOf: () => 0,
}
const strict: MergeRule = { same, lastWins: () => false, term }
const lastWins: MergeRule = { same, lastWins: () => true, term }

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
    expect(mergeFields(base, mine, theirs, strict, 0)).toEqual(merged)
  })

  it("to two values, where the last one wins", () => {
    expect(mergeFields({ a: 1, b: 1 }, { a: 2, b: 1 }, { a: 3, b: 3 }, lastWins, 0)).toEqual({ a: 2, b: 3 })
    expect(mergeFields({ a: 1 }, {}, { a: 3 }, lastWins, 0)).toEqual({})
  })

  const fields = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 2 }))

  it("loses no change of either, or is refused", () => {
    fc.assert(
      fc.property(fields, fields, fields, (base, mine, theirs) => {
        const merged = mergeFields(base, mine, theirs, strict, 0)
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
        expect(mergeFields(base, base, changed, strict, 0)).toEqual(changed)
        expect(mergeFields(base, changed, base, strict, 0)).toEqual(changed)
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

describe("the term of a session", () => {
  const base = { term: 1, end: 10 }

  it("comes whole from who set it, this one first", () => {
    expect(mergeFields(base, base, { term: 2 }, strict, 0)).toEqual({ term: 2 })
    expect(mergeFields(base, { term: 3 }, { term: 2, end: 12 }, strict, 0)).toEqual({ term: 3 })
    expect(mergeFields(base, { term: 1, end: 5 }, { term: 1, end: 12 }, strict, 6)).toEqual({ term: 1, end: 5 })
  })

  it("is the later one of two that were only moved", () => {
    for (const [mine, theirs] of [
      [11, 12],
      [12, 11],
    ])
      expect(mergeFields(base, { term: 1, end: mine }, { term: 1, end: theirs }, strict, 0)).toEqual({ term: 1, end: 12 })
  })

  it("is no change of the session by its end, and nothing that one could lose", () => {
    expect(changesNothing(base, { term: 1, end: 11 }, strict)).toBe(true)
    expect(changesNothing(base, { term: 2, end: 10 }, strict)).toBe(false)
    expect([holdsNothing(base, strict), holdsNothing({}, strict), holdsNothing({ ...base, a: 1 }, strict)]).toEqual([true, true, false])
  })
})
