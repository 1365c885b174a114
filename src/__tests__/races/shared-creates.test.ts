import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { CLIENT_NAMES, type HookedService, hookedService, indexKeyOf, type RawClient, randomPrefix, rawClient } from "../support/services-under-watch.js"

// Sign-ins of one turn of the event loop are one script on one server: each is judged for itself.

describe.each(SERVER_KINDS)("on %s", (kind) => {
  describe.each(CLIENT_NAMES)("through %s", (clientName) => {
    const keyPrefix = randomPrefix()
    let made: HookedService
    let raw: RawClient
    beforeAll(async () => {
      made = await hookedService(sharedServer(kind).url, { keyPrefix }, clientName)
      raw = await rawClient(sharedServer(kind).url)
      await made.service.getSession((await made.service.createSession({ userId: "warm" })).token)
    })
    afterAll(async () => {
      raw.close()
      await made.service.close()
    })

    const scriptsSince = (since: number): readonly string[] => made.redis.names(since).filter((name) => name.startsWith("session-create"))

    it("forty of one turn are three scripts, guests' among them, and each finds its own", async () => {
      const since = made.redis.calls.length
      const opened = await Promise.all(
        Array.from({ length: 40 }, (_, at) => made.service.createSession(at % 5 === 0 ? { attributes: { at } } : { userId: `user ${at}`, attributes: { at } })),
      )
      expect(scriptsSince(since)).toEqual(["session-creates", "session-creates", "session-creates"])
      const found = await Promise.all(opened.map(({ token }) => made.service.getSession(token)))
      expect(found.map((session) => [session?.userId, session?.attributes["at"]])).toEqual(opened.map((_, at) => [at % 5 === 0 ? null : `user ${at}`, at]))
    })

    it("each of one turn is opened at its own terms, and what it is told is what lies in the store", async () => {
      const since = made.redis.calls.length
      const authenticatedAt = new Date(Date.now() - 60_000)
      const options = [
        { userId: "terms 1", idleTimeout: "10m", absoluteTimeout: "1h" },
        { userId: "terms 2", idleTimeout: "20m", absoluteTimeout: "2h", authenticatedAt },
        {},
        { userId: "terms 3", idleTimeout: "10m", absoluteTimeout: "1h", maxSessionsPerUser: 1 },
        { pendingUserId: "terms 4" },
        { userId: "terms 5", idleTimeout: "10m", absoluteTimeout: "1h" },
        { userId: "terms 3", idleTimeout: "10m", absoluteTimeout: "1h", maxSessionsPerUser: 1 },
      ] as const
      const opened = await Promise.all(options.map((each) => made.service.createSession(each)))
      // A time of authentication is first held against the server's, so that one comes a moment later.
      expect(scriptsSince(since)).toEqual(["session-creates", "session-create"])
      const minutes = opened.map(({ session }) => {
        const from = session.lastAccessedAt.getTime()
        return [session.expiresAt, session.absoluteExpiresAt].map((at) => (at.getTime() - from) / 60_000)
      })
      const day = 24 * 60
      expect(minutes).toEqual([
        [10, 60],
        [20, 120],
        [120, day],
        [10, 60],
        [5, 10],
        [10, 60],
        [10, 60],
      ])
      expect(opened.map(({ session }) => session.authenticatedAt)).toEqual(
        opened.map(({ session }, at) => (at === 1 ? authenticatedAt : at === 2 || at === 4 ? null : session.lastAccessedAt)),
      )
      expect(opened.map(({ evicted }) => evicted)).toEqual([[], [], [], [], [], [], [opened[3]?.session.sessionId]])
      const found = await Promise.all(opened.map(({ token }) => made.service.getSession(token, { touch: false })))
      expect(found).toEqual(opened.map(({ session }, at) => (at === 3 ? null : session)))
    })

    it("one user's of one turn keep the limit, push the oldest out, and are listed in their order", async () => {
      const opened = await Promise.all(Array.from({ length: 7 }, () => made.service.createSession({ userId: "storm", maxSessionsPerUser: 3 })))
      const alive = await Promise.all(opened.map(({ token }) => made.service.getSession(token)))
      expect(alive.filter((session) => session !== null)).toHaveLength(3)
      expect(new Set(opened.flatMap(({ evicted }) => evicted)).size).toBe(4)
      const listed = await made.service.getUserSessions("storm")
      const times = listed.sessions.map(({ sessionId }) => sessionId)
      expect(new Set(times)).toEqual(new Set(alive.flatMap((session) => session?.sessionId ?? [])))
      expect(new Set((await raw.scores(indexKeyOf(keyPrefix, "storm"))).map(({ score }) => score)).size).toBe(7)
    })

    it("a limit that is reached refuses its own user alone", async () => {
      await made.service.createSession({ userId: "full", maxSessionsPerUser: 1 })
      const results = await Promise.allSettled([
        made.service.createSession({ userId: "before" }),
        made.service.createSession({ userId: "full", maxSessionsPerUser: 1, onLimit: "reject" }),
        made.service.createSession({ userId: "after" }),
      ])
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"])
      expect(results[1]).toMatchObject({ reason: { code: "ERR_SESSION_LIMIT" } })
    })

    it("a list of another type fails its own user alone, by what the server says of it", async () => {
      await raw.send("SET", indexKeyOf(keyPrefix, "foreign"), "text")
      const results = await Promise.allSettled(["one", "foreign", "two"].map((userId) => made.service.createSession({ userId })))
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"])
      expect(await raw.get(indexKeyOf(keyPrefix, "foreign"))).toBe("text")
    })

    it("one that breaks off halfway, since the server's user may not write lists, is in doubt and not begun anew", async () => {
      await raw.send("ACL", "SETUSER", "halfway", "on", ">password", "~*", "&*", "+@all", "-zadd")
      const { service, redis } = await hookedService(sharedServer(kind).url.replace("://", "://halfway:password@"), { keyPrefix }, clientName)
      try {
        await service.getSession("warm")
        const results = await Promise.allSettled(["halfway 1", "halfway 2"].map((userId) => service.createSession({ userId })))
        const refused = { status: "rejected", reason: { code: "ERR_STORE_REFUSED", outcome: "unknown" } }
        expect(results).toMatchObject([refused, refused])
        expect(redis.names(0).filter((name) => name.startsWith("session-create"))).toEqual(["session-creates"])
      } finally {
        await service.close()
        await raw.send("ACL", "DELUSER", "halfway")
      }
    })

    it("a script that reaches the server twice opens each session once", async () => {
      made.redis.copies.set("session-creates", 2)
      const opened = await Promise.all(Array.from({ length: 4 }, (_, at) => made.service.createSession({ userId: `twice ${at}` })))
      made.redis.copies.delete("session-creates")
      expect((await Promise.all(opened.map(({ token }) => made.service.getSession(token)))).every((session) => session !== null)).toBe(true)
      expect(await Promise.all(opened.map((_, at) => made.service.getUserSessions(`twice ${at}`).then(({ sessions }) => sessions.length)))).toEqual([
        1, 1, 1, 1,
      ])
    })

    it("a session signed out between two copies stays signed out", async () => {
      made.redis.copies.set("session-creates", 2)
      made.redis.between = async ({ name }) => {
        if (name === "session-creates") await made.service.deleteUserSessions("gone between")
      }
      const results = await Promise.allSettled(["stays", "gone between"].map((userId) => made.service.createSession({ userId })))
      made.redis.copies.delete("session-creates")
      made.redis.between = () => undefined
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"])
      expect(results[1]).toMatchObject({ reason: { code: "ERR_SESSION_ENDED" } })
      expect((await made.service.getUserSessions("gone between")).sessions).toEqual([])
    })

    it("a limit that may mean a long look goes alone", async () => {
      const since = made.redis.calls.length
      await Promise.all(["a", "b", "c"].map((name) => made.service.createSession({ userId: `long ${name}`, maxSessionsPerUser: 101 })))
      expect(scriptsSince(since)).toEqual(["session-create", "session-create", "session-create"])
    })
  })
})
