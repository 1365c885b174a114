import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { SessionError } from "../../../../../domain/errors.js"
import { NO_OPERATIONS, type SessionRecord } from "../../../../../domain/session/record.js"
import { decodePrefix, decodeRecord, encodeBody, encodeFixed, encodeRecord } from "../../../../../infrastructure/services/session/record-json.js"
import { storedSession } from "../../../../support/session-records.js"

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const text22 = fc.string({ unit: fc.constantFrom(...letters.split("")), minLength: 22, maxLength: 22 })
const text24 = fc.string({ unit: fc.constantFrom(...letters.split("")), minLength: 24, maxLength: 24 })
const time = fc.integer({ min: 0, max: 9_999_999_999_999 })
const userText = fc.string({ minLength: 1, maxLength: 60 }).filter((text) => text.isWellFormed())
const attributes = fc
  .dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ stringUnit: "binary" }))
  .filter((value) => !Object.hasOwn(value, "__proto__"))
  .map((value) => JSON.stringify(value))

const records: fc.Arbitrary<SessionRecord> = fc.record({
  tag: fc.constant("AAA"),
  id: text22,
  createdMicros: fc.integer({ min: 0, max: 9_007_199_254_740_991 }),
  lastAccessedAt: time,
  idleTimeout: fc.integer({ min: 10, max: 86_400_000_000 }),
  slack: fc.integer({ min: 0, max: 86_400_000 }),
  absoluteDeadline: time,
  version: fc.integer({ min: 1, max: 999_999_999 }),
  operations: fc.oneof(fc.constant(NO_OPERATIONS), text24),
  verifier: text22,
  previous: fc.option(fc.record({ verifier: text22, until: time })),
  authenticatedAt: fc.option(time),
  fixed: fc.record({
    userId: fc.option(userText),
    pendingUserId: fc.option(userText),
    impersonatorId: fc.option(userText),
    impersonatorSessionId: fc.option(fc.constant("AAA.abcdefghijklmnopqrstuv")),
    persistent: fc.boolean(),
    device: fc
      .record(
        { ip: fc.string({ maxLength: 40 }), userAgent: fc.string({ unit: "binary", maxLength: 99 }), label: fc.constant('"body":["') },
        { requiredKeys: [] },
      )
      .map((device) => JSON.stringify(device)),
  }),
  body: fc.record({ schemaVersion: fc.integer({ min: 1, max: 65_535 }), attributes }),
})

describe("a stored record", () => {
  it("keeps what a later release wrote among the fields that never change, to the letter", () => {
    const { record } = storedSession()
    const stored = `${encodeFixed(record.fixed)}"later":{"why":["a field of the next release"]},`
    const text = encodeRecord({ ...record, fixed: { ...record.fixed, stored } })
    const read = decodeRecord(record, text)
    expect(read.fixed.userId).toBe(record.fixed.userId)
    expect(encodeRecord(read)).toBe(text)
    expect(encodeRecord({ ...read, body: { ...read.body, attributes: '{"n":1}' } })).toContain(stored)
  })

  it("is read back as it was written, whatever is in it", () => {
    fc.assert(
      fc.property(records, (record) => {
        const read = decodeRecord(record, encodeRecord(record))
        const { stored, ...fixed } = read.fixed
        expect({ ...read, fixed }).toEqual(record)
        expect(encodeRecord(read)).toBe(encodeRecord({ ...read, fixed }))
        expect(encodeRecord(read)).toContain(stored)
      }),
      { numRuns: 500 },
    )
  })

  it("is refused when a bit of what never changes is flipped, so that nobody gets the session of somebody else", () => {
    const { record } = storedSession({ previous: { verifier: "p".repeat(22), until: 1_900_000_000_000 } })
    const text = encodeRecord({ ...record, fixed: { ...record.fixed, impersonatorId: "eve", device: '{"label":"Laptop"}' } })
    const [from, to] = [text.indexOf('"userId"'), text.indexOf('"body"')]
    for (let at = from; at < to; at++) {
      for (let bit = 0; bit < 7; bit++) {
        const damaged = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1)
        expect(() => decodeRecord(record, damaged)).toThrow(expect.objectContaining({ code: "ERR_SESSION_CORRUPT" }))
      }
    }
  })

  it("is JSON that anybody can read", () => {
    fc.assert(
      fc.property(records, (record) => {
        const plain = JSON.parse(encodeRecord(record)) as { body: unknown[]; head: unknown[]; userId?: unknown; lastAccessedAt: unknown }
        expect(JSON.stringify(plain.body[2])).toBe(JSON.stringify(JSON.parse(record.body.attributes)))
        expect(plain.lastAccessedAt).toBe(record.lastAccessedAt)
        expect(plain.userId).toBe(record.fixed.userId ?? undefined)
        expect(plain.head).toEqual([
          record.idleTimeout,
          record.slack,
          1,
          record.version,
          record.absoluteDeadline,
          record.createdMicros,
          record.operations,
          record.verifier,
          record.authenticatedAt,
        ])
      }),
    )
  })

  it("has its fields where the scripts look for them", () => {
    fc.assert(
      fc.property(records, (record) => {
        const text = encodeRecord(record)
        const at = (from: number, to: number): string => text.slice(from - 1, to)
        expect(at(1, 18)).toBe('{"lastAccessedAt":')
        expect([at(19, 31), at(41, 51), at(53, 60), at(64, 72), at(74, 86), at(88, 103)].map(Number)).toEqual([
          record.lastAccessedAt,
          record.idleTimeout,
          record.slack,
          record.version,
          record.absoluteDeadline,
          record.createdMicros,
        ])
        expect([at(62, 62), at(106, 129), at(133, 154)]).toEqual(["1", record.operations, record.verifier])
        expect(at(172, 183) === '"previous":"').toBe(record.previous !== null)
        if (record.previous !== null) expect([at(184, 205), Number(at(216, 228))]).toEqual([record.previous.verifier, record.previous.until])
        expect(JSON.parse(at(157, 169))).toBe(record.authenticatedAt)
        const fixed = record.previous === null ? 172 : 230
        expect(text.slice(fixed - 1).startsWith(encodeFixed(record.fixed))).toBe(true)
        expect(text.slice(text.indexOf('"body":["'))).toBe(encodeBody(record.body, encodeFixed(record.fixed)))
      }),
    )
  })

  it("is read as far as its body as deletions see it", () => {
    fc.assert(
      fc.property(records, (record) => {
        const { body: _body, ...rest } = record
        const text = encodeRecord(record)
        const { fixed, ...read } = decodePrefix(record, text.slice(0, text.indexOf('"body":["')))
        expect({ ...read, fixed: { ...fixed, stored: undefined } }).toEqual(rest)
      }),
    )
  })

  it("costs 171 bytes beside what its caller writes", () => {
    const text = encodeRecord(storedSession({ authenticatedAt: null }, null).record)
    expect(text.indexOf('"body"')).toBe(171)
  })
})

