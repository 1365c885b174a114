import { setFlagsFromString } from "node:v8"
import { runInThisContext } from "node:vm"
import { Redis } from "ioredis"
import { expect, test } from "vitest"
import { connectRedis } from "../../../../../infrastructure/redis/clients/connect.js"

setFlagsFromString("--allow-natives-syntax")
const areFast = runInThisContext("() => %HasFastProperties(String.prototype)") as () => boolean

test("methods of strings are found fast again once a client was handed over whose module extends String", async () => {
  const client = new Redis({ lazyConnect: true })
  expect(areFast()).toBe(false)
  const redis = await connectRedis(client, { timeoutMs: 1_000 })
  expect(areFast()).toBe(true)
  await redis.close()
  client.disconnect()
})
