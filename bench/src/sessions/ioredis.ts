import { Redis } from "ioredis"
import { DAY_SECONDS, type RawClient } from "./raw-client.js"

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
    incr: (key) => client.incr(key),
    mget: (keys) => client.mget([...keys]),
    scan: async (cursor, pattern) => {
      const [next, keys] = await client.scan(cursor, "MATCH", pattern, "COUNT", 1_000)
      return { cursor: next, keys }
    },
    send: (command, ...args) => client.call(command, ...args),
    close: () => client.disconnect(),
  }
}
