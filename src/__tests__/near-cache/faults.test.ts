import { execFileSync } from "node:child_process"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { createSessionService, type OwnedSessionService, type SessionAttributes } from "../../exports/index.js"
import { type NearCached, type NearCachedClient, nearCached } from "../support/near-cached.js"
import { askServer, SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { sessionKeyOf } from "../support/services-under-watch.js"

// What another process changed is read as it was no later than a lease after the change was acknowledged, whatever happens meanwhile.

const LEASE_MS = 1_000
const THROUGH: readonly NearCachedClient[] = ["node-redis", "ioredis"]

/** Sends a command and waits for its answer with this process at a standstill: no timer runs, and nothing is read from a socket. */
function changeAtStandstill(port: number, command: string): void {
  const program = `require("net").connect(${port}, "127.0.0.1").on("data", () => process.exit()).write(${JSON.stringify(`${command}\r\n`)})`
  execFileSync(process.execPath, ["-e", program], { timeout: 20_000 })
}

function standStill(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

describe.each(SERVER_KINDS)("on %s", (kind) => {
  describe.each(THROUGH)("through %s", (through) => {
    let server: TestServer
    let near: NearCached
    let other: OwnedSessionService<SessionAttributes, SessionAttributes>
    beforeAll(async () => {
      server = await startServer({ kind })
      near = await nearCached(server.url, { nearCache: { lease: `${LEASE_MS}ms` }, timeout: "5s" }, through)
      other = await createSessionService({ store: server.url, timeout: "10s" })
    })
    beforeEach(() => near.serving(true))
    afterEach(() => server.resume())
    afterAll(async () => {
      await Promise.all([near.end(), other.close()])
      await server.stop()
    })

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
      const clients = (await askServer(server.port, "CLIENT LIST")).split("\n").filter((line) => /\bflags=\w*t/.test(line))
      for (const line of clients) await askServer(server.port, `CLIENT KILL ID ${/\bid=(\d+)/.exec(line)?.[1]}`)
      return clients.length
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
        expect(await killTracked()).toBe(1)
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
      await askServer(server.port, "FLUSHALL")
      await withinLease(token, (answer) => answer === null)
    })

    it("serves nothing later than the lease when the process stood still, though no timer could run", async () => {
      const { token, sessionId } = await kept("standstill")
      changeAtStandstill(server.port, `UNLINK ${sessionKeyOf("", sessionId)}`)
      standStill(LEASE_MS + 1)
      expect(await near.service.getSession(token)).toBeNull()
    })

    it("serves no longer than the lease while the server stands still, and then says that the store is away", async () => {
      const { token } = await kept("paused")
      server.pause()
      const pausedAt = performance.now()
      const failed = await vi.waitFor(
        async () => {
          const begunAt = performance.now()
          const answer = await near.service.getSession(token).catch((error: unknown) => error)
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
      expect(near.said()).toBe(false)
      server.resume()
      await near.serving(true)
      await vi.waitFor(async () => expect((await near.service.getSession(token))?.userId).toBe("paused"), { timeout: 20_000 })
    })

    it("serves no session beyond its deadlines", async () => {
      const { token, session } = await near.service.createSession({ userId: "late", absoluteTimeout: "700ms", idleTimeout: "10m" })
      const clock = async (): Promise<number> => {
        const [, seconds, , micros] = (await askServer(server.port, "TIME")).split("\r\n").slice(1)
        return Number(seconds) * 1_000 + Number(micros) / 1_000
      }
      for (;;) {
        const before = await clock()
        const answer = await near.service.getSession(token)
        if (answer === null) break
        expect(before).toBeLessThan(session.absoluteExpiresAt.getTime())
      }
      expect(await clock()).toBeGreaterThanOrEqual(session.absoluteExpiresAt.getTime() - 2)
    })
  })
})
