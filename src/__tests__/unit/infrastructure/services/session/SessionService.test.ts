import { createHash } from "node:crypto"
import { setTimeout as pause } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { SessionError, type SessionErrorCode } from "../../../../../domain/errors.js"
import type { SessionEvent } from "../../../../../domain/interfaces/ports.js"
import type { CleanupReport } from "../../../../../domain/interfaces/session/ISessionService.js"
import { NO_OPERATIONS, type SessionRecord } from "../../../../../domain/session/record.js"
import {
  sessionCreateStatus,
  sessionDeleteStatus,
  sessionExtendStatus,
  sessionRotateStatus,
  sessionTouchesStatus,
  sessionUpdateStatus,
} from "../../../../../infrastructure/redis/scripts/scripts.generated.js"
import { encodeBody, encodeFixed, encodeRecord } from "../../../../../infrastructure/services/session/record-json.js"
import { SessionService } from "../../../../../infrastructure/services/session/SessionService.js"
import type { SessionOptions } from "../../../../../infrastructure/services/session/session-settings.js"
import { CACHE_KEYS_PATTERNS, REDIS_CONFIG } from "../../../../../shared/constants.js"
import { type RecordedCall, RecordingRedis, SERVER_MICROS, SERVER_MS } from "../../../../support/recording-redis.js"
import { type StoredSession, storedSession } from "../../../../support/session-records.js"

const DAY = 86_400_000
const MEMORY = 2_500_000
const ADA = userOf("ada")

let redis: RecordingRedis
let events: SessionEvent[]

beforeEach(() => {
  redis = new RecordingRedis()
  events = []
})
afterEach(() => vi.useRealTimers())

type Attributes = Record<string, unknown>

function serviceWith(options: SessionOptions = {}): SessionService<Attributes> {
  return new SessionService<Attributes>(redis, { onEvent: (event) => events.push(event), ...options })
}

function userOf(userId: string): { readonly tag: string; readonly user: string } {
  const digest = createHash("sha256").update(userId).digest()
  return { tag: digest.subarray(0, 2).toString("base64url"), user: digest.toString("base64url").slice(0, 22) }
}

const keyOf = (record: { readonly tag: string; readonly id: string }): string => CACHE_KEYS_PATTERNS.SESSION(record.tag, record.id)
const indexOf = (userId: string): string => CACHE_KEYS_PATTERNS.USER_SESSIONS(userOf(userId).tag, userOf(userId).user)
const handleOf = (record: { readonly tag: string; readonly id: string }): string => `${record.tag}.${record.id}`
const hashed = (token: string): string => createHash("sha256").update(token.slice(27)).digest("base64url").slice(0, 22)
const T = String(SERVER_MICROS)
/** Verifiers as scripts take them. */
const offered = (...verifiers: readonly string[]): string => ` ${verifiers.join(" ")} `
/** A time limit before the call's second is over, by the server's clock. */
const IN_TIME = expect.toSatisfy((micros: number) => micros > SERVER_MICROS && micros <= SERVER_MICROS + 1_000_000, "within a second from now")

/** What a call of `session-create` asks for. */
function askedFor({ keys, args }: RecordedCall) {
  const [terms = "", notAfter, verifier = "", fields = "", ...page] = args.map(String)
  const [lists, memory, idle, slack, absolute, limit, onLimit, authenticated] = terms.split(" ")
  const id = keys[0]?.slice(-22) ?? ""
  return {
    id,
    lists: Number(lists),
    notAfter: Number(notAfter),
    memory: Number(memory),
    idle: Number(idle),
    slack: Number(slack),
    absolute: Number(absolute),
    limit: Number(limit),
    onLimit,
    authenticated,
    verifier,
    fields,
    page,
  }
}

/** What `session-create` answers on a server: when it was, or the record made of the arguments. */
function created(status: "DONE" | "REPLAYED" = "DONE", ...evicted: readonly string[]) {
  return (call: RecordedCall): unknown => {
    if (status === "DONE") return [sessionCreateStatus.DONE, T, SERVER_MICROS, ...evicted]
    const { id, idle, slack, absolute, verifier, authenticated, fields } = askedFor(call)
    const blank = encodeRecord({
      ...storedSession().record,
      id,
      createdMicros: SERVER_MICROS,
      lastAccessedAt: SERVER_MS,
      idleTimeout: idle,
      slack,
      absoluteDeadline: SERVER_MS + absolute,
      verifier,
      operations: NO_OPERATIONS,
      authenticatedAt: authenticated === "never" ? null : authenticated === "now" ? SERVER_MS : Number(authenticated),
    })
    return [sessionCreateStatus.REPLAYED, T, blank.slice(0, 171) + fields]
  }
}

function stored(session: StoredSession): StoredSession {
  redis.answer("get", encodeRecord(session.record))
  return session
}

const lostReply = (): SessionError => new SessionError("ERR_STORE_TIMEOUT", "lost", { outcome: "unknown" })

async function failure(work: Promise<unknown>): Promise<SessionError> {
  const error: unknown = await work.then(
    () => expect.fail("Expected a rejection, got an answer"),
    (reason: unknown) => reason,
  )
  if (!SessionError.is(error)) throw error
  return error
}

async function refuses(code: SessionErrorCode, work: Promise<unknown>): Promise<SessionError> {
  const error = await failure(work)
  expect(error.code, error.message).toBe(code)
  return error
}

