import { randomUUID } from "node:crypto"
import { Socket } from "node:net"
import { createClient, createClientPool, createCluster, createSentinel } from "@redis/client"
import { Cluster as IoCluster, Redis as IoRedis } from "ioredis"
import { Redis as IoValkey, Cluster as ValkeyCluster } from "iovalkey"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { SessionError } from "../../domain/errors.js"
import type { IRedisService } from "../../domain/interfaces/redis/IRedisService.js"
import type { RedisClientLike } from "../../infrastructure/redis/clients/client-shapes.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SERVER_KINDS, type ServerKind, sharedServer, startCluster, type TestCluster } from "../support/servers.js"
import { scriptOf } from "./client-makers.js"

const TIMEOUT_MS = 1_000
const SET_BOTH = scriptOf('#!lua\nredis.call("SET", KEYS[1], ARGV[1]) redis.call("SET", KEYS[2], ARGV[1]) return #ARGV')

interface MadeCluster {
  readonly client: RedisClientLike
  end(): Promise<void> | void
}

const CLUSTER_MAKERS: Readonly<Record<string, (ports: readonly number[]) => Promise<MadeCluster>>> = {
  "node-redis cluster": async (ports) => {
    const client = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) })
    client.on("error", () => undefined)
    await client.connect()
    return { client, end: () => client.destroy() }
  },
  "ioredis Cluster": async (ports) => ioCluster(new IoCluster(ports.map((port) => ({ host: "127.0.0.1", port })))),
  "iovalkey Cluster": async (ports) => ioCluster(new ValkeyCluster(ports.map((port) => ({ host: "127.0.0.1", port }))) as unknown as IoCluster),
}

function ioCluster(client: IoCluster): MadeCluster {
  client.on("error", () => undefined)
  return { client, end: () => client.disconnect() }
}

describe.each(SERVER_KINDS)("on a cluster of %s", (kind: ServerKind) => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster(kind)
  })
  afterAll(() => cluster.stop())

  describe.each(Object.keys(CLUSTER_MAKERS))("through a %s", (name) => {
    let made: MadeCluster
    let redis: IRedisService
    beforeEach(async () => {
      made = await (CLUSTER_MAKERS[name] as (ports: readonly number[]) => Promise<MadeCluster>)(cluster.ports)
      redis = await connectRedis(made.client, { timeoutMs: TIMEOUT_MS })
    })
    afterEach(async () => {
      await redis.close()
      await made.end()
    })

    it("writes what is asked in one turn to each node at once", async () => {
      const keys = Array.from({ length: 60 }, () => `cluster:{${randomUUID()}}:a`)
      const readAll = () => Promise.all(keys.map((key) => redis.get(key)))
      // The first connects to all nodes.
      await readAll()
      const one = vi.spyOn(Socket.prototype, "_write")
      const several = vi.spyOn(Socket.prototype, "_writev")
      try {
        expect(await readAll()).toEqual(keys.map(() => null))
        expect(one.mock.calls.length + several.mock.calls.length).toBe(cluster.ports.length)
      } finally {
        one.mockRestore()
        several.mockRestore()
      }
    })

    it("reaches keys of every node, and visits each node once in a walk", async () => {
      const tags = Array.from({ length: 30 }, () => randomUUID())
      const keys = tags.map((tag) => `cluster:{${tag}}:a`)
      expect(redis.singleNode).toBe(false)
      for (const [i, key] of keys.entries()) expect(await redis.run(SET_BOTH, [key, `cluster:{${tags[i]}}:b`], [`value ${i}`])).toBe(1)
      expect(await redis.mget([...keys, "cluster:missing"])).toEqual([...keys.map((_, i) => `value ${i}`), null])
      expect(await redis.get(keys[3] as string)).toBe("value 3")

      const nodes = await redis.nodes()
      expect(new Set(nodes).size).toBe(3)
      const found: string[] = []
      for (const node of nodes.keys()) {
        let cursor = "0"
        do {
          const step = await redis.scan(node, cursor, "cluster:*:a", 50)
          found.push(...step.keys)
          cursor = step.cursor
        } while (cursor !== "0")
      }
      expect([...new Set(found)].filter((key) => keys.includes(key)).sort()).toEqual([...keys].sort())
      expect(await redis.scan(3, "0", "*", 10)).toEqual({ cursor: "0", keys: [] })

      expect(await redis.unlink([...keys, "cluster:missing"])).toEqual([...keys.map(() => true), false])
      expect(await redis.time()).toBeGreaterThan(1e15)
      await redis.ping()
    })
  })
})

