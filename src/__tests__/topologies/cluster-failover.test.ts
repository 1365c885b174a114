import { setTimeout as pause } from "node:timers/promises"
import { Cluster } from "ioredis"
import { Cluster as ValkeyCluster } from "iovalkey"
import { createCluster } from "redis"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { scriptOf } from "../clients/client-makers.js"
import { type Ending, timed } from "../silence/timed-calls.js"
import { askServer, SERVER_KINDS, startCluster, type TestCluster } from "../support/servers.js"
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js"

type Redis = Awaited<ReturnType<typeof connectRedis>>

// Below what ioredis takes to give a node up by itself (about 750 ms), so that its silence is heard.
const TIMEOUT_MS = 500
/** Keys of the first, the second and the last third of the slots. */
const [FIRST, MIDDLE, LAST] = ["{b}", "{c}", "{a}"] as const
const PACKAGES = ["@redis/client", "ioredis", "iovalkey"] as const
const INCREMENT = scriptOf('#!lua\nreturn redis.call("INCR", KEYS[1])')

expectNoUnhandledRejections()

/** By URL through each package, and through clients of the application's own. */
async function everyService(cluster: TestCluster): Promise<{ readonly services: Readonly<Record<string, Redis>>; close(): Promise<void> }> {
  const services: Record<string, Redis> = {}
  // One of the seed nodes is away.
  const url = `redis+cluster://127.0.0.1:1,${cluster.ports.map((port) => `127.0.0.1:${port}`).join(",")}`
  for (const clientPackage of PACKAGES) services[`URL, ${clientPackage}`] = await connectRedis(url, { timeoutMs: 2 * TIMEOUT_MS, clientPackage })
  const nodeRedis = createCluster({ rootNodes: cluster.urls.map((root) => ({ url: root })), topologyRefreshOnReconnectionAttemptStrategy: 500 })
  nodeRedis.on("error", () => undefined)
  await nodeRedis.connect()
  const ioRedis = new Cluster(
    cluster.ports.map((port) => ({ host: "127.0.0.1", port })),
    { slotsRefreshInterval: 1_000 },
  )
  ioRedis.on("error", () => undefined)
  services["own node-redis"] = await connectRedis(nodeRedis, { timeoutMs: 2 * TIMEOUT_MS })
  services["own ioredis"] = await connectRedis(ioRedis, { timeoutMs: 2 * TIMEOUT_MS })
  return {
    services,
    close: async () => {
      await Promise.all(Object.values(services).map((redis) => redis.close()))
      nodeRedis.destroy()
      ioRedis.disconnect()
    },
  }
}

/** Calls for a key until one succeeds. */
async function untilServed(name: string, call: () => Promise<unknown>, longestMs: number): Promise<readonly Ending[]> {
  const endings: Ending[] = []
  for (const until = performance.now() + longestMs; ; await pause(20)) {
    const ending = await timed(name, call())
    endings.push(ending)
    if (ending.code === null) return endings
    expect(performance.now(), `${name}: ${JSON.stringify(endings.at(-1))}`).toBeLessThan(until)
  }
}

/** "OK" says that it has begun. On a busy machine the servers give it up after 5 s, and it has to be asked for again. */
async function handOver(replica: number): Promise<void> {
  const isPrimary = async (): Promise<boolean> => String(await askServer(replica, "ROLE")).includes("master")
  for (const until = performance.now() + 60_000; !(await isPrimary()); ) {
    expect(performance.now(), "handed over in time").toBeLessThan(until)
    expect(await askServer(replica, "CLUSTER FAILOVER")).toBe("+OK")
    for (const again = performance.now() + 7_000; performance.now() < again && !(await isPrimary()); ) await pause(50)
  }
}

describe.each(SERVER_KINDS)("a cluster of %s with replicas", (kind) => {
  let cluster: TestCluster
  let opened: Awaited<ReturnType<typeof everyService>>
  beforeAll(async () => {
    cluster = await startCluster(kind, { replicas: true, args: ["--cluster-node-timeout", "1000"] })
    opened = await everyService(cluster)
  })
  afterAll(async () => {
    await opened?.close()
    await cluster?.stop()
  })

  it("hands over by CLUSTER FAILOVER almost unseen", async () => {
    const { services } = opened
    for (const redis of Object.values(services)) for (const key of [FIRST, MIDDLE, LAST]) await redis.run(INCREMENT, [key], [])
    const replica = cluster.replicas[1]?.port ?? 0
    // The calls go on until it is over, and for a while beyond.
    let endsAt = Number.POSITIVE_INFINITY
    const handedOver = handOver(replica).finally(() => {
      endsAt = performance.now() + 2_000
    })
    await Promise.all(
      Object.entries(services).map(async ([name, redis]) => {
        const endings: Ending[] = []
        for (; performance.now() < endsAt; await pause(10)) endings.push(await timed(name, redis.run(INCREMENT, [MIDDLE], [])))
        expect(endings.at(-1)?.code, name).toBeNull()
        expect(endings.filter(({ code }) => code !== null).length, name).toBeLessThan(10)
      }),
    )
    await handedOver
  })

  it.each(kind === "redis" ? (["killed", "silent"] as const) : (["killed"] as const))("lets the replica take over from a primary that is %s", async (what) => {
    const { services } = opened
    const [key, other] = what === "killed" ? [FIRST, LAST] : [LAST, FIRST]
    const primary = cluster.nodes[what === "killed" ? 0 : 2]
    for (const redis of Object.values(services)) await redis.run(INCREMENT, [key], [])
    if (what === "killed") await primary?.kill9()
    else primary?.pause()
    const began = performance.now()
    try {
      const own = Object.entries(services).filter(([name]) => what === "killed" || name.startsWith("URL"))
      const backAfter = await Promise.all(
        own.map(async ([name, redis]) => {
          const endings = await untilServed(name, () => redis.run(INCREMENT, [key], []), 60_000)
          expect(Math.max(...endings.map(({ took }) => took)), name).toBeLessThan(3 * TIMEOUT_MS)
          for (const { code } of endings) expect([null, "ERR_STORE_UNAVAILABLE", "ERR_STORE_TIMEOUT"]).toContain(code)
          expect((await timed(name, redis.get(other))).code, name).toBeNull()
          return `${name} ${Math.round(performance.now() - began)}`
        }),
      )
      console.info(`${kind}: served again after a primary was ${what}, after ms: ${backAfter.join(", ")}`)
    } finally {
      if (what === "silent") primary?.resume()
    }
  })
})