describe("createSession", () => {
  it("opens a user's session in one script, with its key and the user's list as the declared keys", async () => {
    redis.answer("session-create", created())
    const { token, session, evicted } = await serviceWith().createSession({ userId: "ada", attributes: { theme: "dark" } })
    expect(redis.names).toEqual(["time", "session-create"])
    const { keys } = redis.only("session-create")
    expect(session.sessionId).toMatch(new RegExp(`^${ADA.tag}\\.[\\w-]{22}$`))
    expect(keys).toEqual([CACHE_KEYS_PATTERNS.SESSION(ADA.tag, session.sessionId.slice(4)), CACHE_KEYS_PATTERNS.USER_SESSIONS(ADA.tag, ADA.user)])
    expect(keys[0]).toBe(`session:{${ADA.tag}}.${session.sessionId.slice(4)}`)
    expect(token.slice(0, 26)).toBe(session.sessionId)
    expect(evicted).toEqual([])
    expect(session).toMatchObject({ userId: "ada", version: 1, attributes: { theme: "dark" } })
    expect(session.createdAt.getTime()).toBe(SERVER_MS)
  })

  it("sends the hash of the secret, and never the secret", async () => {
    redis.answer("session-create", created())
    const { token } = await serviceWith().createSession({ userId: "ada" })
    expect(askedFor(redis.only("session-create")).verifier).toBe(hashed(token))
    expect(JSON.stringify(redis.calls)).not.toContain(token.slice(27))
  })

  it("sends every value in its place", async () => {
    redis.answer("session-create", created())
    const authenticatedAt = new Date(SERVER_MS - 60_000)
    await serviceWith().createSession({
      userId: "ada",
      authenticatedAt,
      attributes: { n: [] },
      device: { ip: "192.0.2.1", label: "Laptop" },
      persistent: true,
      idleTimeout: "30m",
      absoluteTimeout: "12h",
      maxSessionsPerUser: 5,
      onLimit: "reject",
    })
    expect(askedFor(redis.only("session-create"))).toEqual({
      id: expect.stringMatching(/^[\w-]{22}$/),
      lists: 2,
      notAfter: IN_TIME,
      memory: MEMORY,
      idle: 1_800_000,
      slack: 60_000,
      absolute: 43_200_000,
      limit: 5,
      onLimit: "reject",
      authenticated: String(authenticatedAt.getTime()),
      verifier: expect.stringMatching(/^[\w-]{22}$/),
      fields: [
        '"userId":"ada","persistent":true,"device":{"ip":"192.0.2.1","label":"Laptop"},',
        encodeBody(
          { schemaVersion: 1, attributes: '{"n":[]}' },
          encodeFixed({
            userId: "ada",
            pendingUserId: null,
            impersonatorId: null,
            impersonatorSessionId: null,
            persistent: true,
            device: '{"ip":"192.0.2.1","label":"Laptop"}',
          }),
        ),
      ].join(""),
      page: ["", "0", "", ""],
    })
  })

  it.each([
    ["a user", { userId: "ada" }, REDIS_CONFIG.TTL.SESSION * 1000, 30 * DAY, 60_000, "now"],
    ["a guest", {}, 7_200_000, DAY, 60_000, "never"],
    ["somebody who owes a second factor", { pendingUserId: "ada" }, 300_000, 600_000, 30_000, "never"],
    ["an impersonation", { userId: "ada", impersonatorId: "root" }, REDIS_CONFIG.TTL.SESSION * 1000, 30 * DAY, 60_000, "never"],
  ] as const)("without timeouts takes the defaults of %s", async (_who, options, idle, absolute, slack, authenticated) => {
    redis.answer("session-create", created())
    await serviceWith().createSession(options)
    expect(askedFor(redis.only("session-create"))).toMatchObject({ idle, slack, absolute, authenticated })
  })

  it("takes the service's own timeouts, limit and touch interval", async () => {
    redis.answer("session-create", created())
    await serviceWith({ idleTimeout: "20m", absoluteTimeout: "2h", touchInterval: "10s", maxSessionsPerUser: 3 }).createSession({ userId: "ada" })
    const asked = askedFor(redis.only("session-create"))
    expect(asked).toMatchObject({ idle: 1_200_000, slack: 10_000, absolute: 7_200_000, limit: 3, onLimit: "evict-oldest" })
  })

  it("gives a guest no list and no limit, and a tag at random", async () => {
    redis.answer("session-create", created())
    const service = serviceWith({ maxSessionsPerUser: 1 })
    const tags = new Set<string>()
    for (let n = 0; n < 20; n += 1) tags.add((await service.createSession({})).session.sessionId.slice(0, 3))
    expect(tags.size).toBeGreaterThan(1)
    for (const call of redis.all("session-create")) {
      expect(call.keys).toHaveLength(1)
      expect(askedFor(call)).toMatchObject({ lists: 1, limit: 0 })
    }
  })

  it("puts a pending session into its user's slot and list, without a limit", async () => {
    redis.answer("session-create", created())
    await serviceWith({ maxSessionsPerUser: 1 }).createSession({ pendingUserId: "ada" })
    const call = redis.only("session-create")
    expect(call.keys[1]).toBe(indexOf("ada"))
    expect(askedFor(call)).toMatchObject({ lists: 2, limit: 0, fields: expect.stringMatching(/^"pendingUserId":"ada","body"/) })
  })

  it("begins every key with the prefix", async () => {
    redis.answer("session-create", created())
    const { session } = await serviceWith({ keyPrefix: "shop:" }).createSession({ userId: "ada" })
    const id = session.sessionId.slice(4)
    expect(redis.only("session-create").keys).toEqual([`shop:${CACHE_KEYS_PATTERNS.SESSION(ADA.tag, id)}`, `shop:${indexOf("ada")}`])
  })

  it("puts no byte of the user id into a key", async () => {
    redis.answer("session-create", created())
    for (const userId of ["a}b{c", "user:*?[", "\u0000\r\n"]) {
      redis.forget()
      await serviceWith().createSession({ userId })
      for (const key of redis.only("session-create").keys) expect(key).toMatch(/^(session:\{[\w-]{3}\}\.[\w-]{22}|user_sessions:\{[\w-]{3}\}:[\w-]{22})$/)
    }
  })

  it("hashes with the first of the secrets", async () => {
    redis.answer("session-create", created())
    const key = "k3y-of-the-application-0123456789-abcdef"
    const { token } = await serviceWith({ secrets: [key] }).createSession({})
    expect(askedFor(redis.only("session-create")).verifier).not.toBe(hashed(token))
    expect(JSON.stringify(redis.calls)).not.toContain(key)
  })

  it("answers and tells which sessions made room, and takes them out of the list later, together", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    const [one, two] = [storedSession().record.id, storedSession().record.id]
    redis.answer("session-create", created("DONE", one, two)).answer("index-prune", [T, "2"])
    const { evicted, session } = await serviceWith({ maxSessionsPerUser: 2 }).createSession({ userId: "ada" })
    expect(evicted).toEqual([`${ADA.tag}.${one}`, `${ADA.tag}.${two}`])
    expect(events).toEqual([
      { type: "created", sessionId: session.sessionId },
      { type: "ended", sessionId: evicted[0], reason: "evicted" },
      { type: "ended", sessionId: evicted[1], reason: "evicted" },
    ])
    expect(redis.names).not.toContain("index-prune")
    await vi.advanceTimersByTimeAsync(MEMORY / 1000 + 200)
    expect(redis.only("index-prune")).toMatchObject({
      keys: [indexOf("ada"), keyOf({ tag: ADA.tag, id: one }), keyOf({ tag: ADA.tag, id: two })],
      args: [MEMORY, 2],
    })
  })

  it("tries again with a later limit when a copy came too late, with the same session", async () => {
    const later = SERVER_MICROS + 60_000_000
    redis.answer("session-create", [sessionCreateStatus.LATE, String(later)], created())
    await serviceWith().createSession({ userId: "ada" })
    const [first, second] = redis.all("session-create").map(askedFor)
    expect(first?.notAfter).toBeLessThan(later)
    expect(second?.notAfter).toBeGreaterThan(later)
    expect(second).toMatchObject({ id: first?.id, verifier: first?.verifier })
  })

  it.each([
    { sender: "this library", answers: [new SessionError("ERR_STORE_TIMEOUT", "no answer"), [sessionCreateStatus.LATE, T]], marks: [0], copies: 2 },
    { sender: "the client", answers: [[sessionCreateStatus.LATE, T]], marks: [0, 1], copies: 1 },
    { sender: "a client that does not say so", answers: [[sessionCreateStatus.LATE, T]], marks: [null], copies: 1 },
  ])("does not open it again when the late copy may be a second one, sent by $sender: the first may have, and be ended", async ({ answers, marks, copies }) => {
    redis.marks = marks
    redis.answer("session-create", ...answers, created())
    const error = await refuses("ERR_STORE_TIMEOUT", serviceWith().createSession({ userId: "ada" }))
    expect(error).toMatchObject({ retryable: true, outcome: "unknown" })
    expect(redis.all("session-create")).toHaveLength(copies)
    expect(events).toEqual([])
  })

  it("gives up after three late copies: nothing was made, and another try may succeed", async () => {
    redis.answer("session-create", [sessionCreateStatus.LATE, T])
    const error = await refuses("ERR_STORE_UNAVAILABLE", serviceWith().createSession({ userId: "ada" }))
    expect(error).toMatchObject({ retryable: true, outcome: "not-applied" })
    expect(redis.all("session-create")).toHaveLength(3)
    expect(events).toEqual([])
  })

  it("ends sessions that made room once more when the store may have lost that, and tells of those that were back", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
    const [one, two] = [storedSession().record, storedSession().record]
    redis.answer("session-create", created("DONE", one.id, two.id)).answer("unlink", [false, true])
    await serviceWith({ maxSessionsPerUser: 2 }).createSession({ userId: "ada" })
    events.length = 0
    redis.disrupt()
    await vi.advanceTimersByTimeAsync(500)
    expect(redis.all("unlink")[0]?.keys).toEqual([keyOf(one), keyOf(two)])
    expect(events).toEqual([{ type: "ended-again", sessionId: handleOf(two) }])
  })

  it("tells of sessions that made room for one which then could not be opened", async () => {
    const gone = storedSession().record.id
    redis.answer("session-create", [sessionCreateStatus.MORE, T, "1700000000000003", 80, "", "", gone], new SessionError("ERR_STORE_TIMEOUT", "no answer"))
    await refuses("ERR_STORE_TIMEOUT", serviceWith({ maxSessionsPerUser: 400 }).createSession({ userId: "ada" }))
    expect(events).toEqual([{ type: "ended", sessionId: `${ADA.tag}.${gone}`, reason: "evicted" }])
  })

  it("tells of sessions that made room for one which was ended before it was known to be opened", async () => {
    const gone = storedSession().record.id
    redis.answer("session-create", [sessionCreateStatus.MORE, T, "1700000000000003", 80, "", "", gone], [sessionCreateStatus.ENDED, T])
    await refuses("ERR_SESSION_ENDED", serviceWith({ maxSessionsPerUser: 400 }).createSession({ userId: "ada" }))
    expect(events).toEqual([{ type: "ended", sessionId: `${ADA.tag}.${gone}`, reason: "evicted" }])
  })

  it("does not say that nothing was changed when sessions had made room before the refusal", async () => {
    const gone = storedSession().record.id
    redis.answer("session-create", [sessionCreateStatus.MORE, T, "1700000000000003", 80, "", "", gone], new SessionError("ERR_STORE_REFUSED", "no"))
    const error = await failure(serviceWith({ maxSessionsPerUser: 400 }).createSession({ userId: "ada" }))
    expect(error).toMatchObject({ code: "ERR_STORE_REFUSED", outcome: "unknown" })
  })

  it("goes on page by page until the last page decides", async () => {
    const [gone, last] = [storedSession().record.id, storedSession().record.id]
    redis.answer(
      "session-create",
      [sessionCreateStatus.MORE, T, "1700000000000003", 480, "1700000000000000", "1700000000000001"],
      [sessionCreateStatus.MORE, T, "1700000000000003", 80, "1700000000000001", "1700000000000002", gone],
      created("DONE", last),
    )
    const { evicted } = await serviceWith({ maxSessionsPerUser: 400 }).createSession({ userId: "ada" })
    expect(redis.all("session-create").map((call) => askedFor(call).page)).toEqual([
      ["", "0", "", ""],
      ["1700000000000003", "480", "1700000000000000", "1700000000000001"],
      ["1700000000000003", "80", "1700000000000001", "1700000000000002"],
    ])
    expect(new Set(redis.all("session-create").map((call) => askedFor(call).id)).size).toBe(1)
    expect(evicted).toEqual([`${ADA.tag}.${gone}`, `${ADA.tag}.${last}`])
  })

  it("answers a repeated copy with the same session, and no evictions", async () => {
    redis.answer("session-create", created("REPLAYED"))
    const { token, session, evicted } = await serviceWith().createSession({ userId: "ada" })
    expect(token.slice(0, 26)).toBe(session.sessionId)
    expect(evicted).toEqual([])
  })

  it("opens another one for a guest whose creation was sent twice: no list would tell the first copy that the session has ended", async () => {
    redis.answer("session-create", lostReply(), created("REPLAYED"), created("DONE"))
    const { token, session } = await serviceWith().createSession({})
    const [first, second, third] = redis.all("session-create").map((call) => askedFor(call).id)
    expect(second).toBe(first)
    expect(third).not.toBe(first)
    expect(token.split(".")[1]).toBe(third)
    expect(session.sessionId.split(".")[1]).toBe(third)
    expect(redis.all("session-create")).toHaveLength(3)
    expect(events).toEqual([expect.objectContaining({ type: "created", sessionId: session.sessionId })])
  })

  it("gives up where that one was sent twice, too, and leaves a user's as it is", async () => {
    redis.answer("session-create", lostReply(), created("DONE"), lostReply(), created("DONE"))
    expect(await refuses("ERR_STORE_TIMEOUT", serviceWith().createSession({}))).toMatchObject({ outcome: "unknown" })
    redis.answer("session-create", lostReply(), created("DONE"))
    expect((await serviceWith().createSession({ userId: "ada" })).session.userId).toBe("ada")
    expect(new Set(redis.all("session-create").map((call) => askedFor(call).id)).size).toBe(3)
    expect(redis.all("session-create")).toHaveLength(6)
  })

  it("gives a guest no secret that a client might send once more without telling", async () => {
    redis.marks = [null]
    redis.answer("session-create", created("DONE"))
    redis.answer("session-rotate", ({ args }: RecordedCall) => [
      sessionRotateStatus.DONE,
      T,
      encodeRecord({ ...storedSession({}, null).record, verifier: String(args[0]) }),
    ])
    const { token } = await serviceWith().createSession({})
    const [opened, changed] = [redis.only("session-create"), redis.only("session-rotate")]
    expect(changed.keys).toEqual([`session:{${token.slice(0, 3)}}.${askedFor(opened).id}`])
    expect(changed.args).toEqual([hashed(token), 0, 0, "", "", IN_TIME, offered(askedFor(opened).verifier)])
    expect(askedFor(opened).verifier).not.toBe(hashed(token))
    redis.answer("session-create", created("DONE"))
    await serviceWith().createSession({ userId: "ada" })
    expect(redis.all("session-rotate")).toHaveLength(1)
  })

  it("says so when such a guest's session has ended in between", async () => {
    redis.marks = [null]
    redis.answer("session-create", created("DONE"))
    redis.answer("session-rotate", [sessionRotateStatus.MISSING, T])
    expect(await refuses("ERR_SESSION_ENDED", serviceWith().createSession({}))).toMatchObject({ outcome: "applied" })
  })

  it("says so when the session was made and ended again before the answer", async () => {
    redis.answer("session-create", [sessionCreateStatus.ENDED, T])
    expect(await refuses("ERR_SESSION_ENDED", serviceWith().createSession({ userId: "ada" }))).toMatchObject({ outcome: "applied", retryable: false })
  })

  it("is refused at the limit", async () => {
    redis.answer("session-create", [sessionCreateStatus.FULL, T])
    expect(await refuses("ERR_SESSION_LIMIT", serviceWith({ maxSessionsPerUser: 1, onLimit: "reject" }).createSession({ userId: "ada" }))).toMatchObject({
      outcome: "not-applied",
    })
    expect(redis.all("session-create")).toHaveLength(1)
  })

  it("is in doubt at a limit that a second copy met: the first may still be read, and find room", async () => {
    redis.answer("session-create", lostReply(), [sessionCreateStatus.FULL, T])
    const service = serviceWith({ maxSessionsPerUser: 1, onLimit: "reject" })
    expect(await refuses("ERR_SESSION_LIMIT", service.createSession({ userId: "ada" }))).toMatchObject({ outcome: "unknown", retryable: false })
    expect(redis.all("session-create")).toHaveLength(2)
  })

  it.each([
    ["nothing", null],
    ["an unknown status", [99, T]],
    ["no time", [sessionCreateStatus.DONE]],
    ["a list in the place of the time", [sessionCreateStatus.DONE, [T]]],
    ["no time of creation", [sessionCreateStatus.DONE, T]],
    ["a list in the place of the time of creation", [sessionCreateStatus.DONE, T, [T]]],
    ["text", "OK"],
  ])("takes %s as an answer for a broken server", async (_what, reply) => {
    redis.answer("session-create", reply)
    await refuses("ERR_STORE_PROTOCOL", serviceWith().createSession({}))
  })
})

