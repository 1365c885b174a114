import { setTimeout as pause } from "node:timers/promises"
import { Redis as IoRedis } from "ioredis"
import { createClient } from "redis"
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest"
import type { SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import type { RedisClientLike } from "../../exports/index.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { HookedRedisService } from "../support/hooked-redis-service.js"
import { type Monitor, startMonitor } from "../support/monitor.js"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { type RawClient, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

// A stopped server has calls in its sockets whose callers have long been told that time is up. When it goes on, it runs them.

type Service = SessionService<SessionAttributes>
const TIMEOUT_MS = 1_000
const WRITES = new Set(["SET", "SETRANGE", "PEXPIRE", "PEXPIREAT", "ZADD", "UNLINK"])

const CLIENTS: Readonly<Record<string, (url: string) => Promise<{ readonly client: RedisClientLike; end(): void }>>> = {
  "node-redis": async (url) => {
    const client = createClient({ url })
    client.on("error", () => undefined)
    await client.connect()
    return { client, end: () => client.destroy() }
  },
  ioredis: async (url) => {
    const client = new IoRedis(url)
    client.on("error", () => undefined)
    await client.ping()
    return { client, end: () => client.disconnect() }
  },
}

const CALLS: Readonly<Record<string, { readonly script: string; run(service: Service, token: string): Promise<unknown> }>> = {
  create: { script: "session-create", run: (service) => service.createSession({ userId: "late" }) },
  update: { script: "session-update", run: (service, token) => service.updateSession(token, { n: 1 }) },
  extend: { script: "session-extend", run: (service, token) => service.extendSession(token, "9h") },
  rotate: { script: "session-rotate", run: (service, token) => service.rotateSession(token) },
  "rotate with changes": { script: "session-rotate", run: (service, token) => service.rotateSession(token, { changes: { n: 1 } }) },
}

// They mostly wait, each for a server of its own.
describe.concurrent.each(SERVER_KINDS)("on %s", (kind) => {
  describe.concurrent.each(Object.keys(CLIENTS))("through %s", (clientName) => {
    let server: TestServer
    let monitor: Monitor
    let raw: RawClient
    let made: { readonly client: RedisClientLike; end(): void }
    let redis: HookedRedisService
    let service: Service
    beforeAll(async () => {
      server = await startServer({ kind })
      monitor = await startMonitor(server.port)
      raw = await rawClient(server.url)
      made = await (CLIENTS[clientName] ?? expect.fail())(server.url)
      redis = new HookedRedisService(await connectRedis(made.client, { timeoutMs: TIMEOUT_MS }))
      service = new SessionService<SessionAttributes>(redis, { timeout: `${TIMEOUT_MS}ms` })
    })
    afterEach(() => server.resume())
    afterAll(async () => {
      await service.close()
      made.end()
      raw.close()
      monitor.stop()
      await server.stop()
    })

    const stored = ({ sessionId }: { readonly sessionId: string }): Promise<string | null> => raw.get(sessionKeyOf("", sessionId))

    /** Stops the server just before a script is sent, and starts it again when the call's time is long over. */
    async function meetsStoppedServer(script: string, work: () => Promise<unknown>): Promise<unknown> {
      const stop = redis.beforeNext(script, async () => server.pause())
      const outcome = await work().then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      )
      expect(stop.ran()).toBe(true)
      await pause(TIMEOUT_MS)
      server.resume()
      await vi.waitFor(() => service.ping(), { timeout: 30_000, interval: 20 })
      return outcome
    }

    it.sequential.each(Object.keys(CALLS))("%s: what a stopped server still holds when its caller's time is up changes nothing", async (name) => {
      const { script, run } = CALLS[name] ?? expect.fail()
      // Now the server has seen the script, and the service the server's time.
      await run(service, (await service.createSession({ userId: "warm" })).token)
      const { token, session } = await service.createSession({ userId: "ada", attributes: { n: 0 } })
      const before = await stored(session)
      const keys = (await raw.keys("*")).sort()
      await monitor.take()

      expect(await meetsStoppedServer(script, () => run(service, token))).toMatchObject({ error: { code: "ERR_STORE_TIMEOUT", outcome: "unknown" } })

      const ran = await monitor.take()
      expect(ran.filter((command) => command.name === "EVALSHA")).toHaveLength(1)
      expect(ran.filter((command) => WRITES.has(command.name))).toEqual([])
      expect(await stored(session)).toBe(before)
      expect((await raw.keys("*")).sort()).toEqual(keys)
      // And the same call succeeds now.
      expect(await run(service, token)).not.toBeNull()
    })

    it.sequential("a sign-out that a stopped server still holds is made, and nothing that was sent after it brings the session back", async () => {
      // A script that the server does not know is sent a second time, with its source, only while its caller waits.
      await service.deleteSession((await service.createSession({ userId: "warm" })).token)
      const { token, session } = await service.createSession({ userId: "bob", attributes: { n: 0 } })
      const outcome = meetsStoppedServer("session-delete", async () => {
        const ending = service.deleteSession(token)
        await Promise.allSettled([ending, service.extendSession(token, "2h"), service.getSession(token)])
        return ending
      })
      expect(await outcome).toMatchObject({ error: { code: "ERR_STORE_TIMEOUT", outcome: "unknown" } })
      expect(await stored(session)).toBeNull()
      expect(await service.getSession(token)).toBeNull()
      expect(await service.updateSession(token, { n: 1 })).toBeNull()
    })
  })
})
