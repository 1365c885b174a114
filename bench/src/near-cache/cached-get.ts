import { createClient } from "redis"
import { crowd } from "../sessions/crowd.js"
import { entryAt, shuffled } from "../sessions/order.js"
import { isThere, type SessionRows } from "../sessions/session-case.js"
import type { SessionSettings } from "../sessions/session-settings.js"

/** The client-side cache that node-redis has: text is kept, so each read parses again. */
export async function cachedGet({ url, names }: SessionSettings): Promise<SessionRows> {
  const client = createClient({ url, RESP: 3, clientSideCache: { ttl: 0, maxEntries: names.length, evictPolicy: "LRU" } })
  client.on("error", () => undefined)
  await client.connect()
  const order = shuffled(names.length)
  const call = async (at: number): Promise<unknown> => JSON.parse((await client.get(entryAt(names, order, at))) ?? "null")
  const work = { prepare: () => crowd(names.length, call), call, isRight: isThere }
  return { read: { name: "node-redis with its own cache, GET and JSON.parse", work } }
}
