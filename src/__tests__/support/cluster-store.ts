import { createCluster } from "@redis/client"
import { afterAll, describe, it } from "vitest"
import { type ConformanceSetup, describeSessionService } from "../../exports/testing.js"
import type { RedisClientLike } from "../../infrastructure/redis/clients/client-shapes.js"
import { makeOwnClient, type OwnClient } from "../../infrastructure/redis/clients/own-clients.js"
import { clusterPackages } from "../../infrastructure/redis/clients/own-cluster.js"
import { parseStoreUrl } from "../../infrastructure/redis/clients/store-url.js"
import { REDIS_TRAITS, storeUnderSuite } from "./redis-store.js"
import { type ServerKind, startCluster } from "./servers.js"

/** Cleanup goes over all keys of a cluster, and the suite counts them: each prefix sees the sessions of its own alone. */
export function describeOnCluster(kind: ServerKind, through: "@redis/client" | "ioredis", nearCache = false): void {
  const start = async () => {
    const cluster = await startCluster(kind)
    const url = `redis+cluster://${cluster.ports.map((port) => `127.0.0.1:${port}`).join(",")}` as const
    const raw = createCluster({ rootNodes: cluster.urls.map((node) => ({ url: node })) })
    raw.on("error", () => undefined)
    await raw.connect()
    return { cluster, raw, store: await storeFor(url, through) }
  }
  let starting: ReturnType<typeof start> | undefined
  const started = (): ReturnType<typeof start> => {
    starting ??= start()
    return starting
  }
  afterAll(async () => {
    const used = await starting
    used?.store.own?.destroy()
    used?.raw.destroy()
    await used?.cluster.stop()
  })
  const setup: ConformanceSetup = async (options) => {
    const { raw, store } = await started()
    return storeUnderSuite({ store: store.store, send: (command, key, ...args) => raw.sendCommand(key, false, [command, key, ...args]) }, options, nearCache)
  }
  describeSessionService({ describe, it: it.concurrent }, `a cluster of ${kind} through ${through}${nearCache ? " with a near-cache" : ""}`, setup, {
    ...REDIS_TRAITS,
    // A near-cache has a connection to each node, and each change waits until all of them were told.
    ...(nearCache ? { timeUnitMs: 80 } : {}),
  })
}

/** A URL is served by the first package that is installed; another one is what that URL would have made of it. */
async function storeFor(
  url: `redis+cluster://${string}`,
  through: "@redis/client" | "ioredis",
): Promise<{ readonly store: string | RedisClientLike; readonly own?: OwnClient }> {
  if (through === "@redis/client") return { store: url }
  const target = parseStoreUrl(url)
  if (target.kind !== "cluster") throw new Error("Expected the URL of a cluster")
  const unused = { host: "", port: 0, tls: false, username: undefined, password: undefined, database: 0 }
  const own = await makeOwnClient(
    unused,
    clusterPackages(target.address).filter(({ name }) => name === through),
  )
  await own.connect()
  return { store: own.client, own }
}
