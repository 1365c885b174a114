import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises"
import { createClient } from "redis"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { createSessionService } from "../../config/create-session-service.js"
import type { SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { askServer, SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { type Ending, everyCall, type Service, timed } from "./timed-calls.js"

const TIMEOUT_MS = 1_000
const ALLOWANCE_MS = 50
const BACK_WITHIN_MS = 20_000
/** That wait at a time. */
const MOST_CALLS = 4_000
const PACKAGES = ["@redis/client", "ioredis", "iovalkey"] as const

async function connectionIds(server: TestServer): Promise<string[]> {
  const list = await askServer(server.port, "CLIENT LIST")
  return [...list.matchAll(/\bid=(\d+) /g)].map(([, id]) => id ?? "").filter(Boolean)
}

function latest(endings: readonly Ending[]): Ending {
  return endings.reduce((a, b) => (a.took > b.took ? a : b))
}

describe.each(SERVER_KINDS)("on a silent %s", (kind) => {
  let server: TestServer
  const unhandled = vi.fn()

  beforeEach(async () => {
    server = await startServer({ kind })
    unhandled.mockClear()
    process.on("unhandledRejection", unhandled)
  })
  afterEach(async () => {
    server.resume()
    await server.stop()
    await nextTurn()
    process.off("unhandledRejection", unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it.each(PACKAGES)("every call through %s ends in time, later ones at once, and all is well soon after", async (clientPackage) => {
    const redis = await connectRedis(server.url, { timeoutMs: TIMEOUT_MS, clientPackage })
    await using service: Service = new SessionService<SessionAttributes>(redis, { timeout: `${TIMEOUT_MS}ms` })
    const sessions = await Promise.all(Array.from({ length: 20 }, () => service.createSession({ userId: "ada" })))
    const before = await connectionIds(server)
    server.pause()
    const pausedAt = performance.now()
    const calls = sessions.flatMap(({ token, session }) => Object.entries(everyCall(service, token, "ada", session.sessionId)))
    expect(calls).toHaveLength(200)
    const endings = await Promise.all(calls.map(([name, call]) => timed(name, call())))
    const slowest = latest(endings)
    expect(slowest.took, slowest.name).toBeLessThan(TIMEOUT_MS + ALLOWANCE_MS)
    for (const { name, code, outcome } of endings) {
      // An update that waited for another begins when that one's time is up, and may be told first that the store is not heard.
      const mayWait = ["updateSession", "updateUserSession"].includes(name)
      expect(mayWait ? ["ERR_STORE_TIMEOUT", "ERR_STORE_UNAVAILABLE"] : ["ERR_STORE_TIMEOUT"], name).toContain(code)
      // Whether an update reads or waits for another, nothing was changed yet; a rotation reads first as well.
      const changes = ["createSession", "extendSession", "deleteSession", "deleteUserSession"].includes(name)
      expect(outcome, name).toBe(changes ? "unknown" : "not-applied")
    }
    const [first] = sessions
    if (first === undefined) throw new Error("Expected a session")
    // Of so many calls at a time one may be sent to see whether the store answers again.
    const later = await Promise.all(
      [1, 2, 3].flatMap(() => Object.entries(everyCall(service, first.token, "ada", first.session.sessionId)).map(([name, call]) => timed(name, call()))),
    )
    const refused = later.filter(({ code }) => code === "ERR_STORE_UNAVAILABLE")
    expect(refused.length).toBeGreaterThanOrEqual(later.length - 1)
    for (const { name, outcome, took } of refused) {
      expect(outcome, name).toBe("not-applied")
      expect(took, name).toBeLessThan(TIMEOUT_MS / 2)
    }
    // Three silences in a row, and two pauses between them.
    await pause(8 * TIMEOUT_MS - (performance.now() - pausedAt))
    server.resume()
    await expect.poll(() => service.ping().then(() => "answers", String), { timeout: BACK_WITHIN_MS, interval: 20 }).toBe("answers")
    const after = await connectionIds(server)
    expect(after.filter((id) => before.slice(0, 1).includes(id))).toEqual([])
    expect((await service.createSession({ userId: "ada" })).session.version).toBe(1)
  })

  it("updates of one session that wait for each other end together, none applied or all in doubt", async () => {
    await using service = await createSessionService({ store: server.url, timeout: `${TIMEOUT_MS}ms` })
    const { token } = await service.createSession({ userId: "ada" })
    await service.getSession(token)
    server.pause()
    const updates = Array.from({ length: 50 }, (_, n) => timed(`update ${n}`, service.updateSession(token, { [`n${n}`]: n })))
    const endings = await Promise.all(updates)
    expect(latest(endings).took).toBeLessThan(TIMEOUT_MS + ALLOWANCE_MS)
    for (const ending of endings) expect(ending).toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "not-applied" })
    server.resume()
    await expect.poll(() => service.getSession(token).then((session) => session?.version), { timeout: BACK_WITHIN_MS }).toBe(1)
  })

  it("refuses more calls than can wait, and still takes sign-outs", async () => {
    const client = createClient({ url: server.url })
    client.on("error", () => undefined)
    await client.connect()
    const service = await createSessionService({ store: client, timeout: "60s" })
    const { token } = await service.createSession({ userId: "ada" })
    const { token: other } = await service.createSession({ userId: "ada" })
    const connected = await connectionIds(server)
    server.pause()
    const heap = process.memoryUsage().heapUsed
    const calls = Array.from({ length: 5_000 }, (_, n) =>
      timed(`call ${n}`, n % 2 === 0 ? service.getSession(other) : service.createSession({ userId: "ada" })),
    )
    let waiting = MOST_CALLS
    for (const call of calls.slice(0, MOST_CALLS)) void call.then(() => waiting--)
    const signOut = service.deleteSession(token)
    const refused = (await Promise.all(calls.slice(MOST_CALLS))).map(({ code, outcome }) => `${code} ${outcome}`)
    expect(waiting).toBe(MOST_CALLS)
    expect(new Set(refused)).toEqual(new Set(["ERR_STORE_OVERLOADED not-applied"]))
    expect(refused).toHaveLength(1_000)
    expect(process.memoryUsage().heapUsed - heap).toBeLessThan(100e6)
    server.resume()
    expect(await signOut).toBe(true)
    for (const { code } of await Promise.all(calls.slice(0, MOST_CALLS))) expect(code).toBeNull()
    // The application's own connection is as it was.
    expect(await connectionIds(server)).toContain(connected[0])
    await service.close()
    client.destroy()
  })

  it("never touches the connection of a client that was handed in", async () => {
    const client = createClient({ url: server.url })
    client.on("error", () => undefined)
    const reconnecting = vi.fn()
    client.on("reconnecting", reconnecting)
    await client.connect()
    const service = await createSessionService({ store: client, timeout: "50ms" })
    await service.ping()
    const [before] = await connectionIds(server)
    server.pause()
    for (const until = performance.now() + 1_500; performance.now() < until; await pause(10)) await timed("ping", service.ping())
    server.resume()
    await expect.poll(() => service.ping().then(() => "answers"), { timeout: BACK_WITHIN_MS }).toBe("answers")
    expect(reconnecting).not.toHaveBeenCalled()
    expect(await connectionIds(server)).toContain(before)
    await service.close()
    client.destroy()
  })

  it.each(PACKAGES)("goes on through %s after the server was killed and started again", async (clientPackage) => {
    const redis = await connectRedis(server.url, { timeoutMs: TIMEOUT_MS, clientPackage })
    await using service: Service = new SessionService<SessionAttributes>(redis, { timeout: `${TIMEOUT_MS}ms` })
    const { token } = await service.createSession({ userId: "ada" })
    await server.kill9()
    for (let i = 0; i < 20; i++) {
      const ending = await timed("getSession", service.getSession(token))
      expect(ending.code).toBe("ERR_STORE_UNAVAILABLE")
      expect(ending.took).toBeLessThan(TIMEOUT_MS + ALLOWANCE_MS)
    }
    await server.restart()
    await expect.poll(() => service.ping().then(() => "answers", String), { timeout: BACK_WITHIN_MS, interval: 50 }).toBe("answers")
    expect(await service.getSession(token)).toBeNull()
    expect((await service.createSession({ userId: "ada" })).session.userId).toBe("ada")
  })
})
