import { createClient } from "redis"
import { DAY_SECONDS, type RawClient } from "./raw-client.js"

/** A busy machine should make figures worse, not end the run. */
const PATIENCE_MS = 30_000

export type NodeRedis = Awaited<ReturnType<typeof openNodeRedis>>

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
    incr: (key) => client.incr(key),
    mget: (keys) => client.mGet([...keys]),
    scan: (cursor, pattern) => client.scan(cursor, { MATCH: pattern, COUNT: 1_000 }),
    send: (...command) => client.sendCommand(command),
    close: () => client.destroy(),
  } satisfies RawClient
  return raw
}
