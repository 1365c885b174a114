import { Redis as IoRedis } from "ioredis"
import { Redis as Valkey } from "iovalkey"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { createSessionService, type SessionEvent } from "../../exports/index.js"
import { SERVER_KINDS, startSentinels, type TestSentinels } from "../support/servers.js"
import { addressOfSentinels, openStore, STORE_CLIENTS } from "../support/store-places.js"

/** A Sentinel needs 1 s to be sure, some more for the vote and the promotion. */
const BACK_WITHIN_MS = 30_000

describe.each(SERVER_KINDS)("Sentinels of %s", (kind) => {
  let group: TestSentinels
  beforeAll(async () => {
    group = await startSentinels(kind)
  })
  afterAll(() => group.stop())

  it.each(["ioredis", "iovalkey"] as const)("the near-cache speaks no TLS to a primary to which %s speaks none, whatever its options hold", async (through) => {
    const sentinels = group.sentinels.map(({ port }) => ({ host: "127.0.0.1", port }))
    const options = { sentinels, name: group.primaryName, tls: {} }
    const client = through === "ioredis" ? new IoRedis(options) : new Valkey(options)
    await client.ping()
    const told: SessionEvent[] = []
    const service = await createSessionService({ store: client, nearCache: true, onEvent: (event) => told.push(event) })
    await expect.poll(() => told, { timeout: 20_000 }).toContainEqual({ type: "near-cache", serving: true })
    await service.close()
    client.disconnect()
  })

  it("the near-cache follows the primary through a failover, and keeps nothing from before it", async () => {
    const opened = await Promise.all(STORE_CLIENTS.map((through) => openStore(through, addressOfSentinels(group))))
    const services = await Promise.all(opened.map(({ store }) => createSessionService({ store, nearCache: true, timeout: "5s" })))
    const made = await Promise.all(services.map((service, n) => service.createSession({ userId: `user ${n}`, attributes: { n: 0 } })))
    const read = async (token: string): Promise<readonly unknown[]> =>
      Promise.all(services.map((service) => service.getSession(token, { touch: false }).then((session) => session?.attributes.n)))
    const isKept = (token: string): Promise<void> =>
      vi.waitFor(
        async () => {
          await read(token)
          // Answered at once, without a turn of the event loop, it came from memory.
          for (const service of services) {
            const answer = service.getSession(token, { touch: false })
            const first = await Promise.race([answer, Promise.resolve().then(() => Promise.resolve("not yet"))])
            expect(first).not.toBe("not yet")
          }
        },
        { timeout: BACK_WITHIN_MS, interval: 20 },
      )
    for (const { token } of made) await isKept(token)
    await group.primary.kill9()
    for (const [n, { token }] of made.entries()) {
      await vi.waitFor(() => services[n]?.updateSession(token, { n: 1 }), { timeout: BACK_WITHIN_MS, interval: 100 })
      await vi.waitFor(async () => expect(await read(token)).toEqual(STORE_CLIENTS.map(() => 1)), { timeout: BACK_WITHIN_MS, interval: 50 })
      await isKept(token)
      await services[(n + 1) % services.length]?.updateSession(token, { n: 2 })
      await vi.waitFor(async () => expect(await read(token)).toEqual(STORE_CLIENTS.map(() => 2)), { timeout: 5_000, interval: 10 })
    }
    for (const service of services) await service.close()
    for (const { end } of opened) await end()
  }, 120_000)
})