describe("getSession", () => {
  it("reads one key and writes nothing inside the touch interval", async () => {
    const { token, record } = stored(storedSession())
    const session = await serviceWith().getSession(token)
    expect(redis.calls).toEqual([
      { name: "get", keys: [keyOf(record)], args: [] },
      { name: "time", keys: [], args: [] },
    ])
    expect(session).toMatchObject({ sessionId: handleOf(record), userId: "ada", attributes: { theme: "dark" }, version: 1 })
    expect(session?.expiresAt.getTime()).toBe(record.lastAccessedAt + record.idleTimeout)
  })

  it("asks for the server's time once, and goes on by what replies carry", async () => {
    const { token } = stored(storedSession())
    const service = serviceWith()
    for (let n = 0; n < 3; n += 1) await service.getSession(token)
    expect(redis.all("time")).toHaveLength(1)
    const other = serviceWith()
    redis.forget()
    redis.answer("session-extend", [sessionExtendStatus.MISSING, T])
    await other.extendSession(token)
    await other.getSession(token)
    expect(redis.names).toEqual(["time", "session-extend", "get"])
  })

  it("judges age by the server's clock, not by this machine's", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: SERVER_MS + 10 * DAY })
    const { token } = stored(storedSession())
    expect(await serviceWith().getSession(token)).not.toBeNull()
    expect(redis.names).not.toContain("session-touches")
  })

  it("writes an access down once it is due, and mends the list by the same step", async () => {
    const { token, record } = stored(storedSession({ lastAccessedAt: SERVER_MS - 60_000 }))
    const later = SERVER_MICROS + 1_000_000
    redis.answer("session-touches", [String(later), sessionTouchesStatus.DONE])
    const session = await serviceWith().getSession(token)
    expect(redis.only("session-touches")).toEqual({ name: "session-touches", keys: [keyOf(record), indexOf("ada")], args: [MEMORY, `1 ${record.verifier} `] })
    expect(redis.names).toEqual(["get", "time", "session-touches"])
    expect(session?.lastAccessedAt.getTime()).toBe(later / 1000)
    expect(session?.version).toBe(1)
  })

  it("mends the list behind the touch on a cluster, where a slot that moves may refuse two keys", async () => {
    redis.singleNode = false
    const { token, record } = stored(storedSession({ lastAccessedAt: SERVER_MS - 60_000 }))
    redis.answer("session-touches", [T, sessionTouchesStatus.DONE]).answer("index-heal", new SessionError("ERR_STORE_REFUSED", "TRYAGAIN"))
    expect(await serviceWith().getSession(token)).not.toBeNull()
    expect(redis.only("session-touches")).toMatchObject({ keys: [keyOf(record)], args: [MEMORY, `0 ${record.verifier} `] })
    expect(redis.only("index-heal")).toEqual({ name: "index-heal", keys: [indexOf("ada"), keyOf(record)], args: [MEMORY] })
    redis.forget()
    redis.answer("session-touches", [T, sessionTouchesStatus.MISSING])
    expect(await serviceWith().getSession(token)).toBeNull()
    expect(redis.names).not.toContain("index-heal")
  })

  it("has no list to mend for a guest", async () => {
    const { token } = stored(storedSession({ lastAccessedAt: SERVER_MS - 60_000 }, null))
    redis.answer("session-touches", [T, sessionTouchesStatus.DONE])
    expect(await serviceWith().getSession(token)).not.toBeNull()
    expect(redis.only("session-touches").keys).toHaveLength(1)
  })

  it("touches by the slack of the record when that is shorter than the interval", async () => {
    const { token } = stored(storedSession({ lastAccessedAt: SERVER_MS - 3_000, slack: 3_000, idleTimeout: 30_000 }))
    redis.answer("session-touches", [T, sessionTouchesStatus.DONE])
    await serviceWith().getSession(token)
    expect(redis.all("session-touches")).toHaveLength(1)
  })

  it("only looks with touch: false", async () => {
    const { token, record } = stored(storedSession({ lastAccessedAt: SERVER_MS - 3_600_000 }))
    const session = await serviceWith().getSession(token, { touch: false })
    expect(redis.names).toEqual(["get", "time"])
    expect(session?.lastAccessedAt.getTime()).toBe(record.lastAccessedAt)
  })

  it("is null when the touch finds the session gone", async () => {
    const { token } = stored(storedSession({ lastAccessedAt: SERVER_MS - 60_000 }))
    redis.answer("session-touches", [T, sessionTouchesStatus.MISSING])
    expect(await serviceWith().getSession(token)).toBeNull()
  })

  it("is null when the touch finds another secret", async () => {
    const { token } = stored(storedSession({ lastAccessedAt: SERVER_MS - 60_000 }))
    redis.answer("session-touches", [T, sessionTouchesStatus.WRONG_SECRET])
    expect(await serviceWith().getSession(token)).toBeNull()
  })

  it("is the session, with an event and a warning, when the touch is not acknowledged", async () => {
    const warnings: unknown[] = []
    const { token, record } = stored(storedSession({ lastAccessedAt: SERVER_MS - 60_000 }))
    redis.answer("session-touches", new SessionError("ERR_STORE_TIMEOUT", "no answer"))
    const session = await serviceWith({ logger: { warn: (fields) => warnings.push(fields) } }).getSession(token)
    expect(session?.lastAccessedAt.getTime()).toBe(record.lastAccessedAt)
    expect(events).toEqual([{ type: "touch-failed", sessionId: handleOf(record) }])
    expect(warnings).toEqual([{ code: "ERR_STORE_TIMEOUT" }])
  })

  it("is null for a key that is not there", async () => {
    redis.answer("get", null)
    expect(await serviceWith().getSession(storedSession().token)).toBeNull()
    expect(redis.names).toEqual(["get"])
  })

  it("is null for a wrong secret, with an event and without a write", async () => {
    const { record } = stored(storedSession({ lastAccessedAt: SERVER_MS - 60_000 }))
    const wrong = `${handleOf(record)}.${storedSession().token.slice(27)}`
    expect(await serviceWith().getSession(wrong)).toBeNull()
    expect(events).toEqual([{ type: "wrong-secret", sessionId: handleOf(record) }])
    expect(redis.names).toEqual(["get", "time"])
  })

  it("takes the secret before a rotation while its grace lasts, by the server's clock", async () => {
    const old = storedSession()
    const rotated = (until: number): SessionRecord => ({
      ...old.record,
      verifier: storedSession().record.verifier,
      previous: { verifier: old.record.verifier, until },
    })
    redis.answer("get", encodeRecord(rotated(SERVER_MS + 5_000)))
    expect(await serviceWith().getSession(old.token)).not.toBeNull()
    redis.answer("get", encodeRecord(rotated(SERVER_MS)))
    expect(await serviceWith().getSession(old.token)).toBeNull()
  })

  it("rejects with the store's error, and never answers null for it", async () => {
    redis.answer("get", new SessionError("ERR_STORE_UNAVAILABLE", "down"))
    await refuses("ERR_STORE_UNAVAILABLE", serviceWith().getSession(storedSession().token))
    redis.answer("get", encodeRecord(storedSession().record)).answer("time", new SessionError("ERR_STORE_TIMEOUT", "slow"))
    await refuses("ERR_STORE_TIMEOUT", serviceWith().getSession(storedSession().token))
  })

  it("is an error and an event for a record that cannot be read", async () => {
    const { token, record } = storedSession()
    redis.answer("get", `${encodeRecord(record).slice(0, -3)}}}`)
    await refuses("ERR_SESSION_CORRUPT", serviceWith().getSession(token))
    expect(events).toEqual([{ type: "corrupt", sessionId: handleOf(record) }])
  })

  it("reads of one turn travel as one MGET, and those of one key share it", async () => {
    const [one, two] = [storedSession(), storedSession()]
    redis.answer("mget", [encodeRecord(one.record), encodeRecord(two.record)])
    const service = serviceWith()
    const found = await Promise.all([one, two, one].map(({ token }) => service.getSession(token)))
    expect(redis.only("mget").keys).toEqual([keyOf(one.record), keyOf(two.record)])
    expect(found.map((session) => session?.sessionId)).toEqual([one, two, one].map(({ record }) => handleOf(record)))
    expect(redis.names).not.toContain("get")
  })

  it("a shared read is judged for each caller by its own secret", async () => {
    const one = stored(storedSession())
    const service = serviceWith()
    const wrong = `${handleOf(one.record)}.${storedSession().token.slice(27)}`
    const [right, refused] = await Promise.all([service.getSession(one.token), service.getSession(wrong)])
    expect(redis.all("get")).toHaveLength(1)
    expect(right).not.toBeNull()
    expect(refused).toBeNull()
  })

  it("joins only a read that is not sent yet", async () => {
    const { token } = stored(storedSession())
    const service = serviceWith()
    const first = service.getSession(token)
    await vi.waitFor(() => expect(redis.all("get")).toHaveLength(1), { interval: 1 })
    await Promise.all([first, service.getSession(token)])
    expect(redis.all("get")).toHaveLength(2)
  })
})

/** What `session-update` answers at DONE: the stored record as far as its body, one version on. */
function updated(record: SessionRecord, status: "DONE" | "REPLAYED" = "DONE") {
  return (call: RecordedCall): unknown => {
    const text = encodeRecord({ ...record, version: Number(call.args[0]) + 1, lastAccessedAt: SERVER_MS })
    return [sessionUpdateStatus[status], T, text.slice(0, text.indexOf('"body":["'))]
  }
}

