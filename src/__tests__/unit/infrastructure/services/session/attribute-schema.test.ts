import { type } from "arktype"
import * as v from "valibot"
import { describe, expect, it } from "vitest"
import { z } from "zod"
import { SessionError, type SessionErrorCode } from "../../../../../domain/errors.js"
import { AttributeSchema } from "../../../../../infrastructure/services/session/attribute-schema.js"
import { resolveSettings, type SessionOptions } from "../../../../../infrastructure/services/session/session-settings.js"
import { UnexpectedValue } from "../../../../../shared/assertions.js"

const schemaOf = (options: SessionOptions): AttributeSchema => new AttributeSchema(resolveSettings(options))
const PERSON = z.object({ email: z.string().toLowerCase(), roles: z.array(z.string()).default(["member"]), visits: z.coerce.number().default(0) })
const stored = (attributes: object, schemaVersion = 1): { readonly schemaVersion: number; readonly attributes: string } => ({
  schemaVersion,
  attributes: JSON.stringify(attributes),
})

async function rejects(code: SessionErrorCode, work: () => unknown): Promise<SessionError> {
  try {
    await work()
  } catch (error) {
    if (SessionError.is(error, code)) return error
    throw error
  }
  return expect.fail(`Expected ${code}`)
}

describe("attributes on the way in", () => {
  it("without a schema are any JSON object", async () => {
    const schema = schemaOf({})
    expect(await schema.create({})).toEqual(stored({}))
    expect(await schema.create({ a: [{ b: null }], c: undefined })).toEqual(stored({ a: [{ b: null }] }))
    for (const value of [undefined, null, [], "x", 5]) await expect(schema.create(value)).rejects.toBeInstanceOf(UnexpectedValue)
  })

  it.each([
    ["zod", PERSON],
    [
      "valibot",
      v.object({ email: v.pipe(v.string(), v.toLowerCase()), roles: v.optional(v.array(v.string()), ["member"]), visits: v.optional(v.number(), 0) }),
    ],
    ["arktype", type({ email: "string.lower", roles: type("string[]").default(() => ["member"]), visits: "number = 0" })],
  ])("get the defaults and transforms of %s", async (_library, library) => {
    expect(JSON.parse((await schemaOf({ schema: library }).create({ email: "A@B.C" })).attributes)).toEqual({ email: "a@b.c", roles: ["member"], visits: 0 })
  })

  it("that do not fit are refused by the name of the attribute, never by its value", async () => {
    const schema = schemaOf({ schema: PERSON })
    await expect(schema.create({ email: 5 })).rejects.toThrow(/at "email"/)
    await expect(schema.create({ email: "a", roles: ["ok", { "hidden-value": 1 }] })).rejects.toThrow(/^(?!.*hidden)/)
    await expect(schema.create({})).rejects.toBeInstanceOf(UnexpectedValue)
  })

  it("whose key is data of the user are refused without it", async () => {
    const byAddress = schemaOf({ schema: z.record(z.string(), z.number()) })
    await expect(byAddress.create({ "hidden@example.org": "x" })).rejects.toThrow(/^(?!.*hidden)/)
  })

  it("of a schema whose output is not JSON are refused", async () => {
    await expect(schemaOf({ schema: z.object({ at: z.string().transform((text) => new Date(text)) }) }).create({ at: "2026-01-01" })).rejects.toBeInstanceOf(
      UnexpectedValue,
    )
  })

  it("may be checked asynchronously", async () => {
    const schema = schemaOf({ schema: z.object({ a: z.string().refine(async (text) => text === "ok") }) })
    expect(await schema.create({ a: "ok" })).toEqual(stored({ a: "ok" }))
    await expect(schema.create({ a: "no" })).rejects.toBeInstanceOf(UnexpectedValue)
  })

  it("may have 65 536 bytes and no more", async () => {
    const text = "x".repeat(65_536 - '{"t":""}'.length)
    expect((await schemaOf({}).create({ t: text })).attributes).toHaveLength(65_536)
    const error = await rejects("ERR_SESSION_TOO_LARGE", () => schemaOf({}).create({ t: `${text}x` }))
    expect(error.message).toContain("65537")
  })
})