describe("a cluster without replicas", () => {
  it.each(["silent", "killed"] as const)("refuses the calls to a node that is %s, soon at once, and serves the others as before", async (what) => {
    await using cluster = await startCluster("redis", { args: ["--cluster-require-full-coverage", "no", "--cluster-node-timeout", "1000"] })
    const { services, close } = await everyService(cluster)
    const node = cluster.nodes[0]
    try {
      for (const redis of Object.values(services)) for (const key of [FIRST, MIDDLE, LAST]) await redis.run(INCREMENT, [key], [])
      if (what === "silent") node?.pause()
      else await node?.kill9()
      for (const [name, redis] of Object.entries(services)) {
        const first = await Promise.all(Array.from({ length: 20 }, () => timed(name, redis.run(INCREMENT, [FIRST], []))))
        for (const { code, took } of first) {
          expect(["ERR_STORE_UNAVAILABLE", "ERR_STORE_TIMEOUT"], name).toContain(code)
          expect(took, name).toBeLessThan(3 * TIMEOUT_MS)
        }
        for (const key of [MIDDLE, LAST]) expect(await redis.run(INCREMENT, [key], []), name).toBeGreaterThan(0)
        // Soon, and the quickest: the breaker may be trying the node just now, and other processes may hold this one up.
        const quickest = async (): Promise<number> => {
          const refused = await Promise.all(Array.from({ length: 20 }, () => timed(name, redis.run(INCREMENT, [FIRST], []))))
          for (const ending of refused) expect(ending, name).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
          return Math.min(...refused.map(({ took }) => took))
        }
        await expect.poll(quickest, { timeout: 20_000, message: name }).toBeLessThan(TIMEOUT_MS / 4)
      }
      if (what === "silent") node?.resume()
      else await node?.restart()
      for (const [name, redis] of Object.entries(services)) await untilServed(name, () => redis.get(FIRST), 60_000)
    } finally {
      if (what === "silent") node?.resume()
      await close()
    }
  })
})

describe.each([
  ["ioredis", Cluster],
  ["iovalkey", ValkeyCluster as unknown as typeof Cluster],
] as const)("an application's own cluster client of %s", (_name, OwnCluster) => {
  // The client gives a call up well within its deadline. By chance, its last error is a lost connection, or an answer of a node that is left.
  it("opens the breaker of a node that was killed, and of no other", async () => {
    await using cluster = await startCluster("redis", { args: ["--cluster-require-full-coverage", "no"] })
    const client = new OwnCluster(
      cluster.ports.map((port) => ({ host: "127.0.0.1", port })),
      { retryDelayOnFailover: TIMEOUT_MS / 20, maxRedirections: 5 },
    )
    client.on("error", () => undefined)
    const redis = await connectRedis(client, { timeoutMs: TIMEOUT_MS / 2 })
    const refusal = async (): Promise<string> => {
      const error: unknown = await redis.get(FIRST).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_STORE_(UNAVAILABLE|TIMEOUT)$/), outcome: "not-applied" })
      return (error as Error).message
    }
    try {
      for (const key of [FIRST, MIDDLE, LAST]) await redis.run(INCREMENT, [key], [])
      await cluster.nodes[0]?.kill9()
      const first = await Promise.all(Array.from({ length: 60 }, refusal))
      expect(first.filter((message) => !/connection to the store was lost|did not answer/.test(message))).toEqual([])
      expect(await refusal()).toContain("has not answered several calls in a row")
      for (const key of [MIDDLE, LAST]) expect(await redis.run(INCREMENT, [key], [])).toBe(2)
      await cluster.nodes[0]?.restart()
      await untilServed("get", () => redis.get(FIRST), 60_000)
    } finally {
      await redis.close()
      client.disconnect()
    }
  })
})