describe("updateSession", () => {
  it("reads, merges and writes at the version that was read", async () => {
    const { token, record } = stored(storedSession({ version: 7 }))
    redis.answer("session-update", updated(record))
    const session = await serviceWith().updateSession(token, { lang: "de" })
    expect(redis.names).toEqual(["get", "time", "session-update"])
    const { keys, args } = redis.only("session-update")
    expect(keys).toEqual([keyOf(record)])
    expect(args).toEqual([
      7,
      expect.stringMatching(/^[\w-]{6}$/),
      encodeBody({ schemaVersion: 1, attributes: '{"theme":"dark","lang":"de"}' }, encodeFixed(record.fixed)),
      IN_TIME,
      offered(record.verifier),
    ])
    expect(session).toMatchObject({ version: 8, attributes: { theme: "dark", lang: "de" } })
    expect(session?.lastAccessedAt.getTime()).toBe(SERVER_MS)
  })

  it("sends no field of the head, so that nothing that ran in between is undone", async () => {
    const { token, record } = stored(storedSession({ version: 2, previous: { verifier: storedSession().record.verifier, until: SERVER_MS + 9_000 } }))
    redis.answer("session-update", updated(record))
    await serviceWith().updateSession(token, { n: 1 })
    const sent = JSON.stringify(redis.only("session-update").args)
    for (const field of [record.lastAccessedAt, record.idleTimeout, record.absoluteDeadline, record.createdMicros]) expect(sent).not.toContain(String(field))
  })

  it("keeps what is absent or undefined, writes null, and removes what unset names", async () => {
    const { token, record } = stored(storedSession({ body: { schemaVersion: 1, attributes: '{"a":1,"b":2,"c":3}' } }))
    redis.answer("session-update", updated(record))
    await serviceWith().updateSession(token, { a: undefined, b: null, d: 4 }, { unset: ["c", "x"] })
    expect(redis.only("session-update").args[2]).toBe(encodeBody({ schemaVersion: 1, attributes: '{"a":1,"b":null,"d":4}' }, encodeFixed(record.fixed)))
  })

  it("reads again and merges again after a clash, with an event for each", async () => {
    const session = storedSession()
    const second: SessionRecord = { ...session.record, version: 3, body: { schemaVersion: 1, attributes: '{"theme":"light","other":1}' } }
    redis.answer("get", encodeRecord(session.record), encodeRecord(second))
    redis.answer("session-update", [sessionUpdateStatus.CLASH, T, 3], updated(second))
    const seen: unknown[] = []
    const result = await serviceWith().updateSession(session.token, (own) => {
      seen.push(own)
      return { ...own, mine: true }
    })
    expect(seen).toEqual([{ theme: "dark" }, { theme: "light", other: 1 }])
    expect(redis.all("session-update").map(({ args }) => args[0])).toEqual([1, 3])
    expect(redis.all("session-update")[0]?.args[1]).not.toBe(redis.all("session-update")[1]?.args[1])
    expect(result).toMatchObject({ version: 4, attributes: { theme: "light", other: 1, mine: true } })
    expect(events).toEqual([{ type: "stale-version", sessionId: handleOf(session.record), attempt: 1 }])
  })

  it("answers a change that the record remembers as applied", async () => {
    const { token, record } = stored(storedSession())
    redis.answer("session-update", updated(record, "REPLAYED"))
    expect(await serviceWith().updateSession(token, { n: 1 })).toMatchObject({ version: 2, attributes: { theme: "dark", n: 1 } })
    expect(redis.all("session-update")).toHaveLength(1)
    expect(events).toEqual([])
  })

  it.each([
    ["the client reconnected, and more than four changes came since", [0, 1], 6, true],
    ["the client cannot say whether it sent twice", [null], 6, true],
    ["the client reconnected, but the record remembers all changes since", [0, 1], 5, false],
    ["the client did not reconnect", [0, 0], 60, false],
  ] as const)("after a clash, when %s", async (_when, marks, version, unknown) => {
    const session = storedSession()
    const second = { ...session.record, version }
    redis.answer("get", encodeRecord(session.record), encodeRecord(second))
    redis.answer("session-update", [sessionUpdateStatus.CLASH, T, version], updated(second))
    redis.marks = [...marks]
    const work = serviceWith().updateSession(session.token, { n: 1 })
    if (unknown) {
      expect(await refuses("ERR_STORE_UNKNOWN", work)).toMatchObject({ outcome: "unknown", retryable: false })
      expect(redis.all("session-update")).toHaveLength(1)
    } else {
      expect(await work).toMatchObject({ version: version + 1 })
    }
  })

  it("with ifVersion writes nothing at another version", async () => {
    const { token } = stored(storedSession({ version: 4 }))
    await refuses("ERR_SESSION_CONFLICT", serviceWith().updateSession(token, { n: 1 }, { ifVersion: 3 }))
    expect(redis.names).toEqual(["get", "time"])
  })

  it("with ifVersion does not try again after a clash", async () => {
    const { token } = stored(storedSession())
    redis.answer("session-update", [sessionUpdateStatus.CLASH, T, 2])
    expect(await refuses("ERR_SESSION_CONFLICT", serviceWith().updateSession(token, { n: 1 }, { ifVersion: 1 }))).toMatchObject({
      outcome: "not-applied",
      retryable: true,
    })
    expect(redis.all("session-update")).toHaveLength(1)
  })

  it.each(["MISSING", "WRONG_SECRET"] as const)("is null at %s", async (status) => {
    const { token } = stored(storedSession())
    redis.answer("session-update", [sessionUpdateStatus[status], T])
    expect(await serviceWith().updateSession(token, { n: 1 })).toBeNull()
    // A secret that was right when it was read is no guess: another rotation came in between.
    expect(events).toEqual([])
  })

  it("repeats a change whose reply was lost, once and word for word, and rejects with the store's error when that is lost too", async () => {
    const { token } = stored(storedSession())
    redis.answer("session-update", new SessionError("ERR_STORE_TIMEOUT", "no answer"))
    expect(await refuses("ERR_STORE_TIMEOUT", serviceWith().updateSession(token, { n: 1 }))).toMatchObject({ outcome: "unknown" })
    const [first, second, ...others] = redis.all("session-update")
    expect(second).toEqual(first)
    expect(others).toEqual([])
  })

  it("does not repeat a change that was certainly not made", async () => {
    const { token } = stored(storedSession())
    redis.answer("session-update", new SessionError("ERR_STORE_UNAVAILABLE", "down"))
    await refuses("ERR_STORE_UNAVAILABLE", serviceWith().updateSession(token, { n: 1 }))
    expect(redis.all("session-update")).toHaveLength(1)
  })

  it("tries again with a later limit when it came too late, as the same change", async () => {
    const later = SERVER_MICROS + 60_000_000
    const { token, record } = stored(storedSession())
    redis.answer("session-update", [sessionUpdateStatus.LATE, String(later)], updated(record))
    expect(await serviceWith().updateSession(token, { n: 1 })).toMatchObject({ version: 2 })
    const [first, second] = redis.all("session-update")
    expect(Number(second?.args[3])).toBeGreaterThan(later)
    expect(second?.args.slice(0, 3)).toEqual(first?.args.slice(0, 3))
  })

  it("may be made as long as its call waits, and no longer, however late in the call it is sent", async () => {
    const { token, record } = storedSession()
    redis.answer("get", async () => {
      await pause(300)
      return encodeRecord(record)
    })
    redis.answer("session-update", updated(record))
    await serviceWith().updateSession(token, { n: 1 })
    // The server's time is asked after the read.
    expect(Number(redis.only("session-update").args[3])).toBeLessThan(SERVER_MICROS + 750_000)
  })

  it("gives up after three late copies: nothing was changed, and another try may succeed", async () => {
    const { token } = stored(storedSession())
    redis.answer("session-update", [sessionUpdateStatus.LATE, T])
    expect(await refuses("ERR_STORE_UNAVAILABLE", serviceWith().updateSession(token, { n: 1 }))).toMatchObject({ retryable: true, outcome: "not-applied" })
    expect(redis.all("session-update")).toHaveLength(3)
  })

  it("a clash that answers the second copy of a lost one, with more changes since than are remembered, is unknown", async () => {
    const { token } = stored(storedSession())
    redis.answer("session-update", new SessionError("ERR_STORE_TIMEOUT", "no answer"), [sessionUpdateStatus.CLASH, T, 6])
    await refuses("ERR_STORE_UNKNOWN", serviceWith().updateSession(token, { n: 1 }))
  })

  it("updates of one session follow each other; those of two run side by side", async () => {
    const session = stored(storedSession())
    let version = 1
    redis.answer("get", () => encodeRecord({ ...session.record, version }))
    redis.answer("session-update", (call: RecordedCall) => {
      const reply = updated(session.record)(call)
      version += 1
      return reply
    })
    const service = serviceWith()
    await Promise.all(Array.from({ length: 5 }, () => service.updateSession(session.token, (own) => own)))
    expect(redis.all("session-update").map(({ args }) => args[0])).toEqual([1, 2, 3, 4, 5])
    expect(events).toEqual([])
  })
})

describe("updateUserSession", () => {
  it("writes by handle, without a secret, for the record's own user", async () => {
    const { record } = stored(storedSession())
    redis.answer("session-update", updated(record))
    expect(await serviceWith().updateUserSession("ada", handleOf(record), { role: "admin" })).toMatchObject({ version: 2 })
    expect(redis.only("session-update").args).toEqual([
      1,
      expect.stringMatching(/^[\w-]{6}$/),
      encodeBody({ schemaVersion: 1, attributes: '{"theme":"dark","role":"admin"}' }, encodeFixed(record.fixed)),
      IN_TIME,
      "",
    ])
  })

  it("finds no session of another user, though both share a tag", async () => {
    const { record } = stored(storedSession())
    expect(await serviceWith().updateUserSession("bob", handleOf(record), { role: "admin" })).toBeNull()
    expect(redis.names.filter((name) => name.startsWith("session-"))).toEqual([])
  })
})

describe("extendSession", () => {
  it("is one script, and asks for the time once in a process", async () => {
    const { token, record } = storedSession()
    redis.answer("session-extend", [sessionExtendStatus.DONE, T, encodeRecord({ ...record, idleTimeout: 60_000, slack: 6_000 })])
    const session = await serviceWith().extendSession(token, "1m")
    expect(redis.calls).toEqual([
      { name: "time", keys: [], args: [] },
      { name: "session-extend", keys: [keyOf(record)], args: [60_000, 60_000, IN_TIME, offered(record.verifier)] },
    ])
    expect(session?.expiresAt.getTime()).toBe(record.lastAccessedAt + 60_000)
  })

  it("without a timeout keeps the session's own", async () => {
    const { token, record } = storedSession()
    redis.answer("session-extend", [sessionExtendStatus.DONE, T, encodeRecord(record)])
    await serviceWith({ touchInterval: "5s" }).extendSession(token)
    expect(redis.only("session-extend").args).toEqual(["", 5_000, IN_TIME, offered(record.verifier)])
  })

  it("offers every verifier that the secret may be stored under", async () => {
    const { token, record } = storedSession()
    redis.answer("session-extend", [sessionExtendStatus.MISSING, T])
    const secrets = ["a-newer-key-of-the-application-9876543210", "an-older-key-of-the-application-0123456789", "sha256"]
    expect(await serviceWith({ secrets }).extendSession(token)).toBeNull()
    const verifiers = String(redis.only("session-extend").args[3]).trim().split(" ")
    expect(verifiers).toHaveLength(3)
    expect(new Set(verifiers).size).toBe(3)
    expect(verifiers[2]).toBe(record.verifier)
  })

  it("tells a wrong secret, and a record that is none", async () => {
    const { token, record } = storedSession()
    redis.answer("session-extend", [sessionExtendStatus.WRONG_SECRET, T], [sessionExtendStatus.CORRUPT, T])
    expect(await serviceWith().extendSession(token)).toBeNull()
    expect(events).toEqual([{ type: "wrong-secret", sessionId: handleOf(record) }])
    await refuses("ERR_SESSION_CORRUPT", serviceWith().extendSession(token))
  })

  it.each([
    ["damaged", (text: string) => text.replace("dark", "park"), {}],
    ["of a newer release", (text: string) => text, { schemaVersion: 2 }],
  ])("of a session whose attributes are %s says that it was extended, and that it cannot be read", async (_what, change, body) => {
    const { token, record } = storedSession()
    const text = encodeRecord({ ...record, body: { ...record.body, ...body } })
    redis.answer("session-extend", [sessionExtendStatus.DONE, T, change(text)])
    const error = await refuses("ERR_SESSION_CORRUPT", serviceWith().extendSession(token))
    expect(error).toMatchObject({ outcome: "applied", retryable: false })
  })

  it("of a record that is none says that nothing was extended", async () => {
    redis.answer("session-extend", [sessionExtendStatus.CORRUPT, T])
    const error = await refuses("ERR_SESSION_CORRUPT", serviceWith().extendSession(storedSession().token))
    expect(error.outcome).toBe("not-applied")
  })
})

