import { setTimeout as wait } from "node:timers/promises"
import { StoreServer } from "coatcheck-reliability/servers"
import { Redis } from "ioredis"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ServerMeter } from "../server/ServerMeter.js"
import { crowd } from "../sessions/crowd.js"
import { openLibrary } from "../sessions/libraries.js"

/** From then on the library asks whether a list's members still have a session. */
const OLD_MS = 2_700
const IN_A_SLICE = 450

describe("creations that are measured", () => {
  let server: StoreServer
  let admin: Redis
  beforeAll(async () => {
    server = await StoreServer.start("redis")
    admin = new Redis(server.url)
  })
  afterAll(async () => {
    admin.disconnect()
    await server.stop()
  })

  const lengths = async (pattern: string): Promise<readonly number[]> => {
    const counts = await Promise.all((await admin.keys(pattern)).map((list) => admin.zcard(list)))
    return counts.toSorted((one, other) => one - other)
  }

  it.each([
    ["coatcheck", "node-redis", "created:node-redis:user_sessions:*"],
    ["coatcheck", "ioredis", "created:ioredis:user_sessions:*"],
    ["the least", "node-redis", "least_list:{node-redis:*"],
    ["the least", "ioredis", "least_list:{ioredis:*"],
  ] as const)("meet lists of all lengths in each slice, leave them as they were, and come to no limit: %s, %s", async (library, client, pattern) => {
    await using meter = new ServerMeter(server.url)
    const { create } = await openLibrary({ library, client, url: server.url, names: ["none"], count: 1, bytes: 450, ms: 4 })
    const work = create?.work
    await work?.prepare?.()
    await work?.refill?.()
    const [before, stored] = [await lengths(pattern), await admin.dbsize()]
    expect([...new Set(before)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    if (library === "coatcheck") await wait(OLD_MS)
    for (let slice = 0; slice < 3; slice++) {
      const { server: did } = await meter.during(() => crowd(IN_A_SLICE, (at) => work?.call(slice * IN_A_SLICE + at) ?? Promise.reject(new Error("no row"))))
      // Of nine lengths the library looks at two, four and eight.
      if (library === "coatcheck") expect((did.calls.exists ?? 0) / IN_A_SLICE).toSatisfy((share: number) => share > 0.15 && share < 0.3)
      expect(did.calls.unlink).toBeUndefined()
      expect(await admin.dbsize()).toBeGreaterThan(stored + IN_A_SLICE - 1)
      expect((await lengths(pattern)).at(-1)).toBe(9)
      await work?.refill?.()
      expect(await lengths(pattern)).toEqual(before)
      expect(await admin.dbsize()).toBe(stored)
    }
  })
})
