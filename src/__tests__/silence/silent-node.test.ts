import { Cluster } from "ioredis"
import { createCluster } from "redis"
import { expect, it } from "vitest"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { startCluster } from "../support/servers.js"
import { timed } from "./timed-calls.js"

const TIMEOUT_MS = 1_000
/** Of the first and the last third of the slots. */
const [FIRST, LAST] = ["{b}", "{a}"]

it("the silence of one node of a cluster refuses no call to another", async () => {
  await using cluster = await startCluster("redis")
  const nodeRedis = createCluster({ rootNodes: cluster.urls.map((url) => ({ url })) })
  await nodeRedis.connect()
  const ioRedis = new Cluster(cluster.ports.map((port) => ({ host: "127.0.0.1", port })))
  try {
    const services = await Promise.all([connectRedis(nodeRedis, { timeoutMs: TIMEOUT_MS }), connectRedis(ioRedis, { timeoutMs: TIMEOUT_MS })])
    for (const redis of services) expect([await redis.get(FIRST), await redis.get(LAST)]).toEqual([null, null])
    cluster.nodes[0]?.pause()
    for (const redis of services) {
      const silent = await Promise.all(Array.from({ length: 20 }, () => timed("first", redis.get(FIRST))))
      expect(new Set(silent.map(({ code }) => code))).toEqual(new Set(["ERR_STORE_TIMEOUT"]))
      expect(await redis.get(LAST)).toBeNull()
    }
    cluster.nodes[0]?.resume()
    for (const redis of services) await redis.close()
  } finally {
    cluster.nodes[0]?.resume()
    nodeRedis.destroy()
    ioRedis.disconnect()
  }
})
