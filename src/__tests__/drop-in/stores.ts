import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Redis } from "ioredis"
import { createClient } from "redis"
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