describe("rotateSession", () => {
  const rotated = (record: SessionRecord) => (call: RecordedCall) => [sessionRotateStatus.DONE, T, encodeRecord({ ...record, verifier: String(call.args[0]) })]

  it("reads first, and is one script; the new token keeps the handle, and its hash is stored", async () => {
    const { token, record } = stored(storedSession())
    redis.answer("session-rotate", rotated(record))
    const issued = await serviceWith().rotateSession(token)
    expect(redis.names).toEqual(["get", "time", "session-rotate"])
    expect(redis.only("session-rotate")).toEqual({
      name: "session-rotate",
      keys: [keyOf(record)],
      args: [hashed(issued?.token ?? ""), 10_000, 0, "", "", IN_TIME, offered(record.verifier)],
    })
    expect(issued?.token.slice(0, 26)).toBe(handleOf(record))
    expect(issued?.token).not.toBe(token)
    expect(events).toEqual([{ type: "rotated", sessionId: handleOf(record) }])
  })

  it.each([
    [{ grace: "30s" }, [30_000, 0]],
    [{ grace: 0 }, [0, 0]],
    [{ reauthenticated: true }, [0, 1]],
    [{ reauthenticated: true, grace: 0 }, [0, 1]],
  ] as const)("with %j sends grace and proof", async (options, expected) => {
    const { token, record } = stored(storedSession())
    redis.answer("session-rotate", rotated(record))
    await serviceWith().rotateSession(token, options)
    expect(redis.only("session-rotate").args.slice(1, 3)).toEqual(expected)
  })

  it("with changes reads first, and writes secret and attributes in one script without grace", async () => {
    const { token, record } = stored(storedSession({ version: 3 }))
    redis.answer("session-rotate", rotated({ ...record, version: 4 }))
    await serviceWith().rotateSession(token, { changes: { role: "admin" } })
    expect(redis.names).toEqual(["get", "time", "session-rotate"])
    expect(redis.only("session-rotate").args.slice(1)).toEqual([
      0,
      0,
      3,
      encodeBody({ schemaVersion: 1, attributes: '{"theme":"dark","role":"admin"}' }, encodeFixed(record.fixed)),
      IN_TIME,
      offered(record.verifier),
    ])
  })

  it("with changes reads again after a clash, and keeps its new secret", async () => {
    const session = storedSession()
    const second = { ...session.record, version: 2 }
    redis.answer("get", encodeRecord(session.record), encodeRecord(second)).answer("session-rotate", [sessionRotateStatus.CLASH, T, 2], rotated(second))
    await serviceWith().rotateSession(session.token, { changes: { n: 1 } })
    const [first, again] = redis.all("session-rotate")
    expect([first?.args[3], again?.args[3]]).toEqual([1, 2])
    expect(first?.args[0]).toBe(again?.args[0])
  })

  it("answers a repeated copy with the new token", async () => {
    const { token, record } = stored(storedSession())
    redis.answer("session-rotate", (call: RecordedCall) => [sessionRotateStatus.REPLAYED, T, encodeRecord({ ...record, verifier: String(call.args[0]) })])
    const issued = await serviceWith().rotateSession(token)
    expect(hashed(issued?.token ?? "")).toBe(redis.only("session-rotate").args[0])
  })

  it("tells who rotates with a secret that was replaced", async () => {
    const { token, record } = stored(storedSession())
    redis.answer("session-rotate", [sessionRotateStatus.REPLACED_SECRET, T])
    expect(await refuses("ERR_SESSION_CONFLICT", serviceWith().rotateSession(token))).toMatchObject({ retryable: false })
    expect(events).toEqual([{ type: "replaced-secret", sessionId: handleOf(record) }])
  })

  it("is null for a session that is gone, and refused for one that nobody signed in to", async () => {
    redis.answer("session-rotate", [sessionRotateStatus.MISSING, T], [sessionRotateStatus.NOT_AUTHENTICATED, T])
    const { token } = stored(storedSession())
    expect(await serviceWith().rotateSession(token)).toBeNull()
    await refuses("ERR_INVALID_ARGUMENT", serviceWith().rotateSession(token, { reauthenticated: true }))
    expect(events).toEqual([])
  })

  it("is never made for a session that cannot be shown, since its old token would be gone and no new one there", async () => {
    const { token } = stored(storedSession({ body: { schemaVersion: 9, attributes: "{}" } }))
    await refuses("ERR_SESSION_CORRUPT", serviceWith().rotateSession(token))
    expect(redis.names).toEqual(["get", "time"])
  })
})

describe("deleteSession", () => {
  const prefixOf = (record: SessionRecord): string => encodeRecord(record).slice(0, encodeRecord(record).indexOf('"body":["'))

  it("is one script, by secret", async () => {
    const { token, record } = storedSession()
    redis.answer("session-delete", [sessionDeleteStatus.DONE, T, prefixOf(record)])
    expect(await serviceWith().deleteSession(token)).toBe(true)
    expect(redis.calls).toEqual([{ name: "session-delete", keys: [keyOf(record)], args: ["", "", "", offered(record.verifier)] }])
    expect(events).toEqual([{ type: "ended", sessionId: handleOf(record), reason: "signed-out" }])
  })

  it.each([
    ["MISSING", []],
    ["WRONG_SECRET", ["wrong-secret"]],
  ] as const)("is false at %s, with ifVersion too", async (status, types) => {
    redis.answer("session-delete", [sessionDeleteStatus[status], T], [sessionDeleteStatus[status], T])
    expect(await serviceWith().deleteSession(storedSession().token)).toBe(false)
    expect(await serviceWith().deleteSession(storedSession().token, { ifVersion: 3 })).toBe(false)
    expect(events.map(({ type }) => type)).toEqual([...types, ...types])
  })

  it("sends the version that the session has to be at", async () => {
    const { token, record } = storedSession()
    redis.answer("session-delete", [sessionDeleteStatus.DONE, T, prefixOf(record)])
    expect(await serviceWith().deleteSession(token, { ifVersion: 3, reason: "replaced" })).toBe(true)
    expect(redis.calls).toEqual([{ name: "session-delete", keys: [keyOf(record)], args: ["", "", 3, offered(record.verifier)] }])
    expect(events).toEqual([{ type: "ended", sessionId: handleOf(record), reason: "replaced" }])
  })

  it("is a conflict at another version, and prunes nothing", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    redis.answer("session-delete", [sessionDeleteStatus.CLASH, T, "5"])
    const error = await refuses("ERR_SESSION_CONFLICT", serviceWith().deleteSession(storedSession().token, { ifVersion: 3 }))
    expect(error).toMatchObject({ outcome: "not-applied", retryable: true, message: expect.stringMatching(/version 3, got 5/) })
    await vi.advanceTimersByTimeAsync(2 * (MEMORY / 1000))
    expect(redis.names).toEqual(["session-delete"])
    expect(events).toEqual([])
  })

  it("says that a record's version cannot be read, instead of ending it or denying that it is there", async () => {
    redis.answer("session-delete", [sessionDeleteStatus.CORRUPT, T])
    const { token, record } = storedSession()
    await refuses("ERR_SESSION_CORRUPT", serviceWith().deleteSession(token, { ifVersion: 3 }))
    expect(redis.names).toEqual(["session-delete"])
    expect(events).toEqual([{ type: "corrupt", sessionId: handleOf(record) }])
  })

  it("is false after a lost reply when the second copy finds nothing, and a conflict when it finds another version", async () => {
    redis.answer("session-delete", lostReply(), [sessionDeleteStatus.MISSING, T], lostReply(), [sessionDeleteStatus.CLASH, T, "4"])
    const service = serviceWith()
    expect(await service.deleteSession(storedSession().token, { ifVersion: 3 })).toBe(false)
    await refuses("ERR_SESSION_CONFLICT", service.deleteSession(storedSession().token, { ifVersion: 3 }))
    expect(redis.calls.map(({ args }) => args[2])).toEqual([3, 3, 3, 3])
  })

  it("takes ended sessions out of their lists later, in one script for many lists", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    const sessions = [storedSession(), storedSession(), storedSession({}, "bob"), storedSession({}, null)]
    for (const { record } of sessions)
      redis.answer("session-delete", ...sessions.map((one) => [sessionDeleteStatus.DONE, T, prefixOf(one.record)]), [
        sessionDeleteStatus.MISSING,
        T,
        prefixOf(record),
      ])
    redis.answer("index-prune", [T, "1"])
    const service = serviceWith()
    for (const { token } of sessions) await service.deleteSession(token)
    await vi.advanceTimersByTimeAsync(MEMORY / 1000 - 100)
    expect(redis.names).not.toContain("index-prune")
    await vi.advanceTimersByTimeAsync(1_000)
    const [one, two, bobs] = sessions.map(({ record }) => keyOf(record))
    expect(redis.all("index-prune")).toEqual([{ name: "index-prune", keys: [indexOf("ada"), one, two, indexOf("bob"), bobs], args: [MEMORY, 2, 1] }])
  })

  it("a failed prune is nobody's failure", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    const { token, record } = storedSession()
    redis.answer("session-delete", [sessionDeleteStatus.DONE, T, prefixOf(record)]).answer("index-prune", new SessionError("ERR_STORE_UNAVAILABLE", "down"))
    expect(await serviceWith().deleteSession(token)).toBe(true)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(redis.all("index-prune")).toHaveLength(1)
  })
})