describe("a change", () => {
  it("is merged, and the merged value is checked and given defaults", async () => {
    const schema = schemaOf({ schema: PERSON })
    const before = stored({ email: "a@b.c", roles: ["admin"], visits: 3 })
    const { attributes } = await schema.change(before, { patch: { visits: "4" }, unset: ["roles"] })
    expect(JSON.parse(attributes)).toEqual({ email: "a@b.c", visits: 4, roles: ["member"] })
    await expect(schema.change(before, { patch: {}, unset: ["email"] })).rejects.toBeInstanceOf(UnexpectedValue)
  })

  it("is refused where it makes the values more than 20 000, each in its own bounds", async () => {
    const ones = (length: number): readonly number[] => Array.from({ length }, () => 1)
    const schema = schemaOf({})
    const before = await schema.create({ first: ones(15_000) })
    const change = { patch: { second: ones(15_000) }, unset: [] }
    await expect(schema.change(before, change)).rejects.toThrow("20000 values")
    await expect(schema.change(before, change)).rejects.toBeInstanceOf(UnexpectedValue)
    // Each list is a value too.
    await expect(schema.change(before, { patch: { second: ones(4_999) }, unset: [] })).rejects.toBeInstanceOf(UnexpectedValue)
    const { attributes } = await schema.change(before, { patch: { second: ones(4_998) }, unset: [] })
    expect(JSON.parse(attributes).second).toHaveLength(4_998)
    expect(await schema.change(before, { ...change, unset: ["first"] })).toEqual(stored({ second: ones(15_000) }))
  })

  it("by a function gets a copy of its own, and may change and return it", async () => {
    const before = stored({ cart: ["a"] })
    const apply = (own: { cart: string[] }): unknown => {
      own.cart.push("b")
      return own
    }
    expect(await schemaOf({}).change(before, { apply: apply as never, unset: [] })).toEqual(stored({ cart: ["a", "b"] }))
    expect(before).toEqual(stored({ cart: ["a"] }))
  })

  it.each([undefined, null, 5, "x", [], async () => ({})])("by a function that returns %o is refused", async (returned) => {
    const apply = (): unknown => (typeof returned === "function" ? returned() : returned)
    await expect(schemaOf({}).change(stored({}), { apply: apply as never, unset: [] })).rejects.toBeInstanceOf(UnexpectedValue)
  })

  it("by a function that throws rejects with what it threw", async () => {
    const apply = (): never => {
      throw new RangeError("mine")
    }
    await expect(schemaOf({}).change(stored({}), { apply, unset: [] })).rejects.toThrow(new RangeError("mine"))
  })
})

describe("attributes on the way out", () => {
  it("are a copy of the caller's own", async () => {
    const schema = schemaOf({})
    const body = stored({ list: [1] })
    const one = (await schema.read(body)) as { list: number[] }
    one.list.push(2)
    expect(await schema.read(body)).toEqual({ list: [1] })
  })

  it("of an older version are upgraded, checked, and given defaults", async () => {
    const upgrade = (old: unknown, from: number): unknown => ({ email: (old as { mail: string }).mail, visits: from })
    expect(await schemaOf({ schema: PERSON, schemaVersion: 3, upgrade }).read(stored({ mail: "a@b.c" }, 2))).toEqual({
      email: "a@b.c",
      visits: 2,
      roles: ["member"],
    })
  })

  it("of an older version without upgrade have to fit as they are", async () => {
    expect(await schemaOf({ schema: PERSON, schemaVersion: 2 }).read(stored({ email: "a" }))).toEqual({ email: "a", visits: 0, roles: ["member"] })
    await rejects("ERR_SESSION_CORRUPT", () => schemaOf({ schema: PERSON, schemaVersion: 2 }).read(stored({ mail: "a" })))
  })

  it.each<[string, (old: unknown) => unknown]>([
    [
      "throws",
      () => {
        throw new Error("hidden-value")
      },
    ],
    ["returns nothing", () => undefined],
    ["returns what is not JSON", () => ({ at: new Date() })],
    ["returns a key __proto__", () => JSON.parse('{"__proto__":{"polluted":1}}')],
    ["returns a key constructor deep inside", () => ({ a: [{ constructor: { prototype: 1 } }] })],
  ])("of an upgrade that %s are corrupt, and nothing of them is told", async (_what, upgrade) => {
    const error = await rejects("ERR_SESSION_CORRUPT", () => schemaOf({ schemaVersion: 2, upgrade }).read(stored({ a: "hidden-value" })))
    expect(`${error.message}${error.stack}`).not.toContain("hidden-value")
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it("of a newer version, or no JSON, are corrupt", async () => {
    await rejects("ERR_SESSION_CORRUPT", () => schemaOf({ schemaVersion: 2 }).read(stored({}, 3)))
    await rejects("ERR_SESSION_CORRUPT", () => schemaOf({}).read({ schemaVersion: 1, attributes: "{x" }))
  })
})
