import { randomUUID } from "node:crypto"
import { createCluster } from "@redis/client"
import { Cluster } from "ioredis"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import type { RedisClientLike } from "../../infrastructure/redis/clients/client-shapes.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { HookedRedisService } from "../support/hooked-redis-service.js"
import { SERVER_KINDS, startCluster, type TestCluster } from "../support/servers.js"
import { indexKeyOf, type RawClient, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

/** The cluster slot of a key: CRC16 (XMODEM) of what stands between the first braces, modulo 16 384. */
function slotOf(key: string): number {
  const open = key.indexOf("{")
  const close = key.indexOf("}", open + 1)
  const hashed = open >= 0 && close > open + 1 ? key.slice(open + 1, close) : key
  let crc = 0
  for (const byte of Buffer.from(hashed)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff
  }
  return crc % 16_384
}

describe.each(SERVER_KINDS)("a cluster of three %s nodes", (kind) => {
  let cluster: TestCluster
  let nodes: RawClient[] = []
  beforeAll(async () => {
    cluster = await startCluster(kind)
    nodes = await Promise.all(cluster.urls.map((url) => rawClient(url)))
  })
  afterAll(async () => {
    for (const node of nodes) node.close()
    await cluster.stop()
  })

  const CLIENTS: Readonly<Record<string, () => Promise<{ readonly client: RedisClientLike; end(): void }>>> = {
    "node-redis": async () => {
      const client = createCluster({ rootNodes: cluster.urls.map((url) => ({ url })) })
      client.on("error", () => undefined)
      await client.connect()
      return { client, end: () => client.destroy() }
    },
    ioredis: async () => {
      const client = new Cluster(cluster.ports.map((port) => ({ host: "127.0.0.1", port })))
      client.on("error", () => undefined)
      return { client, end: () => client.disconnect() }
    },
  }

  const everywhere = async (pattern: string): Promise<string[]> => (await Promise.all(nodes.map((node) => node.keys(pattern)))).flat()

  it("agrees about slots", async () => {
    for (const key of ["session:{abc}.x", "user_sessions:{abc}:y", "a", "{}b", "x{c}d{e}"])
      expect(await nodes[0]?.send("CLUSTER", "KEYSLOT", key)).toBe(slotOf(key))
  })

  describe.each(Object.keys(CLIENTS))("through %s", (name) => {
    let made: Awaited<ReturnType<(typeof CLIENTS)[string]>>
    let redis: HookedRedisService
    let service: SessionService<Record<string, unknown>>
    const keyPrefix = `${name}:`
    beforeAll(async () => {
      const make = CLIENTS[name]
      if (make === undefined) throw new Error(`no client ${name}`)
      made = await make()
      redis = new HookedRedisService(await connectRedis(made.client, { timeoutMs: 10_000 }))
      service = new SessionService(redis, { keyPrefix, touchInterval: 0 })
    })
    afterAll(async () => {
      await service.close()
      made.end()
    })

    it("every script of 2 000 random users has its keys in one slot, which the tag alone decides", async () => {
      redis.calls.length = 0
      const slots = new Set<number>()
      for (let from = 0; from < 2_000; from += 250) {
        const made = await Promise.all(Array.from({ length: 250 }, () => service.createSession({ userId: randomUUID(), idleTimeout: "1m" })))
        // A few of them go through everything else as well.
        await Promise.all(
          made.slice(0, 25).map(async ({ token, session }) => {
            await service.getSession(token)
            await service.updateSession(token, { a: 1 })
            await service.rotateSession(token)
            await service.getUserSessions(session.userId ?? "")
            await service.deleteUserSessions(session.userId ?? "")
          }),
        )
      }
      const scripts = redis.calls.filter(({ script }) => script !== undefined)
      expect(scripts.filter(({ keys }) => keys.length > 1).length).toBeGreaterThan(2_000)
      for (const { keys } of scripts) {
        const of = new Set(keys.map(slotOf))
        expect(of.size).toBe(1)
        slots.add(slotOf(keys[0] ?? ""))
      }
      expect(slots.size).toBeGreaterThan(1_000)
    }, 30_000)

    it("creates, lists, limits, heals and signs out on every node", async () => {
      const users = Array.from({ length: 24 }, (_unused, n) => `${name} ${n}`)
      for (const userId of users) {
        const made = [
          await service.createSession({ userId }),
          await service.createSession({ userId }),
          await service.createSession({ userId, maxSessionsPerUser: 2 }),
        ]
        expect(made[2]?.evicted).toEqual([made[0]?.session.sessionId])
        const { sessions } = await service.getUserSessions(userId)
        expect(sessions.map(({ sessionId }) => sessionId)).toEqual([made[2]?.session.sessionId, made[1]?.session.sessionId])
      }
      const perNode = await Promise.all(nodes.map(async (node) => (await node.keys(`${keyPrefix}user_sessions:*`)).length))
      expect(perNode.every((count) => count > 0)).toBe(true)

      for (const userId of users.slice(0, 6)) {
        const { token, session } = await service.createSession({ userId })
        const index = indexKeyOf(keyPrefix, userId)
        const node = await nodeOf(index)
        await node.send("DEL", index)
        expect((await service.getUserSessions(userId)).sessions).toEqual([])
        await node.send("SETRANGE", sessionKeyOf(keyPrefix, session.sessionId), 18, String(session.lastAccessedAt.getTime() - 700_000))
        const healed = new Promise<void>((resolve) => {
          redis.after = (call) => (call.name === "index-heal" ? resolve() : undefined)
        })
        await service.getSession(token)
        await healed
        redis.after = () => undefined
        expect((await service.getUserSessions(userId)).sessions.map(({ sessionId }) => sessionId)).toEqual([session.sessionId])
        expect(Number(await node.send("PTTL", index))).toBeGreaterThan(0)
        // Two sessions are alive that the list lost with the rest; only a thorough sign-out finds them.
        expect(await service.deleteUserSessions(userId, { thorough: true })).toBe(3)
      }
      for (const userId of users.slice(6)) expect(await service.deleteUserSessions(userId)).toBe(2)
      const left = (await everywhere(`${keyPrefix}session:*`)).length
      await Promise.all(users.map(async (userId) => expect((await service.getUserSessions(userId)).sessions).toEqual([])))
      // What is left are sessions of the random users of the test before.
      expect(left).toBe(2_000 - 200)
    }, 30_000)

    it("reads of one turn are sent together, and each has its own fate", async () => {
      const made = await Promise.all(Array.from({ length: 30 }, (_unused, n) => service.createSession({ userId: `reads ${name} ${n}` })))
      const before = redis.calls.length
      const found = await Promise.all(made.map(({ token }) => service.getSession(token, { touch: false })))
      expect(found.map((session) => session?.userId)).toEqual(made.map(({ session }) => session.userId))
      // One GET each, so that a silent node fails no read of another: the client sends them in one write to each node.
      expect(redis.names(before)).toEqual(made.map(() => "get"))
    })

    it("a key of another type harms neither the reads of the same turn nor the listing of its user's others", async () => {
      const userId = `wrong type ${name}`
      const made = [
        await service.createSession({ userId }),
        await service.createSession({ userId }),
        await service.createSession({ userId: `${userId} other` }),
      ]
      const [broken, sound, other] = made
      const key = sessionKeyOf(keyPrefix, broken?.session.sessionId ?? "")
      const node = await nodeOf(key)
      await node.send("DEL", key)
      await node.send("LPUSH", key, "x")
      await node.send("PEXPIRE", key, 60_000)
      onTestFinished(async () => {
        await node.send("DEL", key)
      })
      const found = await Promise.allSettled(
        [sound, other].map((each) => service.getSession(each?.token, { touch: false })).concat(service.getSession(broken?.token)),
      )
      expect(found.slice(0, 2)).toMatchObject([
        { status: "fulfilled", value: { userId } },
        { status: "fulfilled", value: { userId: `${userId} other` } },
      ])
      expect((await service.getUserSessions(userId)).sessions.map(({ sessionId }) => sessionId)).toEqual([sound?.session.sessionId])
      expect(await service.deleteUserSessions(userId)).toBe(2)
      expect(await service.deleteUserSessions(`${userId} other`)).toBe(1)
    })

    it("a cleanup walks all nodes", async () => {
      const total = (await everywhere(`${keyPrefix}session:*`)).length
      const report = await service.cleanupExpiredSessions({ maxPerSecond: 10_000_000 })
      expect(report.live).toBe(total)
      expect(report.orphaned).toBe(0)
    })

    async function nodeOf(key: string): Promise<RawClient> {
      for (const node of nodes) if ((await node.send("EXISTS", key).catch(() => 0)) === 1) return node
      throw new Error("Expected a node to hold the key")
    }
  })
})
