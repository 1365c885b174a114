import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest"
import type { SessionEvent } from "../../domain/interfaces/ports.js"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import {
  CLIENT_NAMES,
  type HookedService,
  hookedService,
  indexKeyOf,
  type RawClient,
  randomPrefix,
  rawClient,
  sessionKeyOf,
} from "../support/services-under-watch.js"

// With a touch interval of zero each read is an access, and both are one step: what becomes of one session must say nothing of the others in it.

describe.each(SERVER_KINDS)("on %s", (kind) => {
  // Of its own, because it is told to take no writes.
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ kind })
  })
  afterAll(() => server.stop())

  describe.each(CLIENT_NAMES)("through %s", (clientName) => {
    const keyPrefix = randomPrefix()
    const events: SessionEvent[] = []
    let reader: HookedService
    let writer: HookedService
    let raw: RawClient
    beforeAll(async () => {
      reader = await hookedService(server.url, { keyPrefix, touchInterval: 0, onEvent: (event) => void events.push(event) }, clientName)
      writer = await hookedService(server.url, { keyPrefix }, clientName)
      raw = await rawClient(server.url)
    })
    afterEach(() => void events.splice(0))
    afterAll(async () => {
      raw.close()
      await Promise.all([reader.service.close(), writer.service.close()])
    })

    const open = (count: number, name: string) =>
      Promise.all(
        Array.from({ length: count }, (_, at) =>
          writer.service.createSession(at === 0 ? { attributes: { at } } : { userId: `${name} ${at}`, attributes: { at } }),
        ),
      )
    const keyOf = (session: { readonly sessionId: string } | undefined): string => sessionKeyOf(keyPrefix, session?.sessionId ?? "")
    const setBack = (session: { readonly sessionId: string; readonly lastAccessedAt: Date } | undefined) =>
      raw.send("SETRANGE", keyOf(session), 18, String((session?.lastAccessedAt.getTime() ?? 0) - 700_000).padStart(13))
    const namesSince = (since: number): readonly string[] => reader.redis.names(since).filter((name) => name !== "index-heal")

    it("forty reads of one turn are two scripts and nothing else, guests' among them, and each session is told its own time", async () => {
      const opened = await open(40, "together")
      await Promise.all(opened.map(({ session }) => setBack(session)))
      const since = reader.redis.calls.length
      const seen = await Promise.all(opened.map(({ token }) => reader.service.getSession(token)))
      expect(namesSince(since)).toEqual(["session-accesses", "session-accesses"])
      for (const [at, session] of seen.entries()) {
        expect(session?.attributes).toEqual({ at })
        expect(Number((await raw.get(keyOf(opened[at]?.session)))?.slice(18, 31))).toBe(session?.lastAccessedAt.getTime())
        expect(session?.lastAccessedAt.getTime()).toBeGreaterThanOrEqual(opened[at]?.session.lastAccessedAt.getTime() ?? Infinity)
      }
      expect(events).toEqual([])
    })

    it("the lists of those who were read together are looked after together, and one of another type stands in nobody's way", async () => {
      const opened = await open(40, "listed")
      const lists = opened.map((_, at) => indexKeyOf(keyPrefix, `listed ${at}`)).slice(1)
      await Promise.all(opened.map(({ session }) => setBack(session)))
      await Promise.all(lists.map((list) => raw.send("DEL", list)))
      const [strange = "", ...others] = lists
      await raw.send("SET", strange, "of an operator")
      const since = reader.redis.calls.length
      await Promise.all(opened.map(({ token }) => reader.service.getSession(token)))
      await vi.waitFor(async () => expect(await raw.send("EXISTS", ...others)).toBe(38), { timeout: 10_000 })
      expect(reader.redis.names(since).filter((name) => name === "index-heal")).toHaveLength(2)
      expect(await raw.send("GET", strange)).toBe("of an operator")
      const ids = opened.map(({ session }) => session.sessionId.slice(-22)).slice(2)
      expect(await Promise.all(others.map((list) => raw.send("ZRANGE", list, "0", "-1")))).toEqual(ids.map((id) => [id]))
      for (const left of await Promise.all(others.map((list) => raw.send("PTTL", list)))) expect(Number(left)).toBeGreaterThan(0)
    })

    it("options do not change that, and who asks for no touch gets none", async () => {
      const [one] = await open(1, "options")
      await setBack(one?.session)
      const since = reader.redis.calls.length
      const untouched = await reader.service.getSession(one?.token, { touch: false })
      const touched = await reader.service.getSession(one?.token, { signal: new AbortController().signal })
      expect(namesSince(since).filter((name) => name !== "time")).toEqual(["get", "session-accesses"])
      expect(touched?.lastAccessedAt.getTime()).toBeGreaterThan(untouched?.lastAccessedAt.getTime() ?? Infinity)
    })

    it("moves the end of the session, and never lets it live beyond its absolute deadline", async () => {
      const { token, session } = await writer.service.createSession({ userId: "deadline", idleTimeout: "1h", absoluteTimeout: "30m" })
      await raw.send("PEXPIRE", keyOf(session), 60_000)
      await reader.service.getSession(token)
      expect(Number(await raw.send("PEXPIRETIME", keyOf(session)))).toBeLessThan(session.absoluteExpiresAt.getTime())
      expect(Number(await raw.send("PTTL", keyOf(session)))).toBeGreaterThan(1_700_000)
    })

    it("a sign-out before it is seen by its holder alone", async () => {
      const opened = await open(4, "one signs out")
      reader.redis.beforeNext("session-accesses", () => writer.service.deleteSession(opened[2]?.token))
      const seen = await Promise.all(opened.map(({ token }) => reader.service.getSession(token)))
      expect(seen.map((session) => session?.attributes["at"])).toEqual([0, 1, undefined, 3])
      expect(await raw.send("EXISTS", keyOf(opened[2]?.session))).toBe(0)
    })

    it("a rotation before it ends the old token's use alone, which is told, and grace lets it in", async () => {
      const opened = await open(4, "some rotate")
      reader.redis.beforeNext("session-accesses", async () => {
        await writer.service.rotateSession(opened[1]?.token ?? "", { grace: 0 })
        await writer.service.rotateSession(opened[2]?.token ?? "", { grace: "30s" })
      })
      const seen = await Promise.all(opened.map(({ token }) => reader.service.getSession(token)))
      expect(seen.map((session) => session?.attributes["at"])).toEqual([0, undefined, 2, 3])
      expect(events).toEqual([{ type: "wrong-secret", sessionId: opened[1]?.session.sessionId }])
    })

    it("a guessed secret reads nothing, writes nothing down and is told", async () => {
      const [one, two] = await open(2, "guess")
      await setBack(one?.session)
      const before = await raw.get(keyOf(one?.session))
      expect(await reader.service.getSession(`${one?.session.sessionId}.${two?.token.slice(27)}`)).toBeNull()
      expect(await raw.get(keyOf(one?.session))).toBe(before)
      expect(events).toEqual([{ type: "wrong-secret", sessionId: one?.session.sessionId }])
    })

    it("who guesses in the same turn as the holder gets nothing of the holder's answer", async () => {
      const [one, two] = await open(2, "guess beside")
      const guessed = `${one?.session.sessionId}.${two?.token.slice(27)}`
      const seen = await Promise.all([guessed, one?.token, guessed].map((token) => reader.service.getSession(token)))
      expect(seen.map((session) => session?.attributes["at"])).toEqual([undefined, 0, undefined])
    })

    it("a damaged record is an error for its holder alone, and so is a key of another type nobody's session", async () => {
      const opened = await open(4, "one is damaged")
      await raw.send("SETRANGE", keyOf(opened[1]?.session), 41, "?")
      await raw.send("DEL", keyOf(opened[2]?.session))
      await raw.send("ZADD", keyOf(opened[2]?.session), 1, "member")
      const seen = await Promise.allSettled(opened.map(({ token }) => reader.service.getSession(token)))
      expect(seen.map((one) => (one.status === "fulfilled" ? (one.value?.attributes["at"] ?? null) : one.reason.code))).toEqual([
        0,
        "ERR_SESSION_CORRUPT",
        null,
        3,
      ])
      expect(events).toEqual([{ type: "corrupt", sessionId: opened[1]?.session.sessionId }])
    })

    it("parallel reads of one session are one access, and its answers are each caller's own", async () => {
      const [hot] = await open(1, "hot")
      const since = reader.redis.calls.length
      const seen = await Promise.all(Array.from({ length: 30 }, () => reader.service.getSession(hot?.token)))
      expect(namesSince(since)).toEqual(["session-accesses"])
      expect(reader.redis.calls.at(-1)?.keys).toHaveLength(1)
      expect(new Set(seen.map((session) => session?.lastAccessedAt.getTime())).size).toBe(1)
      expect(new Set(seen.map((session) => session?.attributes)).size).toBe(30)
    })

    it("a list that lost its session has it again when that is used ten minutes later", async () => {
      const [, one] = await open(2, "lost")
      const list = indexKeyOf(keyPrefix, String(one?.session.userId))
      const before = await raw.scores(list)
      await raw.send("DEL", list)
      await setBack(one?.session)
      await reader.service.getSession(one?.token)
      await expect.poll(() => raw.scores(list)).toEqual(before)
    })

    it("a server that takes no writes lets in who may come in, and nobody else, and says that accesses were not written down", async () => {
      const opened = await open(3, "no writes")
      const guessed = `${opened[2]?.session.sessionId}.${opened[1]?.token.slice(27)}`
      await raw.send("CONFIG", "SET", "min-replicas-to-write", 1)
      try {
        const seen = await Promise.all([...opened.map(({ token }) => token), guessed].map((token) => reader.service.getSession(token)))
        expect(seen.map((session) => session?.attributes["at"] ?? null)).toEqual([0, 1, 2, null])
        expect(seen[0]?.lastAccessedAt).toEqual(opened[0]?.session.lastAccessedAt)
        const failed = opened.map(({ session }) => ({ type: "touch-failed", sessionId: session.sessionId }))
        expect(events).toEqual([...failed, { type: "wrong-secret", sessionId: opened[2]?.session.sessionId }])
      } finally {
        await raw.send("CONFIG", "SET", "min-replicas-to-write", 0)
      }
      const [first] = opened
      expect((await reader.service.getSession(first?.token))?.lastAccessedAt.getTime()).toBeGreaterThan(first?.session.lastAccessedAt.getTime() ?? Infinity)
    })
  })
})
