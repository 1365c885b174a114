import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Redis } from "ioredis"
import { createClient, createCluster } from "redis"
import { onTestFinished } from "vitest"
import type { DropInOptions } from "../../config/open-records.js"
import { sharedServer } from "../support/servers.js"

/** Each way to keep sessions, each time new and empty. */
export const STORES: Readonly<Record<string, () => Promise<DropInOptions>>> = {
  memory: async () => ({ store: "memory:" }),
  SQLite: async () => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-drop-in-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    return { store: `sqlite:${join(folder, "sessions.db")}` }
  },
  "Redis by URL": async () => ({ store: sharedServer("redis").url, keyPrefix: ownPrefix() }),
  "Valkey with node-redis": async () => ({ store: await nodeRedis("valkey"), keyPrefix: ownPrefix() }),
  "Redis with ioredis": async () => {
    const client = new Redis(sharedServer("redis").url)
    onTestFinished(() => client.disconnect())
    return { store: client, keyPrefix: ownPrefix() }
  },
}

export function ownPrefix(): string {
  return `t:${randomUUID()}:`
}

function newClient(url: string) {
  return createClient({ url })
}

export type NodeRedisClient = ReturnType<typeof newClient>

/** A client that a test's application made, and that is ended with the test. */
export async function nodeRedis(kind: "redis" | "valkey", url = sharedServer(kind).url): Promise<NodeRedisClient> {
  const client = newClient(url)
  client.on("error", () => undefined)
  await client.connect()
  onTestFinished(() => client.destroy())
  return client
}

/** The same of a cluster. Its calls for one key are those of a single client; for keys of several slots see `keysOf` and `removeAll`. */
export async function nodeRedisCluster(urls: readonly string[]): Promise<NodeRedisClient> {
  const client = createCluster({ rootNodes: urls.map((url) => ({ url })) })
  client.on("error", () => undefined)
  await client.connect()
  onTestFinished(() => client.destroy())
  return client as unknown as NodeRedisClient
}

/** The keys of all nodes. */
export async function keysOf(client: NodeRedisClient, pattern: string): Promise<string[]> {
  const { masters, nodeClient } = client as unknown as { readonly masters?: readonly object[]; readonly nodeClient: (node: object) => Promise<NodeRedisClient> }
  if (masters === undefined) return client.keys(pattern)
  const found = await Promise.all(masters.map(async (node) => (await nodeClient.call(client, node)).keys(pattern)))
  return found.flat()
}

export async function removeAll(client: NodeRedisClient, keys: readonly string[]): Promise<void> {
  for (const key of keys) await client.del(key)
}
