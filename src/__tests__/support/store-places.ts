import type { EventEmitter } from "node:events"
import { Redis as IoRedis, Cluster as IoRedisCluster } from "ioredis"
import { Redis as Valkey, Cluster as ValkeyCluster } from "iovalkey"
import { createClient, createCluster, createSentinel } from "redis"
import type { RedisClientLike } from "../../exports/index.js"
import { SERVER_KINDS, type ServerKind, startCluster, startSentinels, startServer, type TestCluster, type TestSentinels, type TestServer } from "./servers.js"

/** What an application hands in: a client of its own, or a URL. */
export const STORE_CLIENTS = ["URL", "node-redis", "ioredis", "iovalkey"] as const
export type StoreClient = (typeof STORE_CLIENTS)[number]

/** Where a store is: what a client needs to find it. */
export type StoreAddress =
  | { readonly form: "server"; readonly url: string }
  | { readonly form: "cluster"; readonly ports: readonly number[] }
  | { readonly form: "Sentinels"; readonly ports: readonly number[]; readonly name: string }

export interface OpenedStore {
  readonly store: string | RedisClientLike
  end(): void | Promise<void>
}

export const addressOfServer = (url: string): StoreAddress => ({ form: "server", url })
export const addressOfCluster = ({ ports }: TestCluster): StoreAddress => ({ form: "cluster", ports })
export const addressOfSentinels = ({ sentinels, primaryName }: TestSentinels): StoreAddress => ({
  form: "Sentinels",
  ports: sentinels.map(({ port }) => port),
  name: primaryName,
})

/** Opens what a service gets as its store. The clients look for another primary twice a second, so that a test of failing ones need not wait. */
export async function openStore(through: StoreClient, address: StoreAddress): Promise<OpenedStore> {
  if (through === "URL") return { store: urlOf(address), end: () => undefined }
  if (through === "ioredis") return connected(ioRedis(address))
  if (through === "iovalkey") return connected(iovalkey(address))
  const client = nodeRedis(address)
  client.on("error", () => undefined)
  await client.connect()
  return { store: client, end: () => client.destroy() }
}

function urlOf(address: StoreAddress): string {
  if (address.form === "server") return address.url
  const hosts = address.ports.map((port) => `127.0.0.1:${port}`).join(",")
  return address.form === "cluster" ? `redis+cluster://${hosts}` : `redis+sentinel://${hosts}/${address.name}`
}

function nodeRedis(address: StoreAddress) {
  if (address.form === "server") return createClient({ url: address.url })
  if (address.form === "Sentinels") return createSentinel({ name: address.name, sentinelRootNodes: hostsOf(address.ports), scanInterval: 500 })
  const rootNodes = address.ports.map((port) => ({ url: `redis://127.0.0.1:${port}` }))
  return createCluster({ rootNodes, topologyRefreshOnReconnectionAttemptStrategy: 500 })
}

function ioRedis(address: StoreAddress): IoRedis | IoRedisCluster {
  if (address.form === "server") return new IoRedis(address.url)
  if (address.form === "Sentinels") return new IoRedis({ sentinels: hostsOf(address.ports), name: address.name, failoverDetector: true })
  return new IoRedisCluster(hostsOf(address.ports), { slotsRefreshInterval: 500 })
}

function iovalkey(address: StoreAddress): Valkey | ValkeyCluster {
  if (address.form === "server") return new Valkey(address.url)
  if (address.form === "Sentinels") return new Valkey({ sentinels: hostsOf(address.ports), name: address.name, failoverDetector: true })
  return new ValkeyCluster(hostsOf(address.ports), { slotsRefreshInterval: 500 })
}

function hostsOf(ports: readonly number[]): { host: string; port: number }[] {
  return ports.map((port) => ({ host: "127.0.0.1", port }))
}

async function connected(client: IoRedis | IoRedisCluster | Valkey | ValkeyCluster): Promise<OpenedStore> {
  // The packages declare their events in ways that no call fits at once.
  const emitter: EventEmitter = client
  emitter.on("error", () => undefined)
  if (client.status !== "ready") await new Promise<void>((resolve) => emitter.once("ready", resolve))
  return { store: client, end: () => client.disconnect() }
}

const PLACES = ["one server", "Sentinels", "a cluster"] as const

/** Every place on every kind of server, as arguments of `startPlace`. */
export const STORE_PLACES = SERVER_KINDS.flatMap((kind) => PLACES.map((place) => [kind, place] as const))

/** Servers of a test's own, and how they are reached. */
export interface StorePlace {
  readonly address: StoreAddress
  /** Those that keep sessions. */
  readonly primaries: readonly TestServer[]
  stop(): Promise<void>
}

/** Longer than any test has its primaries paused: nobody takes their place. */
const NO_FAILOVER_MS = 300_000

/** Starts a place whose primaries stay what they are, even while they are silent. */
export async function startPlace(kind: ServerKind, place: (typeof PLACES)[number]): Promise<StorePlace> {
  if (place === "one server") {
    const server = await startServer({ kind })
    return { address: addressOfServer(server.url), primaries: [server], stop: () => server.stop() }
  }
  if (place === "Sentinels") {
    const group = await startSentinels(kind, { downAfterMs: NO_FAILOVER_MS })
    return { address: addressOfSentinels(group), primaries: [group.primary], stop: () => group.stop() }
  }
  const cluster = await startCluster(kind, { args: ["--cluster-node-timeout", String(NO_FAILOVER_MS)] })
  return { address: addressOfCluster(cluster), primaries: cluster.nodes, stop: () => cluster.stop() }
}
