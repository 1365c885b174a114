import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SessionError } from "../../domain/errors.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { type HookedService, hookedService, indexKeyOf, type RawClient, randomPrefix, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

const HEAD_LENGTH = 171
/** Where each field of the head begins, and how wide it is. */
const HEAD = {
  lastAccessedAt: [18, 13],
  idle: [40, 11],
  slack: [52, 8],
  layout: [61, 1],
  version: [63, 9],
  absolute: [73, 13],
  created: [87, 16],
  operations: [105, 24],
  verifier: [132, 22],
  authenticated: [156, 13],
} as const
const HEAD_FORM = /^\{"lastAccessedAt":[ \d]{13},"head":\[[ \d]{11},[ \d]{8},1,[ \d]{9},[ \d]{13},[ \d]{16},"[\w-]{24}","[\w-]{22}",(?:[ \d]{13}| {9}null)\],$/

describe.each(SERVER_KINDS)("a stored session on %s", (kind) => {
  const keyPrefix = randomPrefix()
  let made: HookedService
  let raw: RawClient
  beforeAll(async () => {
    const { url } = sharedServer(kind)
    made = await hookedService(url, { keyPrefix, touchInterval: 0 })
    raw = await rawClient(url)
  })
  afterAll(async () => {
    await made.service.close()
    raw.close()
  })

  const field = (text: string, name: keyof typeof HEAD): string => text.slice(HEAD[name][0], HEAD[name][0] + HEAD[name][1])

  /** Reads a record as anybody with redis-cli sees it, and checks what holds at any moment. */
  async function look(sessionId: string) {
    const text = (await raw.get(sessionKeyOf(keyPrefix, sessionId))) ?? ""
    expect(text.slice(0, HEAD_LENGTH)).toMatch(HEAD_FORM)
    const record = JSON.parse(text)
    const { head, body } = record
    expect(head).toHaveLength(9)
    expect(head.map(String)).toEqual([
      ...(["idle", "slack", "layout", "version", "absolute", "created"] as const).map((name) => field(text, name).trim()),
      field(text, "operations"),
      field(text, "verifier"),
      field(text, "authenticated").trim(),
    ])
    expect(record.lastAccessedAt).toBe(Number(field(text, "lastAccessedAt")))
    expect(body[0]).toMatch(/^[0-9a-f]{8}$/)
    return { ...record, authenticatedAt: head[8], attributes: body[2] }
  }

  it("is valid JSON with a head of 171 bytes after each operation", async () => {
    const { service } = made
    const device = { ip: "203.0.113.7", userAgent: 'quotes " and \\ and "body":["', label: "é☃\u2028😀" }
    const { token, session } = await service.createSession({ userId: "moments", attributes: { cart: [], empty: {} }, device, persistent: true })
    const created = await look(session.sessionId)
    expect(created).toMatchObject({ userId: "moments", device, persistent: true, attributes: { cart: [], empty: {} } })
    expect(Object.keys(created)).toEqual(["lastAccessedAt", "head", "userId", "persistent", "device", "body", "authenticatedAt", "attributes"])
    expect(created.authenticatedAt).toBe(session.authenticatedAt?.getTime())

    await raw.send("SETRANGE", sessionKeyOf(keyPrefix, session.sessionId), 18, String(created.lastAccessedAt - 60_000))
    await service.getSession(token)
    const touched = await look(session.sessionId)
    expect(touched.lastAccessedAt).toBeGreaterThanOrEqual(created.lastAccessedAt)
    expect({ ...touched, lastAccessedAt: 0 }).toEqual({ ...created, lastAccessedAt: 0 })

    await service.updateSession(token, { cart: [1] })
    expect(await look(session.sessionId)).toMatchObject({ attributes: { cart: [1], empty: {} }, device })
    await service.extendSession(token, "1000d")
    expect((await look(session.sessionId)).head.slice(0, 2)).toEqual([86_400_000_000, 0])

    const rotated = await service.rotateSession(token, { grace: "150ms" })
    const inGrace = await look(session.sessionId)
    expect(inGrace.previous).toBe(created.head[7])
    expect(inGrace.until).toBe(inGrace.lastAccessedAt + 150)
    await service.updateSession(token, { grace: true })
    expect(await look(session.sessionId)).toMatchObject({ previous: created.head[7], until: inGrace.until, attributes: { grace: true } })
    await service.extendSession(rotated?.token ?? "", "1h")
    expect(await look(session.sessionId)).toMatchObject({ previous: created.head[7], attributes: { grace: true } })
    while ((await raw.now()) <= inGrace.until) await pause(10)
    expect(await look(session.sessionId)).toHaveProperty("previous")
    await service.getSession(rotated?.token)
    await look(session.sessionId)
    await service.updateSession(rotated?.token ?? "", { grace: false })
    expect(await look(session.sessionId)).not.toHaveProperty("previous")

    const again = await service.rotateSession(rotated?.token ?? "", { reauthenticated: true })
    const reauthenticated = await look(session.sessionId)
    expect(reauthenticated.authenticatedAt).toBe(reauthenticated.lastAccessedAt)
    expect(reauthenticated).not.toHaveProperty("previous")
    await service.rotateSession(again?.token ?? "", { changes: { role: "admin" } })
    const last = await look(session.sessionId)
    expect(last).toMatchObject({ device, persistent: true, userId: "moments", attributes: { cart: [1], empty: {}, grace: false, role: "admin" } })
    expect(last.head[3]).toBe(5)
  })

  it.each([
    { name: "a guest's", options: {}, keys: [] },
    { name: "a pending", options: { pendingUserId: "p" }, keys: ["pendingUserId"] },
    { name: "an impersonated", options: { userId: "u", impersonatorId: "i" }, keys: ["userId", "impersonatorId"] },
  ])("$name session holds what it needs and no more", async ({ options, keys }) => {
    const { session } = await made.service.createSession(options)
    const record = await look(session.sessionId)
    expect(Object.keys(record)).toEqual(["lastAccessedAt", "head", ...keys, "body", "authenticatedAt", "attributes"])
    expect(record.authenticatedAt).toBeNull()
  })

  const BODIES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "the body's own marker": { text: '"body":["', more: ['"body":["00000000",1,{', '\\"body":["'], '"body":["': '"body":["' },
    "lists and objects that are empty": { list: [], object: {}, nested: [[], {}, [{}], { a: [] }] },
    "numbers at their limits": {
      most: 2 ** 53 - 1,
      least: -(2 ** 53 - 1),
      small: 5e-324,
      large: 1.7976931348623157e308,
      tenth: 0.1,
      big: 1e21,
      exact: 1_795_530_184_610_305,
    },
    "all of unicode": { ключ: "é☃😀\u2028\u2029\u0000\u001f\u007f\ufeff", long: "😀".repeat(2_000) },
    "lone surrogates": { high: "\ud800", low: "\udc00", turned: "\udc00\ud800" },
    "null, false and nothing": { none: null, no: false, zero: 0, empty: "" },
    "what looks like the head": { lastAccessedAt: 1, head: [1, 2], previous: '"previous":"', until: 5, userId: "other", authenticatedAt: 0 },
    "no attributes": {},
  }

  it.each(Object.keys(BODIES))("%s come back as they were, whatever is done to the session", async (name) => {
    const attributes = BODIES[name] ?? {}
    const { service } = made
    const { token, session } = await service.createSession({ userId: `body ${name}`, attributes })
    expect(session.attributes).toEqual(attributes)
    const expectSame = async (current: string, more: object): Promise<void> => {
      const found = await service.getSession(current)
      expect(JSON.stringify(found?.attributes)).toBe(JSON.stringify({ ...attributes, ...more }))
      expect((await look(session.sessionId)).attributes).toEqual({ ...attributes, ...more })
    }
    await expectSame(token, {})
    await service.extendSession(token, "1h")
    await expectSame(token, {})
    await service.updateSession(token, { x: [] })
    await expectSame(token, { x: [] })
    const rotated = await service.rotateSession(token)
    await expectSame(rotated?.token ?? "", { x: [] })
    const again = await service.rotateSession(rotated?.token ?? "", { changes: { x: {} } })
    await expectSame(again?.token ?? "", { x: {} })
    await service.updateSession(again?.token ?? "", attributes)
    await expectSame(again?.token ?? "", { x: {} })
    expect((await service.getUserSessions(`body ${name}`)).sessions[0]?.attributes).toEqual({ ...attributes, x: {} })
    expect(await service.deleteSession(again?.token)).toBe(true)
  })

  it.each([
    { name: "plain text", character: "x" },
    { name: "quotes", character: '"' },
    { name: "snowmen", character: "☃" },
    { name: "control characters", character: "\u0001" },
  ])("the longest user ids and device that are accepted, of $name, leave the body within reach of the scripts", async ({ character }) => {
    const { service } = made
    const accepted = async (make: (length: number) => Promise<unknown>): Promise<number> => {
      for (let length = 512; length > 0; length -= 1) {
        const refused = await make(length).then(
          () => false,
          (error: unknown) => SessionError.is(error, "ERR_INVALID_ARGUMENT"),
        )
        if (!refused) return length
      }
      throw new Error("Expected some length to be accepted")
    }
    const text = (length: number): string => character.repeat(length)
    const id = await accepted((length) => service.createSession({ userId: text(length) }))
    const ip = await accepted((length) => service.createSession({ device: { ip: text(length) } }))
    const userAgent = await accepted((length) => service.createSession({ device: { userAgent: text(length) } }))
    const label = await accepted((length) => service.createSession({ device: { label: text(length) } }))

    const options = {
      userId: text(id),
      impersonatorId: text(id),
      impersonatorSessionId: `AAA.${"A".repeat(22)}`,
      device: { ip: text(ip), userAgent: text(userAgent), label: text(label) },
      persistent: true,
      attributes: { a: 1 },
    }
    const { token, session } = await service.createSession(options)
    const rotated = await service.rotateSession(token, { grace: "10s" })
    const stored = Buffer.from((await raw.get(sessionKeyOf(keyPrefix, session.sessionId))) ?? "")
    expect(stored.indexOf('"body":["')).toBeGreaterThan(HEAD_LENGTH)
    expect(stored.indexOf('"body":["')).toBeLessThan(4_096 - 9)
    expect((await service.updateSession(token, { a: 2 }))?.attributes).toEqual({ a: 2 })
    expect((await service.rotateSession(rotated?.token ?? "", { changes: { a: 3 } }))?.session).toMatchObject({
      attributes: { a: 3 },
      device: options.device,
      userId: options.userId,
    })
    expect(await service.deleteUserSession(options.userId, session.sessionId)).toBe(true)
  })

  it("no byte of a user id gets into a key, and nobody else's list is named", async () => {
    const userId = "{curly} user:*?[a]"
    const { session } = await made.service.createSession({ userId })
    const keys = (await raw.keys(`${keyPrefix}*`)).filter((key) => key.includes(session.sessionId.slice(4)) || key === indexKeyOf(keyPrefix, userId))
    expect(keys.sort()).toEqual([sessionKeyOf(keyPrefix, session.sessionId), indexKeyOf(keyPrefix, userId)].sort())
    for (const key of await raw.keys(`${keyPrefix}*`))
      expect(key.slice(keyPrefix.length)).toMatch(/^(session:\{[\w-]{3}\}\.[\w-]{22}|user_sessions:\{[\w-]{3}\}:[\w-]{22})$/)
  })
})
