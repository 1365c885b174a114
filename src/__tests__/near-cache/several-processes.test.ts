import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createSessionService, type OwnedSessionService, type SessionAttributes } from "../../exports/index.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { randomPrefix } from "../support/services-under-watch.js"
import { type SessionWorker, startWorkers } from "../support/session-workers.js"

const LEASE_NS = 300_000_000n

describe.each(SERVER_KINDS)("on %s, with four processes that have near-caches", (kind) => {
  const keyPrefix = randomPrefix()
  let workers: SessionWorker[] = []
  let plain: OwnedSessionService<SessionAttributes, SessionAttributes>
  beforeAll(async () => {
    const { port, url } = sharedServer(kind)
    workers = await startWorkers({ port, options: { keyPrefix, nearCache: { lease: "300ms" } } })
    plain = await createSessionService({ store: url, keyPrefix, timeout: "20s" })
  })
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))
    await plain.close()
  })

  // Answers from memory come without a turn of the event loop, so these processes hear of nothing while their lease lasts.
  it("no read that begins later than a lease after a sign-out finds the session, and none that follows its end", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { token } = await plain.createSession({ userId: `read ${round}` })
      const running = Promise.all(workers.map((worker) => worker.hammer(4, "getSession", token, { touch: false })))
      await pause(50 + round * 20)
      await plain.deleteSession(token)
      const acknowledgedAt = process.hrtime.bigint()
      // Longer than a lease: whoever still served it would be seen.
      await pause(500)
      await Promise.all(workers.map((worker) => worker.stopHammer()))
      for (const { answers, lastAliveBegan, aliveAfterNull, failures } of await running) {
        expect(answers).toBeGreaterThan(0)
        expect(failures).toEqual([])
        expect(aliveAfterNull).toBe(false)
        expect(lastAliveBegan - acknowledgedAt).toBeLessThanOrEqual(LEASE_NS)
      }
    }
  }, 60_000)

  it("no update is lost", async () => {
    const { token } = await plain.createSession({ userId: "counter", attributes: { count: 0 } })
    await Promise.all(workers.map((worker) => worker.increments(token, 4, 25)))
    expect(await plain.getSession(token)).toMatchObject({ attributes: { count: 400 }, version: 401 })
  }, 60_000)

  it("no user has more sessions than the limit", async () => {
    const made = await Promise.all(workers.map((worker) => worker.logins({ userId: "limited", maxSessionsPerUser: 3, onLimit: "evict-oldest" }, 10, 2)))
    expect(made.flatMap(({ refused }) => refused)).toEqual([])
    expect((await plain.getUserSessions("limited")).sessions).toHaveLength(3)
  }, 60_000)
})
