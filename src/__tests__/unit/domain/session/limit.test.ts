import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { makeRoom } from "../../../../domain/session/limit.js"

const houses = fc.record({ counting: fc.array(fc.nat(), { maxLength: 30 }), max: fc.integer({ min: 1, max: 20 }) })

describe("room for one more", () => {
  it("is made by ending the oldest, as many as needed and no more", () => {
    fc.assert(
      fc.property(houses, ({ counting, max }) => {
        const ended = makeRoom(counting, { max, onLimit: "evict-oldest" })
        expect(ended).toEqual(counting.slice(0, ended.length))
        expect(counting.length - ended.length + 1).toBeLessThanOrEqual(max)
        if (ended.length > 0) expect(counting.length - ended.length + 1).toBe(max)
      }),
    )
  })

  it("is refused at the limit, and never below it", () => {
    fc.assert(
      fc.property(houses, ({ counting, max }) => {
        expect(makeRoom(counting, { max, onLimit: "reject" })).toEqual(counting.length >= max ? "full" : [])
      }),
    )
  })

  it("is always there without a limit", () => {
    expect(makeRoom([1, 2, 3], null)).toEqual([])
  })
})
