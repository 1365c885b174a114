import { createCluster } from "redis"
import type { ClientName } from "../targets/targets.js"
import { openRaw } from "./open-raw.js"
import { DAY_SECONDS, type RawClient } from "./raw-client.js"

const CLUSTER = "redis+cluster://"

/** A client of the server or cluster at an address. */
export async function clientAtAddress(client: ClientName, url: string): Promise<Pick<RawClient, "client" | "get" | "set">> {
  if (!url.startsWith(CLUSTER)) return openRaw(client, url)
  const nodes = url.slice(CLUSTER.length).split(",")
  return client === "ioredis" ? openIoRedisCluster(nodes) : openNodeRedisCluster(nodes)
}

async function openNodeRedisCluster(nodes: readonly string[]): Promise<Pick<RawClient, "client" | "get" | "set">> {
  const cluster = createCluster({ rootNodes: nodes.map((node) => ({ url: `redis://${node}` })) })
  // What breaks shows in the call that waits for it.
  cluster.on("error", () => undefined)
  await cluster.connect()
  return {
    client: cluster,
    get: (key) => cluster.get(key),
    set: (key, value) => cluster.set(key, value, { expiration: { type: "EX", value: DAY_SECONDS } }),
  }
}

async function openIoRedisCluster(nodes: readonly string[]): Promise<Pick<RawClient, "client" | "get" | "set">> {
  const { Cluster } = await import("ioredis")
  const cluster = new Cluster([...nodes].map((node) => `redis://${node}`))
  cluster.on("error", () => undefined)
  await cluster.ping()
  return { client: cluster, get: (key) => cluster.get(key), set: (key, value) => cluster.set(key, value, "EX", DAY_SECONDS) }
}
