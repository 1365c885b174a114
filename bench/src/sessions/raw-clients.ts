import type { RedisClientLike } from "coatcheck"
import { Redis } from "ioredis"
import { createClient } from "redis"
import type { ClientName } from "../targets/targets.js"

const DAY_SECONDS = 86_400
/** A busy machine should make figures worse, not end the run. */
const PATIENCE_MS = 30_000

/** Bare commands of one client: what everything else is held against. */
export interface RawClient {
  readonly name: ClientName
  /** The same connection, as libraries take it. */
  readonly client: RedisClientLike
  get(key: string): Promise<string | null>
  /** For a day. */
  set(key: string, value: string): Promise<unknown>
  setRange(key: string, offset: number, value: string): Promise<unknown>
  del(...keys: string[]): Promise<number>
  /** In a day. */
  expire(key: string): Promise<unknown>
  mget(keys: readonly string[]): Promise<readonly (string | null)[]>
  scan(cursor: string, pattern: string): Promise<{ readonly cursor: string; readonly keys: readonly string[] }>
  close(): void
}

export async function openNodeRedis(url: string) {
  const client = createClient({ url, commandOptions: { timeout: PATIENCE_MS } })
  // What breaks shows in the call that waits for it.
  client.on("error", () => undefined)
  await client.connect()
  const raw = {
    name: "node-redis",
    client,
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value, { expiration: { type: "EX", value: DAY_SECONDS } }),
    setRange: (key, offset, value) => client.setRange(key, offset, value),
    del: (...keys) => client.del(keys),
    expire: (key) => client.expire(key, DAY_SECONDS),
    mget: (keys) => client.mGet([...keys]),
    scan: (cursor, pattern) => client.scan(cursor, { MATCH: pattern, COUNT: 1_000 }),
    close: () => client.destroy(),
  } satisfies RawClient
  return raw
}

export async function openIoRedis(url: string): Promise<RawClient> {
  const client = new Redis(url)
  client.on("error", () => undefined)
  await client.ping()
  return {
    name: "ioredis",
    client,
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value, "EX", DAY_SECONDS),
    setRange: (key, offset, value) => client.setrange(key, offset, value),
    del: (...keys) => client.del(keys),
    expire: (key) => client.expire(key, DAY_SECONDS),
    mget: (keys) => client.mget([...keys]),
    scan: async (cursor, pattern) => {
      const [next, keys] = await client.scan(cursor, "MATCH", pattern, "COUNT", 1_000)
      return { cursor: next, keys }
    },
    close: () => client.disconnect(),
  }
}
