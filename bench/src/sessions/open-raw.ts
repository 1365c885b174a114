import type { ClientName } from "../targets/targets.js"
import type { RawClient } from "./raw-client.js"

/** Connects with one client, and does not load the other. */
export async function openRaw(name: ClientName, url: string): Promise<RawClient> {
  return name === "ioredis" ? (await import("./ioredis.js")).openIoRedis(url) : (await import("./node-redis.js")).openNodeRedis(url)
}
