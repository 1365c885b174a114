import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatCursor, parseCursor } from "../../../../../infrastructure/services/session/page-cursor.js"
import { newSessionId, userKey } from "../../../../../infrastructure/services/session/randomness.js"
import { UnexpectedValue } from "../../../../../shared/assertions.js"

const ADA = userKey("ada")

describe("a cursor", () => {
  it("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_007_199_254_740_991 }), (createdMicros) => {
        const position = { createdMicros, id: newSessionId() }
        expect(parseCursor(formatCursor(position, ADA), ADA)).toEqual(position)
      }),
    )
  })

  it("of another user's list is refused", () => {
    const cursor = formatCursor({ createdMicros: 1, id: newSessionId() }, ADA)
    expect(() => parseCursor(cursor, userKey("bob"))).toThrow(UnexpectedValue)
  })

  it("holds nothing of the user id", () => {
    expect(formatCursor({ createdMicros: 1, id: newSessionId() }, userKey("hidden-user"))).not.toContain("hidden")
  })

  it("is refused when it is anything else", () => {
    const cursor = formatCursor({ createdMicros: 1, id: newSessionId() }, ADA)
    for (const other of ["", "0", `${cursor} `, `${cursor}.1`, cursor.replace(".1.", ".-1."), cursor.replace(".1.", ".1e9."), "x".repeat(1_000_000)])
      expect(() => parseCursor(other, ADA)).toThrow(UnexpectedValue)
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(() => parseCursor(value, ADA)).toThrow(UnexpectedValue)
      }),
    )
  })
})
