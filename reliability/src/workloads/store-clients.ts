import type { RedisClientLike } from "coatcheck"
import { Redis } from "ioredis"
import { connectPlain } from "../servers/plain-client.js"

export const CLIENT_NAMES = ["node-redis", "ioredis"] as const
export type ClientName = (typeof CLIENT_NAMES)[number]

/** A connected client, and the little that is asked of it directly. */
export interface StoreClient {
  readonly client: RedisClientLike
  get(key: string): Promise<string | null>
  /** Leaves the key's time to live as it is. */
  set(key: string, value: string): Promise<void>
  close(): Promise<void>
}

export async function openClient(name: ClientName, url: string): Promise<StoreClient> {
  return name === "ioredis" ? openIoRedis(url) : openNodeRedis(url)
}

async function openNodeRedis(url: string): Promise<StoreClient> {
  const client = await connectPlain(url)
  return {
    client,
    get: (key) => client.get(key),
    set: async (key, value) => void (await client.set(key, value, { expiration: "KEEPTTL" })),
    close: () => client.close(),
  }
}

async function openIoRedis(url: string): Promise<StoreClient> {
  const client = new Redis(url, { lazyConnect: true })
  client.on("error", () => undefined)
  await client.connect()
  return {
    client,
    get: (key) => client.get(key),
    set: async (key, value) => void (await client.set(key, value, "KEEPTTL")),
    close: async () => void (await client.quit()),
  }
}