describe("deleteUserSession", () => {
  it("is decided by the user id in the record, as JSON", async () => {
    redis.answer("session-delete", [sessionDeleteStatus.MISSING, T])
    const { record } = storedSession()
    expect(await serviceWith().deleteUserSession('a"d\u2028a', handleOf(record))).toBe(false)
    expect(redis.calls).toEqual([{ name: "session-delete", keys: [keyOf(record)], args: [JSON.stringify('a"d\u2028a'), "", "", ""] }])
  })

  it.each([
    ["is named by the user's list", "1", [true], true, ["session-delete", "index-lists", "unlink"]],
    ["is gone meanwhile", "1", [false], false, ["session-delete", "index-lists", "unlink"]],
    ["is not named by it", "0", [true], false, ["session-delete", "index-lists"]],
  ] as const)("a record that names nobody is the user's when it %s", async (_what, listed, existed, answer, names) => {
    const { record } = storedSession()
    redis.answer("session-delete", [sessionDeleteStatus.CORRUPT, T]).answer("index-lists", [T, listed]).answer("unlink", existed)
    expect(await serviceWith().deleteUserSession("ada", handleOf(record))).toBe(answer)
    expect(redis.names).toEqual(names)
    expect(redis.only("index-lists")).toMatchObject({ keys: [indexOf("ada")], args: [record.id] })
    expect(events).toEqual(answer ? [{ type: "ended", sessionId: handleOf(record), reason: "revoked" }] : [])
  })

  it("after a lost reply and a disruption asks again as the same user, so that a handle of somebody else's session ends nothing", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
    redis.answer("session-delete", lostReply(), [sessionDeleteStatus.MISSING, T])
    const { record } = storedSession()
    expect(await serviceWith().deleteUserSession("bob", handleOf(record))).toBe(false)
    redis.forget()
    redis.disrupt()
    await vi.advanceTimersByTimeAsync(500)
    expect(redis.calls).toEqual([{ name: "session-delete", keys: [keyOf(record)], args: ['"bob"', "", "", ""] }])
    expect(events).toEqual([])
  })
})

describe("deleteUserSessions", () => {
  // Each would say that there is nothing to end, up to a time long past.
  it.each([
    ["a list of lists", [[-7], [-7]]],
    ["a score in a list", [T, [7]]],
    ["a negative score", [T, "-7"]],
    ["no score", [T]],
  ])("takes %s for the answer of a broken server, and says that nothing is known to be ended", async (_what, reply) => {
    redis.answer("index-cutoff", reply)
    await refuses("ERR_STORE_PROTOCOL", serviceWith().deleteUserSessions("ada"))
    expect(redis.names).toEqual(["index-cutoff"])
  })

  it("after a lost reply remembers those too that the first copy may have ended", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] })
    const { record } = storedSession()
    redis.answer("index-cutoff", [T, T, record.id, T]).answer("index-end", lostReply(), [T, "1", "0", "0"]).answer("index-page", [T])
    expect(await serviceWith().deleteUserSessions("ada")).toBe(0)
    redis.forget()
    redis.answer("session-delete", [sessionDeleteStatus.DONE, T, ""])
    redis.disrupt()
    await vi.advanceTimersByTimeAsync(500)
    expect(redis.calls).toEqual([{ name: "session-delete", keys: [keyOf(record)], args: ['"ada"', "", "", ""] }])
    expect(events).toEqual([{ type: "ended-again", sessionId: handleOf(record) }])
  })

  it("takes the cut-off and the first page at once, and is done where the list then names nobody else", async () => {
    const [one, two, stays] = [storedSession(), storedSession(), storedSession()]
    const member = ({ record }: StoredSession): string[] => [record.id, String(record.createdMicros)]
    redis.answer("index-cutoff", [T, "1900000000000007", ...member(one), ...member(two), ...member(stays)])
    redis.answer("index-end", [T, "2", "10", "1"])
    expect(await serviceWith().deleteUserSessions("ada", { except: handleOf(stays.record) })).toBe(1)
    expect(redis.names).toEqual(["index-cutoff", "index-end"])
    expect(redis.only("index-cutoff")).toEqual({ name: "index-cutoff", keys: [indexOf("ada")], args: [500] })
    expect(redis.only("index-end")).toMatchObject({
      keys: [indexOf("ada"), keyOf(one.record), keyOf(two.record)],
      args: [MEMORY],
    })
    expect(events).toEqual([{ type: "ended", sessionId: handleOf(one.record), reason: "revoked" }])
  })

  it("repeats passes up to the cut-off while the list names sessions that a pass went by, until one ends nothing", async () => {
    const [one, healed, stays] = [storedSession(), storedSession(), storedSession()]
    const member = ({ record }: StoredSession): string[] => [record.id, String(record.createdMicros)]
    redis.answer("index-cutoff", [T, "1900000000000007", ...member(one), ...member(stays)])
    redis.answer("index-page", [T, ...member(healed), ...member(stays)], [T, ...member(stays)])
    redis.answer("index-end", [T, "1", "1", "2"], [T, "1", "1", "2"])
    expect(await serviceWith().deleteUserSessions("ada", { except: handleOf(stays.record) })).toBe(2)
    expect(redis.names).toEqual(["index-cutoff", "index-end", "index-page", "index-end", "index-page"])
    expect(redis.all("index-page")[0]).toEqual({ name: "index-page", keys: [indexOf("ada")], args: ["FWD", "-inf", "1900000000000007", 500] })
  })

  it("looks at the list once more after a lost reply: nobody counted what the first copy took out of it", async () => {
    const [one, two] = [storedSession(), storedSession()]
    const member = ({ record }: StoredSession): string[] => [record.id, String(record.createdMicros)]
    redis.answer("index-cutoff", [T, T, ...member(one), ...member(two)]).answer("index-page", [T])
    redis.answer("index-end", lostReply(), [T, "0", "01", "1"])
    expect(await serviceWith().deleteUserSessions("ada")).toBe(1)
    expect(redis.names).toEqual(["index-cutoff", "index-end", "index-end", "index-page"])
  })

  it("goes on from the last member of a full page", async () => {
    const members = Array.from({ length: 501 }, (_, n) => [storedSession().record.id, String(1_800_000_000_000_000 + n)])
    redis.answer("index-cutoff", [T, T, ...members.slice(0, 500).flat()])
    redis.answer("index-page", [T, ...(members[499] ?? []), ...(members[500] ?? [])])
    redis.answer("index-end", (call: RecordedCall) => [T, String(call.keys.length - 1), "1".repeat(call.keys.length - 1), "0"])
    expect(await serviceWith().deleteUserSessions("ada")).toBe(501)
    expect(redis.all("index-page").map(({ args }) => args)).toEqual([["FWD", String(1_800_000_000_000_499), T, 500]])
    expect(redis.all("index-end").map(({ keys }) => keys.length - 1)).toEqual([125, 125, 125, 125, 1])
  })

  it("does not end again what the list still names because its memory needs it", async () => {
    const [one, healed] = [storedSession(), storedSession()]
    redis.answer("index-cutoff", [T, T, one.record.id, T])
    redis.answer("index-page", [T, one.record.id, T, healed.record.id, T], [T, one.record.id, T, healed.record.id, T])
    redis.answer("index-end", [T, "0", "1", "2"], [T, "0", "1", "2"])
    expect(await serviceWith().deleteUserSessions("ada")).toBe(2)
    expect(redis.all("index-end").map(({ keys }) => keys.slice(1))).toEqual([[keyOf(one.record)], [keyOf(healed.record)]])
    expect(redis.all("index-page")).toHaveLength(1)
  })

  it("has six steps under way at most", async () => {
    const members = Array.from({ length: 875 }, (_, n) => [storedSession().record.id, String(1_800_000_000_000_000 + n)])
    redis.answer("index-cutoff", [T, T, ...members.slice(0, 500).flat()])
    redis.answer("index-page", [T, ...members.slice(499).flat()], [T])
    const answers: (() => void)[] = []
    redis.answer("index-end", ({ keys }: RecordedCall) => {
      const ended = keys.length - 1
      return new Promise((resolve) => answers.push(() => resolve([T, String(ended), "1".repeat(ended), "0"])))
    })
    const ending = serviceWith().deleteUserSessions("ada")
    await vi.waitFor(() => expect(answers).toHaveLength(6))
    await pause(5)
    expect(answers).toHaveLength(6)
    answers.shift()?.()
    await vi.waitFor(() => expect(answers).toHaveLength(6))
    for (const answer of answers) answer()
    expect(await ending).toBe(875)
  })

  it("tells what a step came to that was under way when the next page could not be read", async () => {
    const members = Array.from({ length: 500 }, (_, n) => [storedSession().record.id, String(1_800_000_000_000_000 + n)])
    redis.answer("index-cutoff", [T, T, ...members.flat()]).answer("index-page", lostReply(), lostReply())
    redis.answer("index-end", [T, "125", "1".repeat(125), "0"])
    await expect(serviceWith().deleteUserSessions("ada")).rejects.toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "unknown" })
    expect(events.filter(({ type }) => type === "ended")).toHaveLength(500)
  })

  it("on a cluster ends sessions one by one, because a slot that moves lets no script touch several of them", async () => {
    const { record } = storedSession()
    redis.singleNode = false
    redis.answer("index-cutoff", [T, T, record.id, T]).answer("index-page", [T])
    redis.answer("unlink", [true]).answer("index-prune", [T, "1"])
    expect(await serviceWith().deleteUserSessions("ada")).toBe(1)
    expect(redis.names).toEqual(["index-cutoff", "unlink", "index-prune", "index-page"])
  })

  it.each([
    ["no word of what was there", [T, "1"]],
    ["a word of others", [T, "1", "10"]],
  ])("takes %s for the answer of a broken server", async (_what, reply) => {
    const { record } = storedSession()
    redis.answer("index-cutoff", [T, T, record.id, T]).answer("index-end", reply)
    await refuses("ERR_STORE_PROTOCOL", serviceWith().deleteUserSessions("ada"))
  })

  it("thorough also walks every node over the user's tag, and lets the record decide", async () => {
    const lost = storedSession()
    redis.primaries = 2
    redis.singleNode = false
    redis.answer("index-cutoff", [T, T])
    redis.answer("scan", { cursor: "7", keys: [keyOf(lost.record), "session:{x}.foreign"] }, { cursor: "0", keys: [] })
    redis.answer("session-delete", [sessionDeleteStatus.DONE, T, ""])
    expect(await serviceWith().deleteUserSessions("ada", { thorough: true, reason: "replaced" })).toBe(1)
    // Twice, because a key may move to a node that the walk has gone by.
    expect(redis.all("scan").map(({ args }) => args.slice(0, 3))).toEqual([
      [0, "0", `session:{${ADA.tag}}.*`],
      [0, "7", `session:{${ADA.tag}}.*`],
      [1, "0", `session:{${ADA.tag}}.*`],
      [0, "0", `session:{${ADA.tag}}.*`],
      [1, "0", `session:{${ADA.tag}}.*`],
    ])
    expect(redis.only("session-delete")).toEqual({ name: "session-delete", keys: [keyOf(lost.record)], args: ['"ada"', T, "", ""] })
    expect(events).toEqual([{ type: "ended", sessionId: handleOf(lost.record), reason: "replaced" }])
  })
})

