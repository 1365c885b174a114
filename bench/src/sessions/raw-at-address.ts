import { createCluster } from "redis"
import { openNodeRedis } from "./node-redis.js"
import { entryAt, shuffled } from "./order.js"
import { payloadOf } from "./payload.js"
import { DAY_SECONDS, type RawClient } from "./raw-client.js"
import type { SessionRows } from "./session-case.js"
import type { SessionSettings } from "./session-settings.js"

const CLUSTER = "redis+cluster://"
const WRITTEN_TOGETHER = 500

/** The bare `GET` of node-redis at the address of a server or a cluster, with keys of its own there. */
export async function rawAtAddress({ url, count, bytes }: SessionSettings): Promise<SessionRows> {
  const raw = await (url.startsWith(CLUSTER) ? openCluster(url) : openNodeRedis(url))
  const value = JSON.stringify(payloadOf(0, bytes))
  const keys = Array.from({ length: count }, (_, at) => `raw:${process.pid}:${at}`)
  const order = shuffled(count)
  const prepare = async (): Promise<void> => {
    for (let from = 0; from < count; from += WRITTEN_TOGETHER) await Promise.all(keys.slice(from, from + WRITTEN_TOGETHER).map((key) => raw.set(key, value)))
  }
  const work = { prepare, call: (at: number) => raw.get(entryAt(keys, order, at)), isRight: (found: string | null) => found !== null }
  return { read: { name: "raw GET", work } }
}

async function openCluster(url: string): Promise<Pick<RawClient, "get" | "set">> {
  const rootNodes = url
    .slice(CLUSTER.length)
    .split(",")
    .map((node) => ({ url: `redis://${node}` }))
  const cluster = createCluster({ rootNodes })
  cluster.on("error", () => undefined)
  await cluster.connect()
  return {
    get: (key) => cluster.get(key),
    set: (key, value) => cluster.set(key, value, { expiration: { type: "EX", value: DAY_SECONDS } }),
  }
}
