import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { STALE_NS } from "../support/near-cache-mode.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { type HookedService, hookedService, type RawClient, randomPrefix, rawClient, sessionKeyOf } from "../support/services-under-watch.js"
import { type Hammered, type SessionWorker, startWorkers } from "../support/session-workers.js"

const ROUNDS = 8
const WIDTH = 6

/** What processes do to one session while it is ended. */
const USES: Readonly<Record<string, (worker: SessionWorker, token: string) => Promise<Hammered>>> = {
  "a read": (worker, token) => worker.hammer(WIDTH, "getSession", token, { touch: false }),
  "a read that touches": (worker, token) => worker.hammer(WIDTH, "getSession", token),
  "an update": (worker, token) => worker.hammer(WIDTH, "updateSession", token, { at: 1 }),
  "an extension": (worker, token) => worker.hammer(WIDTH, "extendSession", token, "30m"),
  "a rotation": (worker, token) => worker.hammerRotations(WIDTH, token),
}

const ENDS: Readonly<
  Record<
    string,
    (ender: HookedService["service"], session: { readonly token: string; readonly sessionId: string; readonly userId: string }) => Promise<boolean>
  >
> = {
  "a sign-out by token": (ender, { token }) => ender.deleteSession(token),
  "a sign-out by handle": (ender, { userId, sessionId }) => ender.deleteUserSession(userId, sessionId),
  "a sign-out everywhere": async (ender, { userId }) => (await ender.deleteUserSessions(userId)) === 1,
}

function useOf(name: string): (worker: SessionWorker, token: string) => Promise<Hammered> {
  const use = USES[name]
  if (use === undefined) throw new Error(`Expected a use of a session, got ${name}`)
  return use
}

describe.each(SERVER_KINDS)("on %s, with four processes", (kind) => {
  const keyPrefix = randomPrefix()
  let workers: SessionWorker[] = []
  let ender: HookedService
  let raw: RawClient
  beforeAll(async () => {
    const { port, url } = sharedServer(kind)
    workers = await startWorkers({ port, options: { keyPrefix, touchInterval: 0 } })
    ender = await hookedService(url, { keyPrefix, touchInterval: 0 })
    raw = await rawClient(url)
  })
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))
    await ender.service.close()
    raw.close()
  })

  const pairs = Object.keys(USES).flatMap((use) => Object.keys(ENDS).map((end) => ({ use, end })))
  it.each(pairs.filter(({ use, end }) => !(use === "a rotation" && end === "a sign-out by token")))("$use never undoes $end", async ({ use, end }) => {
    let usedAtAll = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const userId = `${use}-${end}-${round}`
      const { token, session } = await ender.service.createSession({ userId, attributes: { at: 0 } })
      const running = Promise.all(workers.map((worker) => useOf(use)(worker, token)))
      await pause(8 + round * 2)
      const ended = await ENDS[end]?.(ender.service, { token, sessionId: session.sessionId, userId })
      const acknowledged = process.hrtime.bigint()
      const after = await Promise.all([ender.service.getSession(token), ...workers.map((worker) => worker.call("getSession", token))])
      await Promise.all(workers.map((worker) => worker.stopHammer()))
      const seen = await running

      expect(ended).toBe(true)
      expect(after).toEqual([null, null, null, null, null])
      expect(seen).toHaveLength(workers.length)
      for (const { lastAliveBegan, aliveAfterNull, failures } of seen) {
        expect(failures).toEqual([])
        expect(aliveAfterNull).toBe(false)
        expect(lastAliveBegan < acknowledged + STALE_NS).toBe(true)
        if (lastAliveBegan > 0n) usedAtAll += 1
      }
      expect(await raw.send("EXISTS", sessionKeyOf(keyPrefix, session.sessionId))).toBe(0)
    }
    // The sign-outs met sessions in use; otherwise nothing was shown. Of processes that rotate, only one has the token.
    expect(usedAtAll).toBeGreaterThanOrEqual(ROUNDS / 2)
  })

  it("leaves no session in the keyspace", async () => {
    expect(await raw.keys(`${keyPrefix}session:*`)).toEqual([])
  })
})
