import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { type RawClient, randomPrefix, rawClient, sessionKeyOf } from "../support/services-under-watch.js"
import { type SessionWorker, startWorker } from "../support/session-workers.js"

const HOUR = 3_600_000

describe.each(SERVER_KINDS)("on %s, a host whose clock is an hour off", (kind) => {
  const keyPrefix = randomPrefix()
  let workers: SessionWorker[] = []
  let raw: RawClient
  beforeAll(async () => {
    const { port, url } = sharedServer(kind)
    raw = await rawClient(url)
    workers = await Promise.all(
      [-HOUR, 0, HOUR].map((clockShiftMs) =>
        startWorker({ port, clockShiftMs, clientName: clockShiftMs < 0 ? "ioredis" : "@redis/client", options: { keyPrefix, touchInterval: 0 } }),
      ),
    )
  })
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))
    raw.close()
  })

  const by = (n: number): SessionWorker => {
    const worker = workers[n]
    if (worker === undefined) throw new Error(`Expected worker ${n}`)
    return worker
  }

  it("really is off", async () => {
    const clocks = await Promise.all(workers.map((worker) => worker.dateNow()))
    const [behind = 0, right = 0, ahead = 0] = clocks
    expect(Math.abs(right - behind - HOUR)).toBeLessThan(5_000)
    expect(Math.abs(ahead - right - HOUR)).toBeLessThan(5_000)
  })

  it.each([
    { name: "behind", maker: 0, reader: 2 },
    { name: "right", maker: 1, reader: 0 },
    { name: "ahead", maker: 2, reader: 0 },
  ])("creates, reads, touches, rotates and signs out by the server's time: $name", async ({ name, maker, reader }) => {
    const userId = `clock ${name}`
    const before = await raw.now()
    const { token, session } = await by(maker).call("createSession", { userId, idleTimeout: "10m" })
    const after = await raw.now()
    expect(session.createdAt.getTime()).toBeGreaterThanOrEqual(Math.floor(before))
    expect(session.createdAt.getTime()).toBeLessThanOrEqual(after)
    expect(session.authenticatedAt?.getTime()).toBeGreaterThanOrEqual(Math.floor(before))
    const found = await by(reader).call("getSession", token)
    expect(found?.lastAccessedAt.getTime()).toBeGreaterThanOrEqual(Math.floor(before))
    expect(found?.lastAccessedAt.getTime()).toBeLessThanOrEqual(await raw.now())
    expect(Number(await raw.send("PTTL", sessionKeyOf(keyPrefix, session.sessionId)))).toBeGreaterThan(9 * 60_000)

    const rotated = await by(maker).call("rotateSession", token, { grace: "400ms" })
    // In grace for every host, and out of it for every host.
    for (const worker of workers) expect(await worker.call("getSession", token, { touch: false })).not.toBeNull()
    const { until } = JSON.parse((await raw.get(sessionKeyOf(keyPrefix, session.sessionId))) ?? "")
    while ((await raw.now()) <= until + 250) await pause(20)
    for (const worker of workers) {
      expect(await worker.call("getSession", token, { touch: false })).toBeNull()
      expect(await worker.call("getSession", rotated?.token, { touch: false })).not.toBeNull()
    }
    expect(await by(reader).call("deleteUserSessions", userId)).toBe(1)
    expect(await by(maker).call("getSession", rotated?.token)).toBeNull()
  })

  it("ends short sessions on time, for every host", async () => {
    const made = await Promise.all(workers.map((worker, n) => worker.call("createSession", { userId: `short ${n}`, idleTimeout: "1500ms" })))
    const readByAll = (touch: boolean) => Promise.all(made.flatMap(({ token }) => workers.map((worker) => worker.call("getSession", token, { touch }))))
    expect(await readByAll(false)).not.toContain(null)
    await pause(1_550)
    expect(await readByAll(true)).toEqual(Array(made.length * workers.length).fill(null))
  })

  it("evicts the oldest by the server's time, whoever made it", async () => {
    const userId = "order"
    const handles: string[] = []
    for (const worker of [by(2), by(0), by(1), by(2), by(0)]) handles.push((await worker.call("createSession", { userId })).session.sessionId)
    const last = await by(0).call("createSession", { userId, maxSessionsPerUser: 3 })
    expect(last.evicted).toEqual(handles.slice(0, 3))
    const { sessions } = await by(2).call("getUserSessions", userId)
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual([last.session.sessionId, handles[4], handles[3]])
  })

  it("judges a future time of authentication by the server's time", async () => {
    const now = await raw.now()
    await expect(by(2).call("createSession", { userId: "future", authenticatedAt: new Date(now + HOUR) })).rejects.toMatchObject({
      code: "ERR_INVALID_ARGUMENT",
    })
    const { session } = await by(0).call("createSession", { userId: "past", authenticatedAt: new Date(now - 1_000) })
    expect(session.authenticatedAt?.getTime()).toBe(Math.floor(now - 1_000))
  })
})
