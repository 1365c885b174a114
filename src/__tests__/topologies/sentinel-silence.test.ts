import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { type Ending, type Service, timed } from "../silence/timed-calls.js"
import { askServer, startSentinels, type TestSentinels } from "../support/servers.js"
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js"

const CLIENTS = ["@redis/client", "ioredis", "iovalkey"] as const
const TIMEOUT_MS = 1_000
/** The pause is ended when all are back, or after this. */
const LONGEST_PAUSE_MS = 60_000

expectNoUnhandledRejections()

interface Opened {
  readonly name: string
  readonly service: Service
  readonly connections: () => Promise<number>
}

const urlOf = (group: TestSentinels, ports: readonly number[]): string =>
  `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join(",")}/${group.primaryName}`

async function open(url: string, clientPackage: (typeof CLIENTS)[number]): Promise<Service> {
  return new SessionService(await connectRedis(url, { timeoutMs: TIMEOUT_MS, clientPackage }), { timeout: `${TIMEOUT_MS}ms` })
}

describe("under Sentinels", () => {
  let group: TestSentinels
  beforeAll(async () => {
    group = await startSentinels("redis")
  })
  afterAll(() => group.stop())

  it("an unreachable Sentinel and one that hangs are passed over, when connecting and later", async () => {
    const [silent, ...others] = group.sentinels
    const ports = [1, ...group.sentinels.map(({ port }) => port)]
    silent?.pause()
    try {
      for (const clientPackage of CLIENTS) {
        // ioredis asks one after the other, and waits for a silent one for 2 s.
        const redis = await connectRedis(urlOf(group, clientPackage === "@redis/client" ? ports : [1, ...others.map(({ port }) => port)]), {
          timeoutMs: TIMEOUT_MS,
          clientPackage,
        })
        const failed: unknown[] = []
        for (const until = performance.now() + 2_500; performance.now() < until; await pause(20)) await redis.ping().catch((error) => failed.push(error))
        expect(failed, clientPackage).toEqual([])
        await redis.close()
      }
    } finally {
      silent?.resume()
    }
  })

  it("clients leave a primary that is silent before it goes on, and nothing they sent it is taken for applied", async () => {
    const url = urlOf(
      group,
      group.sentinels.map(({ port }) => port),
    )
    const opened: Opened[] = []
    for (const name of CLIENTS) {
      const before = new Set(await clientIds(group.primary.port))
      const service = await open(url, name)
      const made = (await clientIds(group.primary.port)).filter((id) => !before.has(id))
      expect(made.length, name).toBeGreaterThan(0)
      opened.push({ name, service, connections: async () => (await clientIds(group.primary.port)).filter((id) => made.includes(id)).length })
    }
    try {
      const made = await Promise.all(opened.map(({ name, service }) => service.createSession({ userId: name })))
      expect(await askServer(group.primary.port, "WAIT 2 5000")).toBe(":2")
      group.primary.pause()
      const pausedAt = performance.now()
      const backAfter = await Promise.all(
        opened.map(async ({ name, service }, n) => {
          const endings: Ending[] = []
          for (;;) {
            const call = n % 2 === 0 ? service.getSession(made[n]?.token) : service.createSession({ userId: `later ${name}` })
            const ending = await timed(name, call)
            endings.push(ending)
            if (ending.code === null) break
            expect(performance.now() - pausedAt, name).toBeLessThan(LONGEST_PAUSE_MS)
            await pause(20)
          }
          // Each call ended at its deadline at the latest; a busy machine adds to that, a second deadline would double it.
          expect(Math.max(...endings.map(({ took }) => took)), name).toBeLessThan(2 * TIMEOUT_MS)
          expect(endings.length, name).toBeGreaterThan(1)
          return Math.round(performance.now() - pausedAt)
        }),
      )
      console.info(`back at a new primary, while the old one was silent, after ms: ${backAfter.join(", ")}`)
      // The old primary still stands: whoever is back is back elsewhere.
      for (const [n, { name, service }] of opened.entries()) {
        await expect.poll(() => service.getSession(made[n]?.token).then((session) => session?.userId, String), { timeout: LONGEST_PAUSE_MS }).toBe(name)
        expect((await service.createSession({ userId: name })).session.userId).toBe(name)
      }
      await pause(500)
      group.primary.resume()
      // What was sent on the old sockets is gone with them.
      for (const { name, connections } of opened) await expect.poll(connections, { timeout: LONGEST_PAUSE_MS, message: name }).toBe(0)
      for (const [n, { service, name }] of opened.entries()) {
        await expect.poll(() => service.getSession(made[n]?.token).then((session) => session?.userId, String), { timeout: LONGEST_PAUSE_MS }).toBe(name)
      }
    } finally {
      group.primary.resume()
      await Promise.all(opened.map(({ service }) => service.close()))
    }
  })
})

async function clientIds(port: number): Promise<string[]> {
  const list = await askServer(port, "CLIENT LIST TYPE normal")
  return [...list.matchAll(/\bid=(\d+) /g)].map(([, id]) => id ?? "")
}