describe("a record that is none", () => {
  const { record } = storedSession({}, "ada")
  const good = encodeRecord(record)

  function refuses(text: string): SessionError {
    try {
      decodeRecord(record, text)
    } catch (error) {
      if (SessionError.is(error, "ERR_SESSION_CORRUPT")) return error
      throw error
    }
    return expect.fail(`Expected ERR_SESSION_CORRUPT for ${text.slice(0, 200)}`)
  }

  it.each(["", "x", "{}", "null", "[]", '{"cookie":{}}', "\u0000".repeat(300), "�".repeat(300)])("is refused: %j", (text) => {
    refuses(text)
  })

  it("is refused wherever it is cut off", () => {
    for (let length = 0; length < good.length; length += 1) refuses(good.slice(0, length))
  })

  it("is refused when anything that the caller wrote is changed", () => {
    const from = good.indexOf('"body":["')
    fc.assert(
      fc.property(fc.integer({ min: from, max: good.length - 1 }), fc.string({ minLength: 1, maxLength: 1 }), (at, letter) => {
        if (letter !== good[at]) refuses(good.slice(0, at) + letter + good.slice(at + 1))
      }),
      { numRuns: 500 },
    )
  })

  it("gives either an error or a record whose numbers are numbers, whichever bit is flipped", () => {
    for (let at = 0; at < good.length; at += 1) {
      for (let bit = 0; bit < 7; bit += 1) {
        const flipped = good.slice(0, at) + String.fromCharCode(good.charCodeAt(at) ^ (1 << bit)) + good.slice(at + 1)
        let read: SessionRecord
        try {
          read = decodeRecord(record, flipped)
        } catch (error) {
          if (!SessionError.is(error, "ERR_SESSION_CORRUPT")) throw error
          continue
        }
        expect(read.body).toEqual(record.body)
        for (const number of [
          read.lastAccessedAt,
          read.idleTimeout,
          read.slack,
          read.version,
          read.absoluteDeadline,
          read.createdMicros,
          read.authenticatedAt ?? 0,
        ]) {
          expect(Number.isSafeInteger(number), `bit ${bit} of byte ${at}: ${flipped.slice(Math.max(0, at - 12), at + 12)}`).toBe(true)
        }
      }
    }
  })

  it("is refused when a number of its head is written in another way than scripts write it", () => {
    for (const text of ["1e3", "1.5", "-7", "+7", "0x7"]) refuses(good.slice(0, 40) + text.padStart(11) + good.slice(51))
    for (const field of ['"head":null', '"head":[]', '"previous":7']) refuses(good.replace('"userId"', `${field},"userId"`))
  })

  it("of a layout of the future names the layout, and nothing of what is stored", () => {
    const future = `${good.slice(0, 61)}2${good.slice(62)}`
    expect(refuses(future).message).toContain("layout 2")
    for (const text of [future, good.slice(0, -5), `hidden-value${good}`]) expect(refuses(text).message).not.toMatch(/hidden-value|ada|dark/)
  })

  it("is refused when its body lies further back than scripts look", () => {
    const start = good.indexOf('"body":["')
    const far = `${good.slice(0, start)}"device":{"label":"${"x".repeat(4_000)}"},${good.slice(start)}`
    refuses(far)
  })
})
