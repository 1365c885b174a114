import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { CLIENT_NAMES, type HookedService, hookedService, type RawClient, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

describe.each(SERVER_KINDS)("on a full %s", (kind) => {
  describe.each(CLIENT_NAMES)("through %s", (clientName) => {
    let server: TestServer
    let made: HookedService
    let raw: RawClient
    beforeAll(async () => {
      server = await startServer({ kind, args: ["--maxmemory-policy", "noeviction"] })
      made = await hookedService(server.url, { touchInterval: "1ms" }, clientName)
      raw = await rawClient(server.url)
    })
    afterAll(async () => {
      await made.service.close()
      raw.close()
      await server.stop()
    })

    it("nobody is let in, and nobody is kept from reading, staying and signing out", async () => {
      const { service } = made
      const users = ["reads", "extends", "signs out", "everywhere", "everywhere", "except", "except", "by handle"]
      const sessions = await Promise.all(users.map((userId) => service.createSession({ userId, attributes: { a: 1 }, idleTimeout: "10m" })))
      const tokenOf = (n: number): string => sessions[n]?.token ?? ""
      const first = sessions[0]?.session.sessionId ?? ""
      await raw.send("SETRANGE", sessionKeyOf("", first), 18, String((sessions[0]?.session.lastAccessedAt.getTime() ?? 0) - 60_000))
      // Some scripts are known already, others come with their source now.
      await service.updateSession(tokenOf(0), { a: 2 })
      await raw.send("CONFIG", "SET", "maxmemory", "1mb")
      expect(await raw.send("SET", "probe", "x").catch(String)).toMatch(/OOM/)

      const refused = { code: "ERR_STORE_REFUSED", outcome: "not-applied" }
      await expect(service.createSession({ userId: "new" })).rejects.toMatchObject(refused)
      await expect(service.updateSession(tokenOf(0), { a: 3 })).rejects.toMatchObject(refused)
      await expect(service.updateUserSession("reads", first, { a: 3 })).rejects.toMatchObject(refused)
      await expect(service.rotateSession(tokenOf(0))).rejects.toMatchObject(refused)

      await raw.send("SETRANGE", sessionKeyOf("", first), 18, "1").catch(() => undefined)
      expect(await service.getSession(tokenOf(0), { touch: false })).toMatchObject({ version: 2, attributes: { a: 2 } })
      const events: string[] = []
      for (const [touchInterval, script] of [
        [0, "session-accesses"],
        ["1ms", "session-touches"],
      ] as const) {
        const toucher = await hookedService(server.url, { touchInterval, onEvent: ({ type }) => void events.push(type) }, clientName)
        const before = Number(await raw.send("PTTL", sessionKeyOf("", first)))
        await new Promise((resolve) => setTimeout(resolve, 20))
        expect(await toucher.service.getSession(tokenOf(0))).not.toBeNull()
        expect(toucher.redis.names()).toContain(script)
        expect(events).toEqual([])
        expect(Number(await raw.send("PTTL", sessionKeyOf("", first)))).toBeGreaterThan(before - 20)
        await toucher.service.close()
      }

      expect((await service.extendSession(tokenOf(1), "1h"))?.expiresAt.getTime()).toBeGreaterThan((await raw.now()) + 3_500_000)
      expect((await service.getUserSessions("everywhere")).sessions).toHaveLength(2)
      expect(await service.deleteSession(tokenOf(2))).toBe(true)
      expect(await service.deleteUserSessions("everywhere")).toBe(2)
      expect(await service.deleteUserSessions("except", { except: sessions[5]?.session.sessionId })).toBe(1)
      expect(await service.deleteUserSession("by handle", sessions[7]?.session.sessionId ?? "")).toBe(true)
      expect(await service.deleteUserSessions("reads", { thorough: true })).toBe(1)
      for (const n of [0, 2, 3, 4, 6, 7]) expect(await service.getSession(tokenOf(n))).toBeNull()
      expect(await service.getSession(tokenOf(5))).not.toBeNull()

      await raw.send("CONFIG", "SET", "maxmemory", "0")
      expect((await service.createSession({ userId: "new" })).session.userId).toBe("new")
      expect((await service.getUserSessions("new")).sessions).toHaveLength(1)
    })
  })
})