describe("clients that are refused, without anything being sent", () => {
  const { port, url } = sharedServer("redis")
  const rootNodes = [{ url }]
  const nodes = [{ host: "127.0.0.1", port }]

  it.each<[string, () => unknown, RegExp]>([
    ["a node-redis cluster that uses replicas", () => createCluster({ rootNodes, useReplicas: true }), /useReplicas.*replica/],
    ["a duplicate of it", () => createCluster({ rootNodes, useReplicas: true }).duplicate(), /useReplicas/],
    ["a node-redis client in readonly mode", () => createClient({ url, readonly: true }), /readonly/],
    ["a view of it", () => createClient({ url, readonly: true }).withTypeMapping({}), /readonly/],
    ["a node-redis client with a key prefix", () => createClient({ url, keyPrefix: "app:" }), /keyPrefix/],
    ["a node-redis pool with a key prefix", () => createClientPool({ url, keyPrefix: "app:" }), /keyPrefix/],
    ["a legacy view of node-redis", () => createClient({ url }).legacy(), /5\.8/],
    ["an ioredis Cluster that scales reads to all", () => new IoCluster(nodes, { lazyConnect: true, scaleReads: "all" }), /scaleReads/],
    [
      "an ioredis Cluster that scales reads by a function",
      () => new IoCluster(nodes, { lazyConnect: true, scaleReads: (all: unknown[]) => all[0] as never }),
      /scaleReads/,
    ],
    ["an iovalkey Cluster that scales reads to replicas", () => new ValkeyCluster(nodes, { lazyConnect: true, scaleReads: "slave" }), /scaleReads/],
    ["an ioredis client of a Sentinel's replicas", () => new IoRedis({ lazyConnect: true, sentinels: nodes, name: "main", role: "slave" }), /role/],
    ["an ioredis client in readonly mode", () => new IoRedis({ lazyConnect: true, readOnly: true }), /readOnly/],
    ["an ioredis client with a key prefix", () => new IoRedis({ lazyConnect: true, keyPrefix: "app:" }), /keyPrefix/],
    ["a duplicate of it", () => new IoRedis({ lazyConnect: true, keyPrefix: "app:" }).duplicate(), /keyPrefix/],
    ["an ioredis Cluster with a key prefix", () => new IoCluster(nodes, { lazyConnect: true, redisOptions: { keyPrefix: "app:" } }), /keyPrefix/],
    ["an iovalkey client that monitors", () => new IoValkey({ lazyConnect: true, monitor: true }), /monitor/],
    ["a pipeline", () => new IoRedis({ lazyConnect: true }).pipeline(), /client/],
    ["a promise of a client", () => Promise.resolve({}), /promise/],
    ["nothing", () => undefined, /undefined/],
    ["a number", () => 6379, /integer/],
  ])("refuses %s", async (_name, make, says) => {
    const error = await connectRedis(make() as RedisClientLike, { timeoutMs: TIMEOUT_MS }).catch((reason: unknown) => reason)
    expect(SessionError.is(error, "ERR_CONFIG_INVALID")).toBe(true)
    expect((error as Error).message).toMatch(says)
  })

  it("refuses an ioredis client that is subscribed", async () => {
    const client = new IoValkey(port, "127.0.0.1")
    try {
      await client.subscribe("news")
      await expect(connectRedis(client as unknown as RedisClientLike, { timeoutMs: TIMEOUT_MS })).rejects.toMatchObject({
        code: "ERR_CONFIG_INVALID",
        message: expect.stringContaining("subscribed"),
      })
    } finally {
      client.disconnect()
    }
  })

  it("accepts what differs only in kind: subclasses, duplicates, a cluster that reads from primaries, a sentinel", async () => {
    class Wrapped extends IoRedis {}
    const accepted: unknown[] = [
      createClient({ url }),
      createClient({ url }).duplicate(),
      createClientPool({ url }),
      createCluster({ rootNodes }),
      createSentinel({ name: "main", sentinelRootNodes: nodes }),
      new Wrapped({ lazyConnect: true }),
      new IoRedis({ lazyConnect: true, sentinels: nodes, name: "main" }),
      new IoCluster(nodes, { lazyConnect: true, scaleReads: "master" }),
    ]
    for (const client of accepted) await (await connectRedis(client as RedisClientLike, { timeoutMs: TIMEOUT_MS })).close()
    expect((await connectRedis(accepted[4] as RedisClientLike, { timeoutMs: TIMEOUT_MS })).resendMark()).toBeNull()
  })

  it.each([
    ["client", () => createClient({ url })],
    ["pool", () => createClientPool({ url })],
    ["cluster", () => createCluster({ rootNodes })],
    ["sentinel", () => createSentinel({ name: "main", sentinelRootNodes: nodes })],
  ])("says that a node-redis %s was never connected", async (_name, make) => {
    const redis = await connectRedis(make(), { timeoutMs: TIMEOUT_MS })
    await expect(redis.get("x")).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied", message: expect.stringContaining("connect()") })
    await expect(redis.unlink(["x"])).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
  })
})
