import { createClient } from "@redis/client"
import Database from "libsql"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { IssuedSession, SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import { CACHE_KEYS_PATTERNS } from "../../shared/constants.js"
import { type EveryStore, openEveryStore } from "../support/every-store.js"
import { sharedServer } from "../support/servers.js"
import { MARKER, type Outcome, outcomeOf } from "./refusals.js"

const NAMES = ["redis", "sqlite"] as const
const FLIPS = 200

let stores: EveryStore
let redis: ReturnType<typeof createClient>
let file: InstanceType<typeof Database>

beforeAll(async () => {
  stores = await openEveryStore()
  redis = createClient({ url: sharedServer("redis").url })
  redis.on("error", () => undefined)
  await redis.connect()
  file = new Database(stores.sqliteFile)
})
afterAll(async () => {
  redis.destroy()
  file.close()
  await stores.close()
})

const keyOf = (sessionId: string): string => stores.keyPrefix + CACHE_KEYS_PATTERNS.SESSION(sessionId.slice(0, 3), sessionId.slice(4))

/** Reads and writes stored records past the library. */
const RAW = {
  redis: {
    read: async (id: string) => (await redis.get(keyOf(id))) ?? "",
    write: async (id: string, text: string) => void (await redis.set(keyOf(id), text, { expiration: "KEEPTTL" })),
  },
  sqlite: {
    read: async (id: string) => (file.prepare("SELECT record FROM sessions WHERE handle = ?").all([id])[0] as { record: string }).record,
    write: async (id: string, text: string) => void file.prepare("UPDATE sessions SET record = ? WHERE handle = ?").run([text, id]),
  },
} as const

const CORRUPT: Outcome = { kind: "refused", code: "ERR_SESSION_CORRUPT" }
const CODES = ["ERR_SESSION_CORRUPT"] as const

const GARBAGE: Readonly<Record<string, (good: string) => string>> = {
  "an empty value": () => "",
  "a value of another program": () => `{"cookie":{"originalMaxAge":1},"user":"${MARKER}"}`,
  "plain text": () => MARKER,
  null: () => "null",
  "a list": () => "[]",
  binary: () => "\u0000\u0001\u00ff".repeat(100),
  "a huge value": () => MARKER.repeat(200_000),
  "a head alone": (good) => good.slice(0, 171),
  "a head that is cut": (good) => good.slice(0, 100),
  "no body": (good) => good.slice(0, good.indexOf('"body"')),
  "a body that is cut": (good) => good.slice(0, -4),
  "something behind the end": (good) => `${good}x`,
  "another checksum": (good) => good.replace(/"body":\["[0-9a-f]{8}"/, '"body":["00000000"'),
  "another attribute": (good) => good.replace('"n":1', '"n":2'),
  "another schema version": (good) => good.replace(/(\["[0-9a-f]{8}"),1,/, "$1,2,"),
  "a key twice": (good) => good.replace('"n":1', '"n":1,"n":2'),
  "a layout of the future": (good) => `${good.slice(0, 61)}2${good.slice(62)}`,
  "a layout that is no number": (good) => `${good.slice(0, 61)}x${good.slice(62)}`,
  "a prototype in the fixed part": (good) => good.replace('"userId"', '"__proto__":{"polluted":1},"userid"'),
  "letters for a time": (good) => `${good.slice(0, 18)}xxxxxxxxxxxxx${good.slice(31)}`,
}

describe.each(NAMES)("on %s", (name) => {
  let bad: IssuedSession<SessionAttributes>
  let good: IssuedSession<SessionAttributes>
  const service = () => stores.services[name]

  beforeEach(async () => {
    await service().deleteUserSessions("ada")
    good = await service().createSession({ userId: "ada", attributes: { n: 1 } })
    bad = await service().createSession({ userId: "ada", attributes: { n: 1 } })
  })

  it.each(Object.entries(GARBAGE))("%s is that session's error alone; the others live on, and it can be ended", async (_what, spoil) => {
    await RAW[name].write(bad.session.sessionId, spoil(await RAW[name].read(bad.session.sessionId)))
    expect(await outcomeOf(() => service().getSession(bad.token), CODES)).toEqual(CORRUPT)
    expect(await outcomeOf(() => service().updateSession(bad.token, { a: 1 }), CODES)).toEqual(CORRUPT)
    for (const call of [() => service().extendSession(bad.token), () => service().rotateSession(bad.token)]) {
      const outcome = await outcomeOf(call, CODES)
      expect(outcome.kind === "answered" || outcome.kind === "refused", JSON.stringify(outcome)).toBe(true)
    }
    expect((await service().getSession(good.token))?.attributes).toEqual({ n: 1 })
    expect((await service().getUserSessions("ada")).sessions.map((session) => session.sessionId)).toContain(good.session.sessionId)
    const report = await service().cleanupExpiredSessions({ maxPerSecond: 10_000_000 })
    expect(report.live).toBeGreaterThan(0)
    expect(await service().deleteUserSessions("ada")).toBe(2)
    expect(await service().getSession(good.token)).toBeNull()
    expect(await service().getSession(bad.token)).toBeNull()
  })

  it(`one bit flipped, ${FLIPS} times: an error, or the attributes as they were; never an error of another kind, never a date that is none`, async () => {
    const whole = await RAW[name].read(bad.session.sessionId)
    const seen = { errors: 0, answers: 0 }
    const wrong: string[] = []
    for (let n = 0; n < FLIPS; n += 1) {
      const at = Math.floor((n * whole.length) / FLIPS)
      const flipped = whole.slice(0, at) + String.fromCharCode(whole.charCodeAt(at) ^ (1 << (n % 7))) + whole.slice(at + 1)
      await RAW[name].write(bad.session.sessionId, flipped)
      const outcome = await outcomeOf(() => service().getSession(bad.token, { touch: false }), CODES)
      seen[outcome.kind === "refused" ? "errors" : "answers"] += 1
      if (outcome.kind === "breach") wrong.push(`bit ${n % 7} of byte ${at}: ${outcome.what}`)
      if (outcome.kind !== "answered" || outcome.value === null) continue
      const session = outcome.value as IssuedSession<SessionAttributes>["session"]
      if (JSON.stringify(session.attributes) !== '{"n":1}') wrong.push(`bit ${n % 7} of byte ${at}: other attributes`)
      for (const date of [session.createdAt, session.lastAccessedAt, session.expiresAt, session.absoluteExpiresAt]) {
        if (Number.isNaN(date.getTime())) wrong.push(`bit ${n % 7} of byte ${at}: a date that is none`)
      }
    }
    expect(wrong).toEqual([])
    expect(Math.min(seen.errors, seen.answers)).toBeGreaterThan(0)
    expect((await service().getSession(good.token))?.attributes).toEqual({ n: 1 })
    expect(await service().deleteUserSessions("ada")).toBe(2)
  })
})

describe("on redis", () => {
  it("a key of another type is that session's error alone, and can be ended", async () => {
    const service = stores.services.redis
    await service.deleteUserSessions("eve")
    const good = await service.createSession({ userId: "eve" })
    const bad = await service.createSession({ userId: "eve" })
    await redis.del(keyOf(bad.session.sessionId))
    await redis.rPush(keyOf(bad.session.sessionId), MARKER)
    // Among other keys such a one reads like one that is missing; alone it may be told.
    const alone = await outcomeOf(() => service.getSession(bad.token), CODES)
    expect([CORRUPT, { kind: "answered", value: null }]).toContainEqual(alone)
    expect(await outcomeOf(() => service.extendSession(bad.token), CODES)).toEqual(CORRUPT)
    const [together, alive] = await Promise.all([outcomeOf(() => service.getSession(bad.token), CODES), service.getSession(good.token)])
    expect(together.kind).not.toBe("breach")
    expect(alive).not.toBeNull()
    expect(await service.deleteUserSessions("eve")).toBe(2)
  })

  it("foreign keys under the prefix are left alone by cleanup and by signing out thoroughly", async () => {
    const service = stores.services.redis
    const { session } = await service.createSession({ userId: "mia" })
    const tag = session.sessionId.slice(0, 3)
    const foreign = [`session:{${tag}}.notes`, `session:{${tag}}.${"A".repeat(22)}x`, `user_sessions:{${tag}}:x`, "my_session_of:{x}"].map(
      (key) => stores.keyPrefix + key,
    )
    for (const key of foreign) await redis.set(key, MARKER)
    await service.cleanupExpiredSessions({ maxPerSecond: 10_000_000 })
    expect(await service.deleteUserSessions("mia", { thorough: true })).toBe(1)
    for (const key of foreign) expect(await redis.get(key)).toBe(MARKER)
    await redis.del(foreign)
  })
})