describe("a thorough sign-out", () => {
  const walked = (): number => redis.all("scan").length

  it("goes over a single server once, in steps no larger than the rate", async () => {
    redis.answer("index-cutoff", [T, T])
    redis.answer("scan", { cursor: "7", keys: [] }, { cursor: "0", keys: [] })
    const told: unknown[] = []
    const thorough = { maxPerSecond: 20, onProgress: (progress: unknown) => told.push(progress) }
    const began = performance.now()
    expect(await serviceWith().deleteUserSessions("ada", { thorough })).toBe(0)
    // One pause of a second, for twenty keys.
    expect(performance.now() - began).toBeGreaterThan(900)
    expect(redis.all("scan").map(({ args }) => args[3])).toEqual([20, 20])
    expect(told).toEqual([
      { scanned: 20, ended: 0 },
      { scanned: 40, ended: 0 },
    ])
  })

  it.each(["signal", "close"])("is stopped in its pause by %s", async (by) => {
    redis.answer("index-cutoff", [T, T]).answer("scan", { cursor: "7", keys: [] })
    const service = serviceWith()
    const controller = new AbortController()
    const began = performance.now()
    const running = service.deleteUserSessions("ada", { thorough: { maxPerSecond: 1 }, signal: controller.signal }).catch((error: unknown) => error)
    await vi.waitFor(() => expect(walked()).toBe(1))
    if (by === "signal") controller.abort(new Error("own reason"))
    else await service.close()
    expect(await running).toMatchObject(by === "signal" ? { message: "own reason" } : { code: "ERR_CLOSED", outcome: "not-applied" })
    expect(walked()).toBe(1)
    expect(performance.now() - began).toBeLessThan(990)
  })

  it("goes round a cluster again when a node has joined or left", async () => {
    redis.singleNode = false
    redis.answer("index-cutoff", [T, T])
    redis.answer("scan", () => {
      if (walked() === 2) redis.primaries = 2
      return { cursor: "0", keys: [] }
    })
    expect(await serviceWith().deleteUserSessions("ada", { thorough: true })).toBe(0)
    expect(redis.all("scan").map(({ args }) => args[0])).toEqual([0, 0, 0, 1])
  })

  it("that fails at one session tells of the others of that step first, however late they end", async () => {
    const lost = [storedSession(), storedSession(), storedSession()]
    const [refused, ...others] = lost.map(({ record }) => keyOf(record))
    redis.answer("index-cutoff", [T, T])
    redis.answer("scan", { cursor: "7", keys: [refused, ...others] })
    redis.answer("session-delete", async ({ keys }: RecordedCall) => {
      if (keys[0] === refused) throw new SessionError("ERR_STORE_UNAVAILABLE", "Expected a primary, got a replica.")
      // By then everything that the failure leads to at once has come about.
      await new Promise((resolve) => setImmediate(resolve))
      return [sessionDeleteStatus.DONE, T, ""]
    })
    const progress = vi.fn()
    const error = await refuses("ERR_STORE_UNAVAILABLE", serviceWith().deleteUserSessions("ada", { thorough: { onProgress: progress } }))
    expect(error.outcome).toBe("unknown")
    expect(events).toEqual(lost.slice(1).map(({ record }) => ({ type: "ended", sessionId: handleOf(record), reason: "revoked" })))
    expect(progress).not.toHaveBeenCalled()
    expect(walked()).toBe(1)
  })
})

describe("getUserSessions", () => {
  it("reads a page of the list and its records: two round trips", async () => {
    const sessions = [storedSession(), storedSession()]
    redis.answer("index-page", [T, ...sessions.flatMap(({ record }) => [record.id, String(record.createdMicros)])])
    redis.answer(
      "mget",
      sessions.map(({ record }) => encodeRecord(record)),
    )
    const page = await serviceWith().getUserSessions("ada")
    expect(redis.calls).toEqual([
      { name: "index-page", keys: [indexOf("ada")], args: ["REV", "+inf", "-inf", 51] },
      { name: "mget", keys: sessions.map(({ record }) => keyOf(record)), args: [] },
    ])
    expect(page.sessions.map(({ sessionId }) => sessionId)).toEqual(sessions.map(({ record }) => handleOf(record)))
    expect(page).not.toHaveProperty("cursor")
  })

  it("goes by dead members within one call, and leaves out what has the score of the last member but was seen", async () => {
    const { record } = storedSession()
    const dead = (at: number): string => `${"A".repeat(20)}${String.fromCharCode(122 - at)}A`
    const page = (from: number, count: number): unknown[] => [T, ...Array.from({ length: count }, (_, n) => [dead(from + n), "1800000000000004"]).flat()]
    redis.answer("index-page", page(0, 3), page(2, 13), [T, dead(14), "1800000000000004", record.id, "1800000000000003"])
    redis.answer("mget", (call: RecordedCall) => call.keys.map((key) => (key === keyOf(record) ? encodeRecord(record) : null)))
    const { sessions, ...rest } = await serviceWith().getUserSessions("ada", { limit: 2 })
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual([handleOf(record)])
    expect(rest).not.toHaveProperty("cursor")
    expect(redis.all("index-page").map(({ args }) => args)).toEqual([
      ["REV", "+inf", "-inf", 3],
      ["REV", "1800000000000004", "-inf", 13],
      ["REV", "1800000000000004", "-inf", 49],
    ])
    expect(redis.all("mget").map(({ keys }) => keys.length)).toEqual([3, 12, 1])
  })

  it("ends a page after ten steps, and goes on behind the last member seen, dead as it is", async () => {
    let step = 0
    redis.answer("index-page", (call: RecordedCall) => {
      step += 1
      const count = Number(call.args[3])
      return [
        T,
        ...Array.from({ length: count }, (_, n) => [
          `${"A".repeat(17)}${String(step * 500 - n).padStart(4, "0")}A`,
          String(10_000_000 - step * 1_000 - n),
        ]).flat(),
      ]
    })
    redis.answer("mget", (call: RecordedCall) => call.keys.map(() => null))
    const { sessions, cursor } = await serviceWith().getUserSessions("ada", { limit: 200 })
    expect(sessions).toEqual([])
    expect(redis.all("index-page").map(({ args }) => args[3])).toEqual([201, ...Array.from({ length: 9 }, () => 501)])
    expect(cursor).toBe(`${ADA.user}.${10_000_000 - 10_000 - 500}.${"A".repeat(17)}4500A`)
  })

  it("takes dead members out of the list later, and leaves out pending and foreign sessions", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    const mine = storedSession()
    const pending = storedSession({ authenticatedAt: null, fixed: { ...mine.record.fixed, userId: null, pendingUserId: "ada" } })
    const foreign = storedSession({ fixed: { ...mine.record.fixed, userId: "bob" } })
    const dead = storedSession()
    redis.answer("index-page", [T, ...[mine, pending, foreign, dead].flatMap(({ record }) => [record.id, String(record.createdMicros)])])
    redis.answer("mget", [...[mine, pending, foreign].map(({ record }) => encodeRecord(record)), null]).answer("index-prune", [T, "1"])
    const { sessions } = await serviceWith().getUserSessions("ada")
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual([handleOf(mine.record)])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(redis.only("index-prune")).toMatchObject({ keys: [indexOf("ada"), keyOf(dead.record)], args: [MEMORY, 1] })
  })

  it("one record that cannot be read does not hide the others", async () => {
    const [good, bad] = [storedSession(), storedSession()]
    redis
      .answer("index-page", [T, ...[bad, good].flatMap(({ record }) => [record.id, String(record.createdMicros)])])
      .answer("mget", ["{}", encodeRecord(good.record)])
    expect((await serviceWith().getUserSessions("ada")).sessions.map(({ sessionId }) => sessionId)).toEqual([handleOf(good.record)])
    expect(events).toEqual([{ type: "corrupt", sessionId: handleOf(bad.record) }])
  })
})

describe("cleanupExpiredSessions", () => {
  it("walks all nodes under the prefix, counts, and prunes dead members", async () => {
    const [live, orphan] = [storedSession(), storedSession({ lastAccessedAt: SERVER_MS - 80_000_000 })]
    const prefixed = (key: string): string => `shop:${key}`
    redis.primaries = 2
    redis.singleNode = false
    redis.answer(
      "scan",
      { cursor: "0", keys: [...[live, orphan].map(({ record }) => prefixed(keyOf(record))), prefixed(indexOf("ada")), "shop:session_notes:{a}"] },
      { cursor: "0", keys: [] },
    )
    redis
      .answer(
        "mget",
        [live, orphan].map(({ record }) => encodeRecord(record)),
      )
      .answer("index-lists", [T, "1"], [T, "0"])
    redis.answer("index-page", [T, live.record.id, "1", storedSession().record.id, "2"]).answer("index-prune", [T, "1"])
    const report = await serviceWith({ keyPrefix: "shop:" }).cleanupExpiredSessions({ maxPerSecond: 10_000_000 })
    expect(redis.all("scan").map(({ args }) => args)).toEqual([
      [0, "0", "shop:*session*:{*", 200],
      [1, "0", "shop:*session*:{*", 200],
    ])
    expect(report).toEqual({ scanned: 4, live: 2, idle: 1, orphaned: 1, pruned: 1, idleAges: { hour: 1, day: 1, week: 0, month: 0, older: 0 } })
    expect(redis.only("index-prune").keys[0]).toBe(prefixed(indexOf("ada")))
  })

  /** Stops after so many parts. */
  async function stopped(parts: number): Promise<CleanupReport> {
    const stop = new AbortController()
    let heard = 0
    return serviceWith().cleanupExpiredSessions({
      maxPerSecond: 10_000_000,
      signal: stop.signal,
      onProgress: () => {
        heard += 1
        if (heard === parts) stop.abort()
      },
    })
  }

  it("goes on at the node and place of a cursor, with as many entries as the rate allows", async () => {
    redis.primaries = 4
    redis.singleNode = false
    redis.answer("scan", { cursor: "0", keys: [] }, { cursor: "17", keys: [] })
    const { cursor } = await stopped(2)
    redis.calls.length = 0
    redis.answer("scan", { cursor: "0", keys: [] }, { cursor: "0", keys: [] }, { cursor: "0", keys: [] })
    await serviceWith().cleanupExpiredSessions({ cursor, maxPerSecond: 50_000 })
    expect(redis.all("scan").map(({ args: [node, place] }) => [node, place])).toEqual([
      [1, "17"],
      [2, "0"],
      [3, "0"],
    ])
    redis.answer("scan", { cursor: "0", keys: [] })
    redis.primaries = 1
    redis.singleNode = true
    await serviceWith().cleanupExpiredSessions({ maxPerSecond: 50 })
    expect(redis.calls.at(-1)?.args).toEqual([0, "0", "*session*:{*", 50])
  })

  it("begins anew where the primaries are others than when it stopped, lest it leave one out", async () => {
    redis.primaries = 2
    redis.singleNode = false
    redis.answer("scan", { cursor: "0", keys: [] })
    const { cursor } = await stopped(1)
    redis.calls.length = 0
    redis.primaries = 3
    redis.singleNode = false
    redis.answer("scan", { cursor: "0", keys: [] }, { cursor: "0", keys: [] }, { cursor: "0", keys: [] })
    expect((await serviceWith().cleanupExpiredSessions({ cursor, maxPerSecond: 10_000_000 })).cursor).toBeUndefined()
    expect(redis.all("scan").map(({ args: [node] }) => node)).toEqual([0, 1, 2])
    // Also where the client knows of one alone for a moment.
    redis.primaries = 1
    redis.answer("scan", { cursor: "0", keys: [] })
    expect((await serviceWith().cleanupExpiredSessions({ cursor, maxPerSecond: 10_000_000 })).cursor).toBeUndefined()
  })

  it.each(["0.18446744073709551616", "1.0", "0.0.00000000", "0", "0.x", "0.0.0"])("refuses the cursor %s on one server", async (cursor) => {
    await expect(serviceWith().cleanupExpiredSessions({ cursor })).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
    expect(redis.names).toEqual([])
  })

  it("goes over a long list in parts, and stops between them, to begin with that step", async () => {
    const members = Array.from({ length: 200 }, (_unused, at) => [storedSession().record.id, String(at + 1)]).flat()
    redis.answer("scan", { cursor: "17", keys: [indexOf("ada")] })
    redis.answer("index-page", [T, ...members], [T, ...members], [T]).answer("index-prune", [T, "200"], [T, "200"])
    expect(await stopped(1)).toMatchObject({ scanned: 200, pruned: 200, cursor: "0.0" })
    expect(redis.all("index-prune")).toHaveLength(1)
  })

  it("passes by a list that is none, and counts those who should be in it as orphaned", async () => {
    const { record } = storedSession()
    const damaged = new SessionError("ERR_STORE_PROTOCOL", "another type")
    redis.answer("scan", { cursor: "0", keys: [keyOf(record), indexOf("bob"), indexOf("ada")] })
    redis.answer("mget", [encodeRecord(record)]).answer("index-lists", damaged)
    redis.answer("index-page", damaged, [T, storedSession().record.id, "1"]).answer("index-prune", [T, "1"])
    expect(await serviceWith().cleanupExpiredSessions({ maxPerSecond: 10_000_000 })).toMatchObject({ live: 1, orphaned: 1, pruned: 1 })
  })

  it("fails where it may prune nothing, and goes on where a slot is moving", async () => {
    for (const code of ["ERR_STORE_REFUSED", "ERR_STORE_UNAVAILABLE"] as const) {
      redis.answer("scan", { cursor: "0", keys: [indexOf("ada")] })
      redis.answer("index-page", [T, storedSession().record.id, "1"]).answer("index-prune", new SessionError(code, "no"))
      const done = serviceWith().cleanupExpiredSessions({ maxPerSecond: 10_000_000 })
      if (code === "ERR_STORE_REFUSED") await expect(done).rejects.toMatchObject({ code })
      else expect(await done).toMatchObject({ scanned: 1, pruned: 0 })
    }
  })
})

