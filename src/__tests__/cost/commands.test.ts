import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { type Monitor, type MonitoredCommand, startMonitor } from "../support/monitor.js"
import { askServer, SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { CLIENT_NAMES, type HookedService, hookedService, sessionKeyOf } from "../support/services-under-watch.js"

// What a real server was asked to do, by MONITOR; and how often a caller has to wait for it, by the calls of the service.

const WRITES = /^(SET|SETRANGE|P?EXPIRE(AT)?|ZADD|ZREM|UNLINK|DEL|EVALSHA|EVAL)$/

describe.each(SERVER_KINDS)("on %s", (kind) => {
  describe.each(CLIENT_NAMES)("through %s", (clientName) => {
    let server: TestServer
    let monitor: Monitor
    let made: HookedService
    beforeAll(async () => {
      server = await startServer({ kind })
      monitor = await startMonitor(server.port)
      made = await hookedService(server.url, { maxSessionsPerUser: "unlimited" }, clientName)
      await warmUp()
      await monitor.take()
    })
    afterAll(async () => {
      await made.service.close()
      monitor.stop()
      await server.stop()
    })

    /** Lets the server see each script once, which costs one command more. */
    async function warmUp(): Promise<void> {
      const { service } = made
      const { token } = await service.createSession({ userId: "warm" })
      await service.updateSession(token, { a: 1 })
      await service.extendSession(token)
      const rotated = await service.rotateSession(token)
      await service.getUserSessions("warm")
      await service.deleteSession(rotated?.token)
      await service.deleteUserSessions("warm")
      for (const touchInterval of [0, "1ms"] as const) {
        const toucher = await hookedService(server.url, { touchInterval }, clientName)
        const { token, session } = await toucher.service.createSession({ userId: "warm", idleTimeout: "10m" })
        await askServer(server.port, `SETRANGE ${sessionKeyOf("", session.sessionId)} 18 ${session.lastAccessedAt.getTime() - 60_000}`)
        await toucher.service.getSession(token)
        await toucher.service.close()
      }
    }

    /** Moves a session's last access back, so that a read touches, whatever a service knows of the server's time, and looks after the list. */
    async function setBack({ sessionId, lastAccessedAt }: { readonly sessionId: string; readonly lastAccessedAt: Date }): Promise<void> {
      await askServer(server.port, `SETRANGE ${sessionKeyOf("", sessionId)} 18 ${lastAccessedAt.getTime() - 700_000}`)
    }

    /** The commands and the calls of some work. */
    async function cost(
      work: () => Promise<unknown>,
    ): Promise<{ readonly sent: readonly string[]; readonly all: readonly MonitoredCommand[]; readonly steps: readonly string[] }> {
      await monitor.take()
      const before = made.redis.calls.length
      await work()
      const all = await monitor.take()
      return { all, sent: all.filter(({ inScript }) => !inScript).map(({ name }) => name), steps: made.redis.names(before) }
    }

    it("a read is one command, and writes nothing inside the touch interval", async () => {
      const { token } = await made.service.createSession({ userId: "reader" })
      const { sent, all } = await cost(() => made.service.getSession(token))
      expect(sent).toEqual(["GET"])
      expect(all).toHaveLength(1)
      const many = await cost(async () => {
        for (let n = 0; n < 20; n += 1) expect(await made.service.getSession(token)).not.toBeNull()
      })
      expect(many.sent).toEqual(Array.from({ length: 20 }, () => "GET"))
      expect(many.all.filter(({ name }) => WRITES.test(name))).toEqual([])
    })

    it("the first read of a process asks for the time besides, once", async () => {
      const { token } = await made.service.createSession({ userId: "first" })
      const fresh = await hookedService(server.url, {}, clientName)
      const first = await cost(() => fresh.service.getSession(token))
      expect(first.sent.filter((name) => name !== "PING").sort()).toEqual(["GET", "TIME"])
      const second = await cost(() => fresh.service.getSession(token))
      expect(second.sent).toEqual(["GET"])
      await fresh.service.close()
    })

    it("a read outside the touch interval is the read and one script, which looks after the list, too", async () => {
      const fresh = await hookedService(server.url, { touchInterval: "1ms" }, clientName)
      const { token, session } = await fresh.service.createSession({ userId: "toucher", idleTimeout: "10m" })
      await setBack(session)
      const { sent, all } = await cost(async () => {
        await fresh.service.getSession(token)
        await fresh.service.close()
      })
      expect(sent).toEqual(["GET", "EVALSHA"])
      expect(all.filter(({ inScript, name }) => inScript && name !== "TIME").map(({ name }) => name)).toEqual([
        "GETRANGE",
        "PEXPIRE",
        "SETRANGE",
        "ZSCORE",
        "PEXPIRETIME",
      ])
    })

    it("where each read is an access, reading and writing it down are one script, and the list is looked after once in ten minutes", async () => {
      const fresh = await hookedService(server.url, { touchInterval: 0 }, clientName)
      const { token, session } = await fresh.service.createSession({ userId: "toucher", idleTimeout: "10m" })
      const read = async (): Promise<readonly string[]> => {
        const { sent, all } = await cost(() => fresh.service.getSession(token))
        expect(sent[0]).toBe("EVALSHA")
        return all.filter(({ inScript, name }) => inScript && name !== "TIME").map(({ name }) => name)
      }
      await read()
      expect(await read()).toEqual(["GET", "PEXPIRE", "SETRANGE"])
      await setBack(session)
      const { sent } = await cost(async () => {
        await fresh.service.getSession(token)
        await fresh.service.close()
      })
      expect(fresh.redis.names().filter((name) => name === "index-heal").length).toBeGreaterThanOrEqual(1)
      expect(sent.slice(0, 2)).toEqual(["EVALSHA", "EVALSHA"])
    })

    it.each([2, 32, 64, 128])("%i parallel reads in one turn are MGETs of 32 keys at most", async (count) => {
      const tokens = await Promise.all(
        Array.from({ length: count }, async (_unused, n) => (await made.service.createSession({ userId: `parallel ${count} ${n}` })).token),
      )
      const { sent, all, steps } = await cost(() => Promise.all(tokens.map((token) => made.service.getSession(token))))
      expect(sent).toEqual(Array(Math.ceil(count / 32)).fill("MGET"))
      expect(new Set(all.flatMap(({ args }) => args)).size).toBe(count)
      expect(steps).toEqual(sent.map((name) => name.toLowerCase()))
    })

    it("reads of one session in one turn are one GET", async () => {
      const { token } = await made.service.createSession({ userId: "same" })
      const { sent } = await cost(() => Promise.all(Array.from({ length: 50 }, () => made.service.getSession(token))))
      expect(sent).toEqual(["GET"])
    })

    it.each([
      { name: "a user's", options: { userId: "creator" } },
      { name: "a user's under a limit", options: { userId: "creator", maxSessionsPerUser: 3 } },
      { name: "a pending", options: { pendingUserId: "creator" } },
      { name: "a guest's", options: {} },
    ])("$name session is created in one round trip, by one EVALSHA", async ({ options }) => {
      for (let n = 0; n < 5; n += 1) {
        const { sent, steps } = await cost(() => made.service.createSession(options))
        expect(sent).toEqual(["EVALSHA"])
        expect(steps).toEqual(["session-create"])
      }
    })

    it("below the limit a creation looks at none of a user's sessions one by one, and at the list once where it is short", async () => {
      const create = () => made.service.createSession({ userId: "below", maxSessionsPerUser: 100 })
      const called = async (): Promise<readonly string[]> => (await cost(create)).all.filter(({ inScript }) => inScript).map(({ name }) => name)
      expect(await called()).toEqual(["TIME", "ZRANGE", "SET", "ZADD", "PEXPIREAT"])
      // One of the same millisecond ends with the first, and so asks for the list's end.
      await pause(2)
      expect(await called()).toEqual(["TIME", "ZRANGE", "SET", "ZADD", "PEXPIREAT"])
      for (let n = 0; n < 30; n += 1) await create()
      await pause(2)
      expect(await called()).toEqual(["TIME", "ZRANGE", "ZCARD", "ZSCORE", "ZRANGE", "SET", "ZADD", "PEXPIREAT"])
    })

    it("an update or a rotation is a read and one script, an extension or a sign-out one script", async () => {
      const { token } = await made.service.createSession({ userId: "steps" })
      let current = ""
      const update = await cost(() => made.service.updateSession(token, { a: 1 }))
      const extension = await cost(() => made.service.extendSession(token))
      const rotation = await cost(async () => {
        current = (await made.service.rotateSession(token))?.token ?? ""
      })
      const withChanges = await cost(async () => {
        current = (await made.service.rotateSession(current, { changes: { a: 2 } }))?.token ?? ""
      })
      const signOut = await cost(() => made.service.deleteSession(current))
      expect([update, rotation, withChanges].map(({ sent }) => sent)).toEqual(Array.from({ length: 3 }, () => ["GET", "EVALSHA"]))
      expect([extension, signOut].map(({ sent }) => sent)).toEqual([["EVALSHA"], ["EVALSHA"]])
    })

    it("a script that the server has not seen costs one command more, once", async () => {
      const { sent } = await cost(async () => {
        const reply = await connectRedis(server.url, { timeoutMs: 5_000, clientPackage: clientName })
        expect(await reply.run({ name: "other", source: "#!lua\nreturn 7", sha1: "0".repeat(40), readOnly: true }, ["key"], [])).toBe(7)
        await reply.close()
      })
      expect(sent.filter((name) => name !== "PING")).toEqual(["EVALSHA", "EVAL"])
    })

    it("a refused input sends nothing", async () => {
      const { service } = made
      const { token, session } = await service.createSession({ userId: "refused" })
      const refused = (work: () => Promise<unknown>): Promise<void> => expect(work()).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
      const { all } = await cost(async () => {
        await refused(() => service.createSession({ userId: "" }))
        await refused(() => service.createSession({ userId: "\ud800" }))
        await refused(() => service.createSession({ userId: "u", pendingUserId: "u" }))
        await refused(() => service.createSession({ userId: "u", idleTimeout: "10" as never }))
        await refused(() => service.createSession({ userId: "u", attributes: JSON.parse('{"__proto__":{"a":1}}') }))
        await refused(() => service.createSession({ userId: "u", maxSessionsPerUser: 0 }))
        await refused(() => service.createSession({ userId: "u", misspelt: 1 } as never))
        await refused(() => service.updateSession(token, JSON.parse('{"a":{"constructor":1}}')))
        await refused(() => service.updateSession(token, {}, { ifVersion: -1 }))
        await refused(() => service.extendSession(token, "5ms"))
        await refused(() => service.rotateSession(token, { grace: "61s" }))
        await refused(() => service.rotateSession(token, { grace: "1s", reauthenticated: true }))
        await refused(() => service.deleteSession(token, { reason: "evicted" as never }))
        await refused(() => service.getUserSessions("u", { limit: 201 }))
        await refused(() => service.getUserSessions("u", { cursor: "x" }))
        await refused(() => service.deleteUserSessions("u", { except: "x" }))
        await refused(() => service.updateUserSession("", session.sessionId, {}))
        await refused(() => service.cleanupExpiredSessions({ maxPerSecond: 0 }))
        for (const text of [null, undefined, "", "x".repeat(70), `${token} `, `${token.slice(0, -1)}B`, "é".repeat(70), session.sessionId]) {
          expect(await service.getSession(text)).toBeNull()
          expect(await service.updateSession(text as string, {})).toBeNull()
          expect(await service.extendSession(text as string)).toBeNull()
          expect(await service.rotateSession(text as string)).toBeNull()
          expect(await service.deleteSession(text)).toBe(false)
        }
        expect(await service.deleteUserSession("refused", "x")).toBe(false)
        expect(await service.updateUserSession("refused", "x", {})).toBeNull()
      })
      expect(all).toEqual([])
    })

    it("attributes beyond their limit send nothing that writes", async () => {
      const { token } = await made.service.createSession({ userId: "large" })
      const large = { text: "x".repeat(70_000) }
      const { all } = await cost(async () => {
        await expect(made.service.createSession({ userId: "large", attributes: large })).rejects.toMatchObject({ code: "ERR_SESSION_TOO_LARGE" })
        await expect(made.service.updateSession(token, large)).rejects.toMatchObject({ code: "ERR_SESSION_TOO_LARGE" })
      })
      expect(all.map(({ name }) => name)).toEqual(["GET"])
    })

    it("no service works on a wrongly configured prefix", () => {
      for (const keyPrefix of ["a{b}", "{", "}", "a b", "é", "x".repeat(65)]) expect(() => new SessionService(made.redis, { keyPrefix })).toThrow(/keyPrefix/)
    })
  })
})
