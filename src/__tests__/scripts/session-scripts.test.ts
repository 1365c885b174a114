import { createClient } from "redis"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { IRedisService } from "../../domain/interfaces/redis/IRedisService.js"
import { NO_OPERATIONS, type SessionRecord } from "../../domain/session/record.js"
import type { Handle } from "../../domain/session/ticket.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { ServerClock } from "../../infrastructure/redis/reads/server-clock.js"
import { type CreatePage, createTerms, DueHeal, FIRST_PAGE, SessionScripts, type Touched } from "../../infrastructure/redis/scripts/session-scripts.js"
import { SessionKeys } from "../../infrastructure/redis/session-keys.js"
import { Background } from "../../infrastructure/redis/upkeep/background.js"
import { LIST_MEMORY_MICROS } from "../../infrastructure/redis/upkeep/list-memory.js"
import { newSecret, newSessionId, userKey } from "../../infrastructure/services/session/randomness.js"
import { decodePrefix, decodeRecord, encodeBody, encodeFixed, encodeRecord } from "../../infrastructure/services/session/record-json.js"
import { createVerifiers } from "../../infrastructure/services/session/verifiers.js"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"

const verifiers = createVerifiers(undefined)
const place = userKey("ada")
const MEMORY_MS = LIST_MEMORY_MICROS / 1000
const fixed = { userId: "ada", pendingUserId: null, impersonatorId: null, impersonatorSessionId: null, persistent: false, device: "{}" } as const
const body = encodeBody({ schemaVersion: 1, attributes: '{"n":1}' }, encodeFixed(fixed))
/** A time limit that no copy of a call misses, in microseconds. */
const ANY_TIME = Number.MAX_SAFE_INTEGER
const newVerifier = (): string => verifiers.issue(newSecret())

