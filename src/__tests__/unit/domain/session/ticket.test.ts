import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { formatHandle, formatToken, parseHandle, parseToken, type Ticket } from "../../../../domain/session/ticket.js"

const bytes = (count: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: count, maxLength: count }).map((array) => Buffer.from(array).toString("base64url"))
const tickets: fc.Arbitrary<Ticket> = fc.record({ tag: bytes(2), id: bytes(16), secret: bytes(32) })

describe("a token", () => {
  it("is read back as it was written, and so is its handle", () => {
    fc.assert(
      fc.property(tickets, (ticket) => {
        expect(parseToken(formatToken(ticket))).toEqual(ticket)
        expect(parseHandle(formatHandle(ticket))).toEqual({ tag: ticket.tag, id: ticket.id })
        expect(formatToken(ticket)).toBe(`${formatHandle(ticket)}.${ticket.secret}`)
      }),
    )
  })

  it("has one spelling only: no other text means the same bytes", () => {
    const decoded = (text: string): string =>
      text
        .split(".")
        .map((part) => Buffer.from(part, "base64url").toString("hex"))
        .join(".")
    fc.assert(
      fc.property(
        tickets,
        fc.nat(69),
        fc.constantFrom(..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= ~".split("")),
        (ticket, at, letter) => {
          const token = formatToken(ticket)
          const other = token.slice(0, at) + letter + token.slice(at + 1)
          if (other !== token && decoded(other) === decoded(token)) expect(parseToken(other)).toBeNull()
          if (parseToken(other) !== null) expect(formatToken(parseToken(other) as Ticket)).toBe(other)
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it("is never a handle, and a handle never a token", () => {
    fc.assert(
      fc.property(tickets, (ticket) => {
        expect(parseHandle(formatToken(ticket))).toBeNull()
        expect(parseToken(formatHandle(ticket))).toBeNull()
      }),
    )
  })

  it("is null for every value that is none", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withObjectString: true }), (value) => {
        expect(parseToken(value)).toBeNull()
        expect(parseHandle(value)).toBeNull()
      }),
      { numRuns: 1_000 },
    )
  })

  it.each(["\n", " ", "\u0000", "A"])("is null with %j before or after it", (extra) => {
    const token = formatToken({ tag: "AAA", id: "A".repeat(22), secret: "A".repeat(43) })
    expect(parseToken(token)).not.toBeNull()
    expect(parseToken(token + extra)).toBeNull()
    expect(parseToken(extra + token)).toBeNull()
    expect(parseToken(token.slice(0, -1) + extra)).toEqual(extra === "A" ? parseToken(token) : null)
  })

  it("is not looked through when it is huge", () => {
    const huge = "A".repeat(50_000_000)
    const started = performance.now()
    for (let n = 0; n < 1_000; n += 1) parseToken(huge)
    expect(performance.now() - started).toBeLessThan(500)
  })
})
