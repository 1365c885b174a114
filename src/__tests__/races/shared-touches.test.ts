import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
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

// Touches of one turn of the event loop are one script on one server: what becomes of one session must say nothing of the others.

describe.each(SERVER_KINDS)("on %s", (kind) => {
  describe.each(CLIENT_NAMES)("through %s", (clientName) => {
    const keyPrefix = randomPrefix()
    let reader: HookedService
    let writer: HookedService
    let raw: RawClient
    beforeAll(async () => {
      const { url } = sharedServer(kind)
      reader = await hookedService(url, { keyPrefix, touchInterval: "1ms" }, clientName)
      writer = await hookedService(url, { keyPrefix }, clientName)
      raw = await rawClient(url)
      // The first read of a service asks for the server's time, too.
      await reader.service.getSession((await writer.service.createSession({ userId: "warm" })).token)
    })
    afterAll(async () => {
      raw.close()
      await Promise.all([reader.service.close(), writer.service.close()])
    })

    async function open(count: number, name: string) {
      const opened = await Promise.all(
        Array.from({ length: count }, (_, at) =>
          writer.service.createSession(at === 0 ? { attributes: { at } } : { userId: `${name} ${at}`, attributes: { at } }),
        ),
      )
      // So long that a touch is due whatever the reader knows of the server's time.
      await pause(20)
      return opened
    }
    const scriptsSince = (since: number): readonly string[] => reader.redis.names(since).filter((name) => name !== "mget" && name !== "get")

    it("forty accesses of one turn are two scripts, guests' among them, and each session is told its own time", async () => {
      const opened = await open(40, "together")
      const since = reader.redis.calls.length
      const seen = await Promise.all(opened.map(({ token }) => reader.service.getSession(token)))
      expect(scriptsSince(since)).toEqual(["session-touches", "session-touches"])
      for (const [at, session] of seen.entries()) {
        expect(session?.attributes).toEqual({ at })
        const stored = await raw.get(sessionKeyOf(keyPrefix, opened[at]?.session.sessionId ?? ""))
        expect(Number(stored?.slice(18, 31))).toBe(session?.lastAccessedAt.getTime())
        expect(session?.lastAccessedAt.getTime()).toBeGreaterThanOrEqual(opened[at]?.session.lastAccessedAt.getTime() ?? Infinity)
      }
    })

    it("a sign-out between the read and the touches is seen by its holder alone", async () => {
      const opened = await open(4, "one signs out")
      reader.redis.beforeNext("session-touches", () => writer.service.deleteSession(opened[2]?.token))
      const seen = await Promise.all(opened.map(({ token }) => reader.service.getSession(token)))
      expect(seen.map((session) => session?.attributes["at"])).toEqual([0, 1, undefined, 3])
      expect(await raw.send("EXISTS", sessionKeyOf(keyPrefix, opened[2]?.session.sessionId ?? ""))).toBe(0)
    })

    it("a rotation without grace between them ends the old token's use alone", async () => {
      const opened = await open(3, "one rotates")
      reader.redis.beforeNext("session-touches", () => writer.service.rotateSession(opened[1]?.token ?? "", { grace: 0 }))
      const seen = await Promise.all(opened.map(({ token }) => reader.service.getSession(token)))
      expect(seen.map((session) => session?.attributes["at"])).toEqual([0, undefined, 2])
    })

    it("a damaged record between them is no access, and the others' are written down", async () => {
      const opened = await open(3, "one is damaged")
      const key = sessionKeyOf(keyPrefix, opened[1]?.session.sessionId ?? "")
      reader.redis.beforeNext("session-touches", () => raw.send("SETRANGE", key, 41, "?"))
      const seen = await Promise.allSettled(opened.map(({ token }) => reader.service.getSession(token)))
      // The session was read before that, so it is what was read; only its access was not written down.
      expect(seen.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled"])
      expect(seen[1]).toMatchObject({ value: { lastAccessedAt: opened[1]?.session.lastAccessedAt } })
      await expect(reader.service.getSession(opened[1]?.token)).rejects.toMatchObject({ code: "ERR_SESSION_CORRUPT" })
      for (const at of [0, 2]) {
        const stored = await raw.get(sessionKeyOf(keyPrefix, opened[at]?.session.sessionId ?? ""))
        expect(seen[at]).toMatchObject({ value: { lastAccessedAt: new Date(Number(stored?.slice(18, 31))) } })
      }
    })

    it("lists that lost their sessions have them again, with a time to live, and one of another type is left alone", async () => {
      const opened = await open(3, "lists")
      const lists = opened.slice(1).map(({ session }) => indexKeyOf(keyPrefix, String(session.userId)))
      const [lost = "", foreign = ""] = lists
      const before = await raw.scores(lost)
      await raw.send("DEL", lost)
      await raw.send("SET", foreign, "text")
      const seen = await Promise.all(opened.map(({ token }) => reader.service.getSession(token)))
      expect(seen.every((session) => session !== null)).toBe(true)
      expect(await raw.scores(lost)).toEqual(before)
      expect(Number(await raw.send("PTTL", lost))).toBeGreaterThan(Number(await raw.send("PTTL", sessionKeyOf(keyPrefix, opened[1]?.session.sessionId ?? ""))))
      expect(await raw.get(foreign)).toBe("text")
    })

    it("a list that lost its end, as an operator's PERSIST leaves it, gets it back, and one that ends too early a later one", async () => {
      const opened = await open(3, "persisted")
      const lists = opened.slice(1).map(({ session }) => indexKeyOf(keyPrefix, String(session.userId)))
      const [persisted = "", shortened = ""] = lists
      const before = await Promise.all(lists.map((list) => raw.send("PEXPIRETIME", list)))
      await raw.send("PERSIST", persisted)
      await raw.send("PEXPIRE", shortened, 60_000)
      await Promise.all(opened.map(({ token }) => reader.service.getSession(token)))
      expect(await Promise.all(lists.map((list) => raw.send("PEXPIRETIME", list)))).toEqual(before)
    })

    it("parallel reads of one session are one touch", async () => {
      const token = (await open(1, "hot"))[0]?.token
      const since = reader.redis.calls.length
      const seen = await Promise.all(Array.from({ length: 30 }, () => reader.service.getSession(token)))
      expect(scriptsSince(since)).toEqual(["session-touches"])
      expect(new Set(seen.map((session) => session?.lastAccessedAt.getTime())).size).toBe(1)
      // What one caller does to its answer is nobody else's.
      expect(new Set(seen.map((session) => session?.attributes)).size).toBe(30)
    })
  })
})