/** The scripts themselves, on records that are written by hand: so each rule is met at the very moment at which it decides. */
describe.each(SERVER_KINDS)("scripts on %s", (kind) => {
  let server: TestServer
  let redis: IRedisService
  let raw: ReturnType<typeof createClient>
  let scripts: SessionScripts
  const keys = new SessionKeys("")
  const index = keys.index(place)

  beforeAll(async () => {
    server = await startServer({ kind })
    redis = await connectRedis(server.url, { timeoutMs: 5_000 })
    raw = createClient({ url: server.url })
    await raw.connect()
    scripts = new SessionScripts(redis, new ServerClock(redis, new Background()), 5_000)
  })

  afterAll(async () => {
    raw.destroy()
    await redis.close()
    await server.stop()
  })

  const serverMs = async (): Promise<number> => Math.floor((await redis.time()) / 1000)

  /** A record as it may lie in the store, and lies there afterwards. */
  async function put(change: Partial<SessionRecord> = {}, ttl = 60_000): Promise<{ record: SessionRecord; key: string; text: string }> {
    const now = await serverMs()
    const record: SessionRecord = {
      tag: place.tag,
      id: newSessionId(),
      createdMicros: (now - 60_000) * 1000,
      lastAccessedAt: now - 30_000,
      idleTimeout: 600_000,
      slack: 60_000,
      absoluteDeadline: now + 3_600_000,
      version: 7,
      operations: NO_OPERATIONS,
      verifier: newVerifier(),
      previous: null,
      authenticatedAt: now - 60_000,
      fixed,
      body: { schemaVersion: 1, attributes: '{"n":0}' },
      ...change,
    }
    const key = keys.session(record)
    const text = encodeRecord(record)
    await raw.set(key, text, { expiration: { type: "PX", value: ttl } })
    return { record, key, text }
  }

  const list = (id: string, ageMs: number): Promise<unknown> => redis.time().then((now) => raw.zAdd(index, { value: id, score: now - ageMs * 1000 }))
  const members = (): Promise<string[]> => raw.zRange(index, 0, -1)
  const forgetList = (): Promise<unknown> => raw.del(index)
  const stored = async (handle: Handle): Promise<SessionRecord> => decodeRecord(handle, (await raw.get(keys.session(handle))) ?? "")

  interface Creation extends CreatePage {
    readonly verifier: string
    readonly notAfterMicros: number
    readonly absolute: number
    readonly limit: number
  }

  async function create(id: string, change: Partial<Creation> = {}): ReturnType<SessionScripts["create"]> {
    const { verifier = newVerifier(), notAfterMicros = (await redis.time()) + 2_000_000, absolute = 3_600_000, limit = 0, ...page } = change
    const draft = { tag: place.tag, id, verifier, idleTimeout: 600_000, slack: 60_000, absoluteTimeout: absolute, authenticatedAt: "now" } as const
    const terms = createTerms(draft, true, LIST_MEMORY_MICROS, { max: limit, onLimit: "evict-oldest" })
    const due = { session: keys.session(draft), index, terms, notAfterMicros, verifier, fields: `"userId":"ada",${body}` }
    return scripts.create(due, { ...FIRST_PAGE, ...page }, {})
  }

  const touch = async (session: string, verifiers: readonly string[]): Promise<Touched | undefined> =>
    (await scripts.touches([{ session, index: null, verifiers }], LIST_MEMORY_MICROS, {}))[0]

  describe("a session past its absolute deadline that the server has not removed yet", () => {
    const steps: Record<string, (key: string, verifier: string) => Promise<{ readonly status: string } | undefined>> = {
      touch: (key, verifier) => touch(key, [verifier]),
      extend: (key, verifier) => scripts.extend(key, { notAfterMicros: ANY_TIME, idle: 900_000, touchInterval: 60_000, verifiers: [verifier] }, {}),
      update: (key, verifier) => scripts.update({ session: key, notAfterMicros: ANY_TIME, expected: 7, operation: "abcdef", body, verifiers: [verifier] }, {}),
      rotate: (key, verifier) =>
        scripts.rotate(key, { notAfterMicros: ANY_TIME, verifier: newVerifier(), grace: 0, reauthenticated: false, write: null, verifiers: [verifier] }, {}),
    }
    it.each(Object.keys(steps))("is missing for %s, which writes nothing", async (name) => {
      const { record, key, text } = await put({ absoluteDeadline: (await serverMs()) - 1_000 })
      expect(await steps[name]?.(key, record.verifier)).toMatchObject({ status: "MISSING" })
      expect(await raw.get(key)).toBe(text)
      expect(await raw.pTTL(key)).toBeGreaterThan(0)
    })
  })

  it("no step creates a record that is not there", async () => {
    const key = keys.session({ tag: place.tag, id: newSessionId() })
    const verifier = newVerifier()
    expect(await touch(key, [verifier])).toMatchObject({ status: "MISSING" })
    expect(await scripts.extend(key, { notAfterMicros: ANY_TIME, idle: null, touchInterval: 0, verifiers: [verifier] }, {})).toMatchObject({
      status: "MISSING",
    })
    expect(await scripts.update({ session: key, notAfterMicros: ANY_TIME, expected: 1, operation: "abcdef", body, verifiers: [verifier] }, {})).toMatchObject({
      status: "MISSING",
    })
    expect(
      await scripts.rotate(key, { notAfterMicros: ANY_TIME, verifier, grace: 0, reauthenticated: false, write: null, verifiers: [verifier] }, {}),
    ).toMatchObject({
      status: "MISSING",
    })
    expect(await scripts.delete({ session: key, owner: null, newest: null, version: null, verifiers: [verifier] }, {})).toMatchObject({ status: "MISSING" })
    expect(await raw.exists(key)).toBe(0)
  })

  it.each([
    ["JSON of somebody else", (text: string) => `{"other":1,"padding":"${"x".repeat(text.length)}"}`],
    ["another layout", (text: string) => `${text.slice(0, 61)}2${text.slice(62)}`],
    ["a head that is no number", (text: string) => `${text.slice(0, 63)}    x    ${text.slice(72)}`],
  ])("never writes into %s", async (_what, damage) => {
    const { record, key, text } = await put()
    const foreign = damage(text)
    await raw.set(key, foreign, { expiration: "KEEPTTL" })
    expect(await touch(key, [record.verifier])).toMatchObject({ status: "CORRUPT" })
    expect(await scripts.extend(key, { notAfterMicros: ANY_TIME, idle: 1_000, touchInterval: 0, verifiers: [record.verifier] }, {})).toMatchObject({
      status: "CORRUPT",
    })
    expect(await scripts.update({ session: key, notAfterMicros: ANY_TIME, expected: 7, operation: "abcdef", body, verifiers: [] }, {})).toMatchObject({
      status: "CORRUPT",
    })
    expect(
      await scripts.rotate(
        key,
        { notAfterMicros: ANY_TIME, verifier: newVerifier(), grace: 0, reauthenticated: false, write: null, verifiers: [record.verifier] },
        {},
      ),
    ).toMatchObject({ status: "CORRUPT" })
    expect(await raw.get(key)).toBe(foreign)
  })

  it("keeps a record until one millisecond before its absolute deadline", async () => {
    const { record, key } = await put({ absoluteDeadline: (await serverMs()) + 5_000 })
    await touch(key, [record.verifier])
    expect(await raw.pExpireTime(key)).toBe(record.absoluteDeadline - 1)
  })

  it("keeps a record for its own idle timeout and its own slack", async () => {
    const { record, key } = await put({ idleTimeout: 100_000, slack: 9_000 })
    await touch(key, [record.verifier])
    expect(await raw.pExpireTime(key)).toBe((await stored(record)).lastAccessedAt + 109_000)
  })

  it("a damaged field that leaves half a millisecond brings no record back for ever", async () => {
    const { record, key, text } = await put({ slack: 0 })
    await raw.set(key, `${text.slice(0, 40)}${".5".padStart(11)}${text.slice(51)}`, { expiration: "KEEPTTL" })
    expect(await touch(key, [record.verifier])).toMatchObject({ status: "MISSING" })
    expect(await raw.pTTL(key)).toBeGreaterThan(0)
  })

  it("a touch moves the last access and nothing else", async () => {
    const { record, key, text } = await put()
    await touch(key, [record.verifier])
    const after = (await raw.get(key)) ?? ""
    expect(after.slice(31)).toBe(text.slice(31))
    expect((await stored(record)).lastAccessedAt).toBeGreaterThan(record.lastAccessedAt)
  })

  it("an update writes no head field but the version, the last access and the operation", async () => {
    const { record, key } = await put({ previous: { verifier: newVerifier(), until: (await serverMs()) + 50_000 } })
    await scripts.update({ session: key, notAfterMicros: ANY_TIME, expected: 7, operation: "abcdef", body, verifiers: [record.verifier] }, {})
    const { lastAccessedAt, ...after } = await stored(record)
    expect(after).toEqual({
      ...omitLastAccess(record),
      fixed: { ...fixed, stored: '"userId":"ada",' },
      version: 8,
      operations: `abcdef${NO_OPERATIONS.slice(6)}`,
      body: { schemaVersion: 1, attributes: '{"n":1}' },
    })
    expect(lastAccessedAt).toBeGreaterThan(record.lastAccessedAt)
  })

  it("the first update after a grace drops the old secret", async () => {
    const { record, key } = await put({ previous: { verifier: newVerifier(), until: (await serverMs()) - 1 } })
    await scripts.update({ session: key, notAfterMicros: ANY_TIME, expected: 7, operation: "abcdef", body, verifiers: [record.verifier] }, {})
    expect((await stored(record)).previous).toBeNull()
  })

  it("answers a repeated update as applied while it is among the last four, and as a clash afterwards", async () => {
    const { key } = await put()
    const update = (expected: number, operation: string): ReturnType<SessionScripts["update"]> =>
      scripts.update({ session: key, notAfterMicros: ANY_TIME, expected, operation, body, verifiers: [] }, {})
    expect(await update(7, "first0")).toMatchObject({ status: "DONE" })
    for (const [at, operation] of ["secnd0", "third0", "forth0"].entries()) expect(await update(8 + at, operation)).toMatchObject({ status: "DONE" })
    expect(await update(7, "first0")).toMatchObject({ status: "REPLAYED" })
    expect(await update(11, "fifth0")).toMatchObject({ status: "DONE" })
    expect(await update(7, "first0")).toMatchObject({ status: "CLASH", values: [12] })
  })

  it("answers a repeated rotation as the first time, also after another rotation within its grace", async () => {
    const { record, key } = await put()
    const [second, third] = [newVerifier(), newVerifier()]
    const rotate = (verifier: string, from: string): ReturnType<SessionScripts["rotate"]> =>
      scripts.rotate(key, { notAfterMicros: ANY_TIME, verifier, grace: 10_000, reauthenticated: false, write: null, verifiers: [from] }, {})
    expect(await rotate(second, record.verifier)).toMatchObject({ status: "DONE" })
    expect(await rotate(second, record.verifier)).toMatchObject({ status: "REPLAYED" })
    expect(await rotate(third, second)).toMatchObject({ status: "DONE" })
    expect(await rotate(second, record.verifier)).toMatchObject({ status: "REPLAYED" })
    expect(await stored(record)).toMatchObject({ verifier: third, previous: { verifier: second }, version: 7 })
  })

  it("a rotation with changes raises the version and is remembered by its verifier", async () => {
    const { record, key } = await put()
    const verifier = newVerifier()
    const rotate = (): ReturnType<SessionScripts["rotate"]> =>
      scripts.rotate(
        key,
        { notAfterMicros: ANY_TIME, verifier, grace: 0, reauthenticated: true, write: { expected: 7, body }, verifiers: [record.verifier] },
        {},
      )
    expect(await rotate()).toMatchObject({ status: "DONE" })
    expect(await rotate()).toMatchObject({ status: "REPLAYED" })
    const after = await stored(record)
    expect(after).toMatchObject({ version: 8, verifier, previous: null, operations: verifier.slice(0, 6) + NO_OPERATIONS.slice(6) })
    expect(after.authenticatedAt).toBe(after.lastAccessedAt)
  })

  describe("a copy that arrives after its time", () => {
    const write = { expected: 7, body }
    const steps: Record<string, (key: string, verifier: string, notAfterMicros: number) => Promise<{ readonly status: string }>> = {
      extend: (key, verifier, notAfterMicros) => scripts.extend(key, { idle: 900_000, touchInterval: 60_000, notAfterMicros, verifiers: [verifier] }, {}),
      update: (key, verifier, notAfterMicros) =>
        scripts.update({ session: key, expected: 7, operation: "abcdef", body, notAfterMicros, verifiers: [verifier] }, {}),
      rotate: (key, verifier, notAfterMicros) =>
        scripts.rotate(key, { verifier: newVerifier(), grace: 9_000, reauthenticated: false, write: null, notAfterMicros, verifiers: [verifier] }, {}),
      "rotate with changes": (key, verifier, notAfterMicros) =>
        scripts.rotate(key, { verifier: newVerifier(), grace: 0, reauthenticated: true, write, notAfterMicros, verifiers: [verifier] }, {}),
    }
    it.each(Object.keys(steps))("changes nothing: %s", async (name) => {
      const { record, key, text } = await put()
      const ends = await raw.pExpireTime(key)
      expect(await steps[name]?.(key, record.verifier, (await redis.time()) - 1)).toMatchObject({ status: "LATE" })
      expect(await raw.get(key)).toBe(text)
      expect(await raw.pExpireTime(key)).toBe(ends)
      expect(await steps[name]?.(key, record.verifier, (await redis.time()) + 5_000_000)).toMatchObject({ status: "DONE" })
      expect(await raw.get(key)).not.toBe(text)
    })

    it("is answered as the first where that was in time", async () => {
      const { record, key } = await put()
      const update = (notAfterMicros: number): ReturnType<SessionScripts["update"]> =>
        scripts.update({ session: key, expected: 7, operation: "abcdef", body, notAfterMicros, verifiers: [record.verifier] }, {})
      expect(await update(ANY_TIME)).toMatchObject({ status: "DONE" })
      expect(await update(1)).toMatchObject({ status: "REPLAYED" })
      const verifier = newVerifier()
      const rotate = (notAfterMicros: number): ReturnType<SessionScripts["rotate"]> =>
        scripts.rotate(key, { verifier, grace: 0, reauthenticated: false, write: null, notAfterMicros, verifiers: [record.verifier] }, {})
      expect(await rotate(ANY_TIME)).toMatchObject({ status: "DONE" })
      expect(await rotate(1)).toMatchObject({ status: "REPLAYED" })
      // Though the secret that was offered with the update is worth nothing any more.
      expect(await update(ANY_TIME)).toMatchObject({ status: "REPLAYED" })
      expect(await stored(record)).toMatchObject({ version: 8, verifier })
    })
  })

  it("a secret in grace may not rotate", async () => {
    const old = newVerifier()
    const { key, text } = await put({ previous: { verifier: old, until: (await serverMs()) + 5_000 } })
    expect(
      await scripts.rotate(key, { notAfterMicros: ANY_TIME, verifier: newVerifier(), grace: 0, reauthenticated: false, write: null, verifiers: [old] }, {}),
    ).toMatchObject({
      status: "REPLACED_SECRET",
    })
    expect(await raw.get(key)).toBe(text)
  })

  it("by owner, the record decides, whatever the tag says", async () => {
    const { record, key } = await put({
      fixed: {
        userId: 'eve","userId":"ada',
        pendingUserId: null,
        impersonatorId: "ada",
        impersonatorSessionId: null,
        persistent: false,
        device: JSON.stringify({ label: '"userId":"ada",' }),
      },
    })
    expect(await scripts.delete({ session: key, owner: '"ada"', newest: null, version: null, verifiers: [] }, {})).toMatchObject({ status: "MISSING" })
    expect(await raw.exists(key)).toBe(1)
    expect(await scripts.delete({ session: key, owner: JSON.stringify(record.fixed.userId), newest: null, version: null, verifiers: [] }, {})).toMatchObject({
      status: "DONE",
    })
    expect(await raw.exists(key)).toBe(0)
  })

  it("a deletion answers with the record as far as its body, and keeps the list as it is", async () => {
    await forgetList()
    const { record, key } = await put()
    await list(record.id, 60_000)
    const { status, values } = await scripts.delete({ session: key, owner: null, newest: null, version: null, verifiers: [record.verifier] }, {})
    expect(status).toBe("DONE")
    expect(decodePrefix(record, String(values[0])).fixed.userId).toBe("ada")
    expect(await members()).toEqual([record.id])
  })

  describe("the list of a user", () => {
    it("forgets a member only when its session is missing and it is old", async () => {
      await forgetList()
      const alive = await put()
      await list(alive.record.id, MEMORY_MS + 5_000)
      await list("A".repeat(22), MEMORY_MS + 5_000)
      await list("Q".repeat(22), MEMORY_MS - 1_000)
      const ids = [alive.record.id, "A".repeat(22), "Q".repeat(22)]
      const sessions = ids.map((id) => keys.session({ tag: place.tag, id }))
      expect(await scripts.prune([{ index, sessions }], LIST_MEMORY_MICROS, {})).toBe(1)
      expect((await members()).sort()).toEqual([alive.record.id, "Q".repeat(22)].sort())
    })

    it("is pruned beside others, whatever lies in the place of one of them", async () => {
      const places = Array.from({ length: 3 }, () => ({ tag: place.tag, user: newSessionId() }))
      const lists = places.map((one) => keys.index(one))
      const sessions = places.map(({ tag }) => keys.session({ tag, id: newSessionId() }))
      const old = (await serverMs()) * 1_000 - LIST_MEMORY_MICROS - 1_000_000
      for (const [at, list] of lists.entries()) await raw.zAdd(list, { value: (sessions[at] ?? "").slice(-22), score: old })
      await raw.set(lists[1] ?? "", "no list")
      const due = lists.map((index, at) => ({ index, sessions: sessions.slice(at, at + 1) }))
      expect(await scripts.prune(due, LIST_MEMORY_MICROS, {})).toBe(2)
      expect(await raw.exists(lists)).toBe(1)
      await raw.del(lists)
    })

    it.each([
      { what: "all", there: [true, true, true] },
      { what: "some", there: [false, true, false] },
      { what: "none", there: [false, false, false] },
    ])("loses old members with their sessions, of which $what are there, and keeps young ones", async ({ there }) => {
      for (const young of [0, 1, 3]) {
        await forgetList()
        const stored = await Promise.all(there.map(() => put()))
        const sessions = stored.map(({ key }) => key)
        for (const [n, { key, record }] of stored.entries()) {
          await list(record.id, (n < 3 - young ? MEMORY_MS + 5_000 : MEMORY_MS - 1_000) - n)
          if (there[n] !== true) await raw.del(key)
        }
        const later = newSessionId()
        await list(later, -1_000)
        const answer = await scripts.end(index, sessions, LIST_MEMORY_MICROS, {})
        expect(answer).toEqual({ existed: there, left: 3 - young, listed: young + 1, repeated: false })
        await raw.zRem(index, later)
        expect(await raw.exists(sessions)).toBe(0)
        expect((await members()).sort()).toEqual(
          stored
            .slice(3 - young)
            .map(({ record }) => record.id)
            .sort(),
        )
      }
    })

    it("makes a late copy of a creation do nothing", async () => {
      await forgetList()
      const id = newSessionId()
      const verifier = newVerifier()
      expect(await create(id, { verifier })).toMatchObject({ status: "DONE" })
      expect(await create(id, { verifier })).toMatchObject({ status: "REPLAYED" })
      await raw.del(keys.session({ tag: place.tag, id }))
      expect(await create(id, { verifier })).toMatchObject({ status: "ENDED" })
      expect(await raw.exists(keys.session({ tag: place.tag, id }))).toBe(0)
    })

    it("finds an earlier copy of a creation also where the list was lost, and leaves what became of it as it is", async () => {
      const id = newSessionId()
      const verifier = newVerifier()
      const key = keys.session({ tag: place.tag, id })
      await create(id, { verifier })
      await touch(key, [verifier])
      await forgetList()
      const text = await raw.get(key)
      expect(await create(id, { verifier })).toMatchObject({ status: "REPLAYED", values: [text] })
      expect(await create(id, { verifier: newVerifier() })).toMatchObject({ status: "ENDED" })
      expect(await raw.get(key)).toBe(text)
      expect(await raw.exists(index)).toBe(0)
    })

    it("refuses a creation after its time", async () => {
      await forgetList()
      const id = newSessionId()
      expect(await create(id, { notAfterMicros: (await redis.time()) - 1 })).toMatchObject({ status: "LATE" })
      expect(await members()).toEqual([])
      expect(await raw.exists(keys.session({ tag: place.tag, id }))).toBe(0)
    })

    it("never brings a rotated session's first secret back", async () => {
      await forgetList()
      const id = newSessionId()
      const verifier = newVerifier()
      await create(id, { verifier })
      await scripts.rotate(
        keys.session({ tag: place.tag, id }),
        { notAfterMicros: ANY_TIME, verifier: newVerifier(), grace: 0, reauthenticated: false, write: null, verifiers: [verifier] },
        {},
      )
      expect(await create(id, { verifier })).toMatchObject({ status: "ENDED" })
    })

    it("orders by scores that strictly increase, also when the clock was set back, and the record has the same", async () => {
      await forgetList()
      const ahead = (await redis.time()) + 3_600_000_000
      await raw.zAdd(index, { value: "A".repeat(22), score: ahead })
      const [one, two] = [newSessionId(), newSessionId()]
      await create(one)
      await create(two)
      expect(await raw.zRangeWithScores(index, 1, -1)).toEqual([
        { value: one, score: ahead + 1 },
        { value: two, score: ahead + 2 },
      ])
      expect((await stored({ tag: place.tag, id: two })).createdMicros).toBe(ahead + 2)
      expect(await scripts.cutoff(index, 2, {})).toEqual({
        score: String(ahead + 2),
        oldest: [
          { id: "A".repeat(22), score: ahead },
          { id: one, score: ahead + 1 },
        ],
      })
      expect(await scripts.cutoff(index, 4, {})).toMatchObject({ score: String(ahead + 2), oldest: [{}, {}, { id: two, score: ahead + 2 }] })
    })

    it("remembers a session until the last copy of its create is late, also where the clock was set back since the call was made", async () => {
      await forgetList()
      const notAfterMicros = (await redis.time()) + 60_000_000
      const [one, two] = [newSessionId(), newSessionId()]
      await create(one, { notAfterMicros, absolute: 1_000 })
      expect(await raw.zScore(index, one)).toBe(notAfterMicros - LIST_MEMORY_MICROS)
      expect((await stored({ tag: place.tag, id: one })).createdMicros).toBe(notAfterMicros - LIST_MEMORY_MICROS)
      expect(await raw.pExpireTime(index)).toBeGreaterThanOrEqual(notAfterMicros / 1_000)
      await create(two)
      expect(await raw.zScore(index, two)).toBe(notAfterMicros - LIST_MEMORY_MICROS + 1)
    })

    it("gets a time to live at once, which only grows", async () => {
      await forgetList()
      await create(newSessionId(), { absolute: 7_200_000 })
      const first = await raw.pExpireTime(index)
      expect(first).toBeGreaterThan((await serverMs()) + 7_200_000)
      await create(newSessionId(), { absolute: 1_000 })
      expect(await raw.pExpireTime(index)).toBe(first)
      await create(newSessionId(), { absolute: 9_000_000 })
      expect(await raw.pExpireTime(index)).toBeGreaterThan(first)
      await raw.persist(index)
      await create(newSessionId(), { absolute: 1_000 })
      expect(await raw.pExpireTime(index)).toBeGreaterThan(0)
    })

    it("heals only for a session that exists, with the record's own score and a time to live", async () => {
      await forgetList()
      const { record, key } = await put()
      const gone = newSessionId()
      const heal = (...sessions: readonly string[]): Promise<number> =>
        scripts.heal(
          sessions.map((session) => new DueHeal(index, session)),
          LIST_MEMORY_MICROS,
          {},
        )
      expect(await heal(keys.session({ tag: place.tag, id: gone }))).toBe(0)
      expect(await raw.exists(index)).toBe(0)
      expect(await heal(key)).toBe(1)
      expect(await heal(key)).toBe(0)
      expect(await raw.zRangeWithScores(index, 0, -1)).toEqual([{ value: record.id, score: record.createdMicros }])
      expect(await raw.pExpireTime(index)).toBe(record.absoluteDeadline + MEMORY_MS)
      const [second, third] = [await put(), await put()]
      expect(await heal(second.key, key, keys.session({ tag: place.tag, id: gone }), third.key)).toBe(2)
      expect(await raw.zmScore(index, [record.id, second.record.id, third.record.id])).toEqual(
        [record, second.record, third.record].map(({ createdMicros }) => createdMicros),
      )
      expect(await raw.zCard(index)).toBe(3)
    })

    it("below the limit looks at the eight oldest only", async () => {
      await forgetList()
      for (let n = 0; n < 12; n += 1) await list(newSessionId(), MEMORY_MS + 60_000 - n)
      expect(await create(newSessionId(), { limit: 100 })).toMatchObject({ status: "DONE" })
      expect(await members()).toHaveLength(12 - 8 + 1)
    })

    it("looks at them where four are listed, and not where there are fewer: three dead members are less than a look for each", async () => {
      await forgetList()
      for (let n = 0; n < 3; n += 1) await list(newSessionId(), MEMORY_MS + 60_000 - n)
      await create(newSessionId(), { limit: 100 })
      expect(await members()).toHaveLength(4)
      await create(newSessionId(), { limit: 100 })
      expect(await members()).toHaveLength(2)
    })

    it("keeps the young dead in memory where it looks at them", async () => {
      await forgetList()
      const young = newSessionId()
      for (let n = 0; n < 3; n += 1) await list(newSessionId(), MEMORY_MS + 60_000 - n)
      await list(young, MEMORY_MS - 2_000)
      const id = newSessionId()
      await create(id)
      expect(await members()).toEqual([young, id])
    })

    it("at the limit ends the oldest that count, and keeps the young dead in memory", async () => {
      await forgetList()
      const ids = Array.from({ length: 4 }, newSessionId)
      for (const id of ids.slice(0, 3)) await create(id, { limit: 3 })
      const { values } = await create(ids[3] ?? "", { limit: 3 })
      expect(values.slice(1)).toEqual([ids[0]])
      expect(await members()).toEqual(ids)
      expect(await raw.exists(keys.session({ tag: place.tag, id: ids[0] ?? "" }))).toBe(0)
    })

    it("decides on its last page, and creates nothing before", async () => {
      await forgetList()
      await Promise.all(Array.from({ length: 500 }, (_value, n) => list(newSessionId(), MEMORY_MS - 1_500 + n)))
      const living = [await put(), await put()]
      for (const { record } of living) await list(record.id, 100)
      const id = newSessionId()
      const more = await create(id, { limit: 2 })
      expect(more.status).toBe("MORE")
      expect(await raw.exists(keys.session({ tag: place.tag, id }))).toBe(0)
      const done = await create(id, { limit: 2, ...pageOf(more.values) })
      expect(done.status).toBe("DONE")
      expect(done.values.slice(1)).toEqual([living[0]?.record.id])
    })
  })

  it("ends sessions that a lowered limit leaves no room for, page by page, the oldest first, and none too many", async () => {
    await forgetList()
    const living: string[] = []
    for (let n = 0; n < 1_200; n += 1) {
      const { record } = await put()
      living.push(record.id)
      await list(record.id, 60_000 - n)
    }
    const id = newSessionId()
    const ended: string[] = []
    let answer = await create(id, { limit: 600 })
    while (answer.status === "MORE") {
      ended.push(...answer.values.slice(4).map(String))
      answer = await create(id, { limit: 600, ...pageOf(answer.values) })
    }
    expect(answer.status).toBe("DONE")
    ended.push(...answer.values.slice(1).map(String))
    expect(ended).toEqual(living.slice(0, 601))
    await raw.del(living.map((one) => keys.session({ tag: place.tag, id: one })))
  })

  it("looks again at the page of the oldest, from which others have evicted since it was counted", async () => {
    await forgetList()
    const living: string[] = []
    for (let n = 0; n < 600; n += 1) {
      const { record } = await put()
      living.push(record.id)
      await list(record.id, 60_000 - n)
    }
    const id = newSessionId()
    const more = await create(id, { limit: 600 })
    expect(more.status).toBe("MORE")
    // Two others have made room meanwhile, and opened their sessions.
    await raw.del(living.slice(0, 2).map((one) => keys.session({ tag: place.tag, id: one })))
    for (let n = 0; n < 2; n += 1) await list((await put()).record.id, 10 - n)
    const done = await create(id, { limit: 600, ...pageOf(more.values) })
    expect(done.values.slice(1)).toEqual([living[2]])
    await raw.del(living.map((one) => keys.session({ tag: place.tag, id: one })))
  })

  it("counts the absolute timeout from now, however far the list's scores run ahead", async () => {
    await forgetList()
    await raw.zAdd(index, { value: "A".repeat(22), score: (await redis.time()) + 3_600_000_000 })
    const id = newSessionId()
    await create(id, { absolute: 1_000_000 })
    const { absoluteDeadline, lastAccessedAt } = await stored({ tag: place.tag, id })
    expect(absoluteDeadline - lastAccessedAt).toBe(1_000_000)
  })

  describe("a deletion by secret", () => {
    const layout2 = (text: string): string => `${text.slice(0, 61)}2${text.slice(62)}`
    it("checks the secret in every layout, which keeps it in its place", async () => {
      const { record, key, text } = await put()
      await raw.set(key, layout2(text), { expiration: "KEEPTTL" })
      expect(await scripts.delete({ session: key, owner: null, newest: null, version: null, verifiers: [newVerifier()] }, {})).toMatchObject({
        status: "WRONG_SECRET",
      })
      expect(await raw.exists(key)).toBe(1)
      expect(await scripts.delete({ session: key, owner: null, newest: null, version: null, verifiers: [record.verifier] }, {})).toMatchObject({
        status: "DONE",
      })
    })

    it.each(["", "x", "[]"])("clears away %j, which opens for nobody", async (value) => {
      const key = keys.session({ tag: place.tag, id: newSessionId() })
      await raw.set(key, value)
      expect(await scripts.delete({ session: key, owner: null, newest: null, version: null, verifiers: [newVerifier()] }, {})).toMatchObject({ status: "DONE" })
      expect(await raw.exists(key)).toBe(0)
    })

    it("clears away a record that was cut off", async () => {
      const { key, text } = await put()
      await raw.set(key, text.slice(0, 120))
      expect(await scripts.delete({ session: key, owner: null, newest: null, version: null, verifiers: [newVerifier()] }, {})).toMatchObject({ status: "DONE" })
    })
  })

  describe("a deletion at a version", () => {
    const remove = (key: string, version: number, verifier: string): ReturnType<SessionScripts["delete"]> =>
      scripts.delete({ session: key, owner: null, newest: null, version, verifiers: [verifier] }, {})

    it("leaves every other version as it was, and tells it only whoever has the secret", async () => {
      const { record, key, text } = await put()
      for (const other of [1, 6, 8, 70, 2 ** 31, Number.MAX_SAFE_INTEGER])
        expect(await remove(key, other, record.verifier)).toMatchObject({ status: "CLASH", values: [7] })
      expect(await remove(key, 8, newVerifier())).toMatchObject({ status: "WRONG_SECRET", values: [] })
      expect(await remove(key, 7, newVerifier())).toMatchObject({ status: "WRONG_SECRET", values: [] })
      expect(await raw.get(key)).toBe(text)
      expect(await remove(key, 7, record.verifier)).toMatchObject({ status: "DONE" })
      expect(await raw.exists(key)).toBe(0)
      expect(await remove(key, 7, record.verifier)).toMatchObject({ status: "MISSING" })
    })

    it("takes a secret in grace too", async () => {
      const verifier = newVerifier()
      const { key } = await put({ previous: { verifier, until: (await serverMs()) + 30_000 } })
      expect(await remove(key, 6, verifier)).toMatchObject({ status: "CLASH" })
      expect(await remove(key, 7, verifier)).toMatchObject({ status: "DONE" })
    })

    it("leaves a record whose version it cannot read", async () => {
      const { record, key, text } = await put()
      for (const value of [`${text.slice(0, 61)}2${text.slice(62)}`, text.slice(0, 170), "x"]) {
        await raw.set(key, value)
        expect(await remove(key, 7, record.verifier)).toMatchObject({ status: "CORRUPT" })
        expect(await raw.get(key)).toBe(value)
      }
    })
  })

  it("a deletion by owner may be bound to sessions created up to a score", async () => {
    const { record, key } = await put()
    const ending = (newest: number): ReturnType<SessionScripts["delete"]> =>
      scripts.delete({ session: key, owner: '"ada"', newest: String(newest), version: null, verifiers: [] }, {})
    expect(await ending(record.createdMicros - 1)).toMatchObject({ status: "MISSING" })
    expect(await ending(record.createdMicros)).toMatchObject({ status: "DONE" })
  })

  it("writes no time with an exponent", async () => {
    await forgetList()
    const id = newSessionId()
    await create(id)
    const text = (await raw.get(keys.session({ tag: place.tag, id }))) ?? ""
    // The numbers of the head, without the verifier behind them, in which anything may stand.
    expect(text.slice(0, 104)).not.toMatch(/\de[+-]?\d/)
    expect(JSON.parse(text)).toMatchObject({ userId: "ada" })
    expect(String(await raw.zScore(index, id))).toMatch(/^\d{16}$/)
  })

  it("lets people sign out of a full server, which creates and changes nothing more", async () => {
    await forgetList()
    const { record, key } = await put()
    const other = await put()
    const together = [await put(), await put()]
    await list(record.id, 60_000)
    await raw.configSet({ maxmemory: "1", "maxmemory-policy": "noeviction" })
    try {
      await expect(create(newSessionId())).rejects.toMatchObject({ code: "ERR_STORE_REFUSED" })
      await expect(scripts.update({ session: key, notAfterMicros: ANY_TIME, expected: 7, operation: "abcdef", body, verifiers: [] }, {})).rejects.toMatchObject(
        {
          code: "ERR_STORE_REFUSED",
        },
      )
      expect(await touch(key, [record.verifier])).toMatchObject({ status: "DONE" })
      expect(await scripts.extend(key, { notAfterMicros: ANY_TIME, idle: null, touchInterval: 0, verifiers: [record.verifier] }, {})).toMatchObject({
        status: "DONE",
      })
      expect(await scripts.cutoff(index, 10, {})).toMatchObject({ score: expect.stringMatching(/^\d{16}$/), oldest: [{ id: record.id }] })
      expect(await scripts.page(index, { order: "FWD", from: "-inf", to: "+inf", count: 10 }, {})).toHaveLength(1)
      expect(await scripts.delete({ session: key, owner: null, newest: null, version: null, verifiers: [record.verifier] }, {})).toMatchObject({
        status: "DONE",
      })
      const due = together.map((one) => ({ session: one.key, owner: null, newest: null, version: null, verifiers: [one.record.verifier] }))
      expect(await scripts.deletes(due, {})).toMatchObject([{ status: "DONE" }, { status: "DONE" }])
      expect(await scripts.end(index, [other.key], LIST_MEMORY_MICROS, {})).toMatchObject({ existed: [true] })
      expect(await scripts.prune([{ index, sessions: [key] }], LIST_MEMORY_MICROS, {})).toBe(1)
    } finally {
      await raw.configSet("maxmemory", "0")
    }
  })
})

function omitLastAccess(record: SessionRecord): Omit<SessionRecord, "lastAccessedAt"> {
  const { lastAccessedAt: _lastAccessedAt, ...rest } = record
  return rest
}

/** Where a creation goes on after MORE. */
function pageOf(values: readonly unknown[]): CreatePage {
  const [cursor, counted, oldest, until] = values
  return { cursor: String(cursor), counted: Number(counted), oldest: String(oldest), until: String(until) }
}
