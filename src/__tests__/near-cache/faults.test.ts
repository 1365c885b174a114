import { execFileSync } from "node:child_process"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { createSessionService, type OwnedSessionService, type SessionAttributes } from "../../exports/index.js"
import { type NearCached, nearCached } from "../support/near-cached.js"
import { askServer } from "../support/servers.js"
import { sessionKeyOf } from "../support/services-under-watch.js"
import { openStore, STORE_CLIENTS, STORE_PLACES, type StorePlace, startPlace } from "../support/store-places.js"

// What another process changed is read as it was no later than a lease after the change was acknowledged, whatever happens meanwhile.

const LEASE_MS = 500
/** A URL is served by node-redis. */
const THROUGH = STORE_CLIENTS.filter((through) => through !== "URL")

/** Sends a command and waits for its answer with this process at a standstill: no timer runs, and nothing is read from a socket. */
function changeAtStandstill(port: number, command: string): void {
  const program = `require("net").connect(${port}, "127.0.0.1").on("data", () => process.exit()).write(${JSON.stringify(`${command}\r\n`)})`
  execFileSync(process.execPath, ["-e", program], { timeout: 20_000 })
}

function standStill(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

describe.each(STORE_PLACES)("on %s, %s", (kind, on) => {
  let place: StorePlace
  let other: OwnedSessionService<SessionAttributes, SessionAttributes>
  beforeAll(async () => {
    place = await startPlace(kind, on)
    const { store } = await openStore("URL", place.address)
    other = await createSessionService({ store, timeout: "10s" })
  })
  afterEach(() => resume())
  afterAll(async () => {
    await other.close()
    await place.stop()
  })

  function resume(): void {
    for (const primary of place.primaries) primary.resume()
  }

  const ports = (): readonly number[] => place.primaries.map(({ port }) => port)
  const portOf = async (key: string): Promise<number> => {
    const found = await Promise.all(ports().map((port) => askServer(port, `EXISTS ${key}`)))
    return ports()[found.indexOf(":1")] ?? 0
  }

  describe.each(THROUGH)("through %s", (through) => {
    const open = (timeout: "1s" | "5s") => nearCached(place.address, { nearCache: { lease: `${LEASE_MS}ms` }, timeout }, through)
    let near: NearCached
    beforeAll(async () => {
      near = await open("5s")
    })
    beforeEach(() => near.serving(true))
    afterAll(() => near.end())

    async function kept(userId: string): Promise<{ readonly token: string; readonly sessionId: string }> {
      const { token, session } = await near.service.createSession({ userId, attributes: { n: 0 } })
      for (let n = 0; n < 3; n += 1) expect((await near.service.getSession(token))?.attributes.n).toBe(0)
      return { token, sessionId: session.sessionId }
    }

    /** Reads until an answer fits, and expects none that does not fit to a read that was begun later than a lease after now. */
    async function withinLease(token: string, fits: (answer: { readonly attributes: SessionAttributes } | null) => boolean): Promise<void> {
      const acknowledgedAt = performance.now()
      for (;;) {
        const begunAt = performance.now()
        const answer = await near.service.getSession(token, { touch: false })
        if (fits(answer)) return
        expect(begunAt - acknowledgedAt).toBeLessThanOrEqual(LEASE_MS)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }

    async function killTracked(): Promise<number> {
      const killed = ports().map(async (port) => {
        const clients = (await askServer(port, "CLIENT LIST")).split("\n").filter((line) => /\bflags=\w*t/.test(line))
        for (const line of clients) await askServer(port, `CLIENT KILL ID ${/\bid=(\d+)/.exec(line)?.[1]}`)
        return clients.length
      })
      return (await Promise.all(killed)).reduce((sum, count) => sum + count, 0)
    }

    it("hears of sign-outs and updates elsewhere", async () => {
      for (let n = 0; n < 30; n += 1) {
        const { token } = await kept(`elsewhere ${n}`)
        await other.updateSession(token, { n: 1 })
        await withinLease(token, (answer) => answer?.attributes.n === 1)
        await other.deleteSession(token)
        await withinLease(token, (answer) => answer === null)
      }
    })

    it("keeps nothing from before its connection was killed", async () => {
      for (let n = 0; n < 5; n += 1) {
        const { token } = await kept(`killed ${n}`)
        expect(await killTracked()).toBe(ports().length)
        await other.updateSession(token, { n: 1 })
        await near.serving(false)
        await near.serving(true)
        expect((await near.service.getSession(token))?.attributes.n).toBe(1)
        // And it is told of changes again.
        await other.updateSession(token, { n: 2 })
        await withinLease(token, (answer) => answer?.attributes.n === 2)
      }
    })

    it("forgets all when the server does", async () => {
      const { token } = await kept("flushed")
      for (const port of ports()) await askServer(port, "FLUSHALL")
      await withinLease(token, (answer) => answer === null)
    })

    it("serves nothing later than the lease when the process stood still, though no timer could run", async () => {
      const { token, sessionId } = await kept("standstill")
      const key = sessionKeyOf("", sessionId)
      changeAtStandstill(await portOf(key), `UNLINK ${key}`)
      standStill(LEASE_MS + 1)
      expect(await near.service.getSession(token)).toBeNull()
    })

    it("serves no longer than the lease while the server stands still, and then says that the store is away", async () => {
      const { token } = await kept("paused")
      const waiting = await open("1s")
      for (let n = 0; n < 3; n += 1) expect((await waiting.service.getSession(token))?.userId).toBe("paused")
      for (const primary of place.primaries) primary.pause()
      const pausedAt = performance.now()
      const failed = await vi.waitFor(
        async () => {
          const begunAt = performance.now()
          const answer = await waiting.service.getSession(token).catch((error: unknown) => error)
          if (!(answer instanceof Error)) {
            expect(answer).toMatchObject({ userId: "paused" })
            expect(begunAt - pausedAt).toBeLessThanOrEqual(LEASE_MS)
            throw new Error("The session is still served")
          }
          return answer
        },
        { timeout: 20_000, interval: 10 },
      )
      expect(failed).toMatchObject({ code: expect.stringMatching(/^ERR_STORE_/) })
      expect(waiting.said()).toBe(false)
      resume()
      await waiting.serving(true)
      await vi.waitFor(async () => expect((await waiting.service.getSession(token))?.userId).toBe("paused"), { timeout: 20_000 })
      await waiting.end()
    })

    it("serves no session beyond its deadlines", async () => {
      const { token, session } = await near.service.createSession({ userId: "late", absoluteTimeout: "500ms", idleTimeout: "10m" })
      const clock = async (): Promise<number> => {
        const [, seconds, , micros] = (await askServer(ports()[0] ?? 0, "TIME")).split("\r\n").slice(1)
        return Number(seconds) * 1_000 + Number(micros) / 1_000
      }
      let served = 0
      for (;;) {
        const before = await clock()
        const answer = await near.service.getSession(token)
        if (answer === null) break
        served += 1
        expect(before).toBeLessThan(session.absoluteExpiresAt.getTime())
      }
      expect(await clock()).toBeGreaterThanOrEqual(session.absoluteExpiresAt.getTime() - 2)
      expect(served).toBeGreaterThan(0)
    })
  })
})