describe("malformed tokens and handles", () => {
  const { token, record } = storedSession()
  const malformed = ["", "x", handleOf(record), `${token} `, token.replaceAll(".", ":"), `${token.slice(0, -1)}B`, "a".repeat(100_000)]

  it("are null or false, and no command is sent", async () => {
    const service = serviceWith()
    for (const bad of malformed) {
      expect(await service.getSession(bad)).toBeNull()
      expect(await service.updateSession(bad, { n: 1 })).toBeNull()
      expect(await service.extendSession(bad)).toBeNull()
      expect(await service.rotateSession(bad)).toBeNull()
      expect(await service.rotateSession(bad, { changes: { n: 1 } })).toBeNull()
      expect(await service.deleteSession(bad)).toBe(false)
      if (bad === handleOf(record)) continue
      expect(await service.updateUserSession("ada", bad, { n: 1 })).toBeNull()
      expect(await service.deleteUserSession("ada", bad)).toBe(false)
    }
    expect(await service.getSession(null)).toBeNull()
    expect(await service.getSession(undefined)).toBeNull()
    expect(await service.deleteSession(null)).toBe(false)
    expect(redis.calls).toEqual([])
  })
})

/** Every method, with input that is refused. */
const REFUSED: Readonly<Record<string, (service: SessionService<Attributes>, token: string, handle: string) => Promise<unknown>>> = {
  "createSession: an empty user id": (service) => service.createSession({ userId: "" }),
  "createSession: two users": (service) => service.createSession({ userId: "ada", pendingUserId: "ada" }),
  "createSession: attributes that are not JSON": (service) => service.createSession({ attributes: { at: new Date() } }),
  "createSession: a duration without a unit": (service) => service.createSession({ idleTimeout: "10" as never }),
  "createSession: an unknown option": (service) => service.createSession({ maxSession: 5 } as never),
  "updateSession: a change that is not JSON": (service, token) => service.updateSession(token, { n: Number.NaN }),
  "updateSession: ifVersion 0": (service, token) => service.updateSession(token, {}, { ifVersion: 0 }),
  "updateUserSession: no user": (service, _token, handle) => service.updateUserSession("", handle, {}),
  "extendSession: no time": (service, token) => service.extendSession(token, 0),
  "rotateSession: too long a grace": (service, token) => service.rotateSession(token, { grace: "2m" }),
  "rotateSession: grace with changes": (service, token) => service.rotateSession(token, { grace: "1s", changes: {} }),
  "deleteSession: an unknown reason": (service, token) => service.deleteSession(token, { reason: "bored" as never }),
  "deleteUserSession: lone surrogates": (service, _token, handle) => service.deleteUserSession("\ud800", handle),
  "deleteUserSessions: a misspelt handle": (service) => service.deleteUserSessions("ada", { except: "x" }),
  "getUserSessions: a foreign cursor": (service) => service.getUserSessions("ada", { cursor: "x" }),
  "getUserSessions: a limit of 201": (service) => service.getUserSessions("ada", { limit: 201 }),
  "cleanupExpiredSessions: no rate": (service) => service.cleanupExpiredSessions({ maxPerSecond: 0 }),
  "cleanupExpiredSessions: a foreign cursor": (service) => service.cleanupExpiredSessions({ cursor: "x" }),
}

describe("refused input", () => {
  it.each(Object.entries(REFUSED))("%s: no command is sent, not even for the time", async (_what, call) => {
    const { token, record } = storedSession()
    await refuses("ERR_INVALID_ARGUMENT", call(serviceWith(), token, handleOf(record)))
    expect(redis.names).toEqual([])
  })

  it("attributes that are too large: no command is sent", async () => {
    await refuses("ERR_SESSION_TOO_LARGE", serviceWith().createSession({ attributes: { text: "x".repeat(66_000) } }))
    expect(redis.names).toEqual([])
  })

  it("options of the service are refused when it is made", () => {
    for (const options of [{ idleTimeout: "10" }, { keyPrefix: "a{b}" }, { secrets: ["short"] }, { maxSessionsPerUser: 0 }] as never[]) {
      expect(() => new SessionService(redis, options)).toThrow(expect.objectContaining({ code: "ERR_CONFIG_INVALID" }))
    }
  })
})

describe("signal, ping and close", () => {
  it("tells a caller's own reason as it is, also an error of ours", async () => {
    redis.answer("session-extend", () => new Promise(() => undefined))
    for (const reason of [new SessionError("ERR_NOT_PERMITTED", "another call failed"), new SessionError("ERR_STORE_TIMEOUT", "of another store")]) {
      const controller = new AbortController()
      const call = serviceWith().extendSession(storedSession().token, "10m", { signal: controller.signal })
      setImmediate(() => controller.abort(reason))
      await expect(call).rejects.toBe(reason)
    }
  })

  it("an aborted signal sends nothing", async () => {
    const signal = AbortSignal.abort(new Error("enough"))
    const { token } = storedSession()
    const service = serviceWith()
    for (const call of [
      service.getSession(token, { signal }),
      service.createSession({ signal }),
      service.deleteSession(token, { signal }),
      service.ping({ signal }),
    ]) {
      await expect(call).rejects.toThrow("enough")
    }
    expect(redis.calls).toEqual([])
  })

  it("ping is a PING", async () => {
    await serviceWith().ping()
    expect(redis.names).toEqual(["ping"])
  })

  it("close leaves list members to others, closes the adapter once, and nothing is sent afterwards", async () => {
    const { token, record } = storedSession()
    const text = encodeRecord(record)
    redis.answer("session-delete", [sessionDeleteStatus.DONE, T, text.slice(0, text.indexOf('"body":["'))])
    const service = serviceWith()
    await service.deleteSession(token)
    await Promise.all([service.close(), service.close()])
    expect(redis.names).toEqual(["session-delete"])
    expect(redis.closed).toBe(1)
    redis.forget()
    const calls = [
      () => service.createSession({}),
      () => service.getSession(token),
      () => service.getSession(""),
      () => service.updateSession(token, {}),
      () => service.updateUserSession("ada", handleOf(record), {}),
      () => service.extendSession(token),
      () => service.rotateSession(token),
      () => service.deleteSession(token),
      () => service.deleteUserSession("ada", handleOf(record)),
      () => service.deleteUserSessions("ada"),
      () => service.getUserSessions("ada"),
      () => service.cleanupExpiredSessions(),
      () => service.ping(),
    ]
    for (const call of calls) await refuses("ERR_CLOSED", call())
    expect(redis.calls).toEqual([])
  })

  it("close waits for what runs", async () => {
    const { token, record } = storedSession()
    let finish: (text: string) => void = () => {}
    redis.answer("get", () => new Promise<string>((resolve) => (finish = resolve)))
    const service = serviceWith()
    const read = service.getSession(token)
    await vi.waitFor(() => expect(redis.names).toEqual(["get"]), { interval: 1 })
    const closing = service.close()
    expect(redis.closed).toBe(0)
    finish(encodeRecord(record))
    expect(await read).not.toBeNull()
    await closing
    expect(redis.closed).toBe(1)
  })
})

describe("declared keys", () => {
  it("every key of a script lies in one slot, and no argument holds the name of a key", async () => {
    const session = storedSession({ lastAccessedAt: SERVER_MS - 60_000 })
    const text = encodeRecord(session.record)
    const prefix = text.slice(0, text.indexOf('"body":["'))
    redis
      .answer("get", text)
      .answer("mget", [text])
      .answer("unlink", [true])
      .answer("scan", { cursor: "0", keys: [keyOf(session.record), indexOf("ada")] })
    redis
      .answer("session-create", created())
      .answer("session-touches", [T, 0])
      .answer("session-update", updated(session.record))
      .answer("session-extend", [0, T, text])
    redis.answer("session-rotate", [0, T, text]).answer("session-delete", [0, T, prefix]).answer("index-heal", [T, "0"]).answer("index-lists", [T, "1"])
    redis.answer("index-page", [T, session.record.id, "1"]).answer("index-prune", [T, "1"]).answer("index-cutoff", [T, T, session.record.id, "1"])
    redis.answer("index-end", [T, "1", "1", "0"])
    const service = serviceWith()
    await service.createSession({ userId: "ada" })
    await service.getSession(session.token)
    await service.updateSession(session.token, { n: 1 })
    await service.extendSession(session.token)
    await service.rotateSession(session.token, { changes: { n: 1 } })
    await service.deleteUserSessions("ada", { thorough: true })
    await service.getUserSessions("ada")
    await service.cleanupExpiredSessions()
    await service.deleteSession(session.token)
    await service.close()
    redis.singleNode = false
    await serviceWith().getSession(session.token)
    expect(redis.unprepared).toEqual([])
    const scripts = redis.calls.filter(({ name }) => /^(session|index)-/.test(name))
    expect(new Set(scripts.map(({ name }) => name)).size).toBe(12)
    for (const { name, keys, args } of scripts) {
      expect(new Set(keys.map((key) => /\{(.*?)\}/.exec(key)?.[1])).size, name).toBe(1)
      for (const arg of args) expect(String(arg), name).not.toMatch(/session:\{|user_sessions:\{/)
    }
  })
})
