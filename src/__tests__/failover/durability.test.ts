import { createClient, createClientPool, createCluster } from "@redis/client"
import { Redis as IoRedis } from "ioredis"
import { Redis as Valkey } from "iovalkey"
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { createSessionService, type ISessionService, type SessionEvent, type SessionServiceOptions } from "../../exports/index.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { timed } from "../silence/timed-calls.js"
import { askServer, SERVER_KINDS, startSentinels, startServer, type TestServer } from "../support/servers.js"
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js"

const PACKAGES = ["@redis/client", "redis", "ioredis", "iovalkey"] as const
const SHORT_MS = 1_000
const BACK_WITHIN_MS = 20_000
const NOT_DURABLE = { code: "ERR_NOT_DURABLE", outcome: "applied", retryable: true }

expectNoUnhandledRejections()

const waitsCounted = async (server: TestServer): Promise<number> =>
  Number(/cmdstat_wait:calls=(\d+)/.exec(await askServer(server.port, "INFO commandstats"))?.[1] ?? 0)

/** The server knows them then, and each change is sent once. */
async function everyScriptOf(service: ISessionService<object>): Promise<void> {
  const { token } = await service.createSession({ userId: "warm" })
  await service.updateSession(token, { a: 1 })
  await service.extendSession(token, "1h")
  await service.rotateSession(token)
  await service.deleteSession(token)
  await service.deleteUserSessions("warm")
}

const refusal = (options: SessionServiceOptions): Promise<unknown> => createSessionService(options).catch((error: unknown) => error)
/** How often this server was asked to wait; it counts a wait that took time twice. Each goes with one script of its own, sent with its source. */
const countWaits = async (server: TestServer): Promise<number> =>
  Number(/cmdstat_eval:calls=(\d+)/.exec(await askServer(server.port, "INFO commandstats"))?.[1] ?? 0)

describe.each(SERVER_KINDS)('durability "replicas" on %s', (kind) => {
  let primary: TestServer
  let replica: TestServer
  beforeAll(async () => {
    primary = await startServer({ kind, args: ["--repl-diskless-sync-delay", "0"] })
    replica = await startServer({ kind, args: ["--replicaof", "127.0.0.1", String(primary.port)] })
    await vi.waitFor(async () => expect(await askServer(primary.port, "INFO replication")).toContain("state=online"), { timeout: BACK_WITHIN_MS, interval: 50 })
  })
  afterAll(() => Promise.all([primary.stop(), replica.stop()]))

  const open = async (clientPackage: (typeof PACKAGES)[number], timeoutMs: number, events: SessionEvent[] = []): Promise<SessionService<object>> => {
    const redis = await connectRedis(primary.url, { timeoutMs, clientPackage, durability: "replicas", keyPrefix: "d:" })
    return new SessionService(redis, { timeout: `${timeoutMs}ms`, keyPrefix: "d:", onEvent: (event) => void events.push(event) })
  }

  it.each(PACKAGES)("%s waits for a replica after each change, and for no read", async (clientPackage) => {
    const events: SessionEvent[] = []
    const service = await open(clientPackage, 5_000, events)
    await everyScriptOf(service)
    events.splice(0)
    const before = await countWaits(primary)
    const { token, session } = await service.createSession({ userId: "u" })
    await service.updateSession(token, { a: 1 })
    await service.extendSession(token, "1h")
    const rotated = await service.rotateSession(token)
    expect((await countWaits(primary)) - before).toBe(4)
    expect((await service.getSession(rotated?.token))?.attributes).toEqual({ a: 1 })
    expect((await countWaits(primary)) - before).toBe(4)
    expect(await service.deleteUserSession("u", session.sessionId)).toBe(true)
    expect(await service.deleteUserSessions("u")).toBe(0)
    expect((await countWaits(primary)) - before).toBe(6)
    expect(events.map(({ type }) => type)).toEqual(["created", "rotated", "ended"])
    await service.close()
  })

  it("shares a wait among calls side by side, after the scripts were forgotten too", async () => {
    const service = await open("@redis/client", 5_000)
    await askServer(primary.port, "SCRIPT FLUSH")
    const before = await waitsCounted(primary)
    const made = await Promise.all(Array.from({ length: 200 }, (_, n) => service.createSession({ userId: `side ${n}` })))
    expect(await Promise.all(made.map(({ token }) => service.deleteSession(token)))).toEqual(made.map(() => true))
    const waits = (await waitsCounted(primary)) - before
    expect(waits).toBeGreaterThan(1)
    // Alone each of the 400 calls would wait for itself.
    expect(waits).toBeLessThan(200)
    await service.close()
  })

  describe.each(["@redis/client", "ioredis"] as const)("while no replica answers, through %s", (clientPackage) => {
    const events: SessionEvent[] = []
    beforeEach(() => void events.splice(0))

    it("says so: by an event where there is something to give, by an error where a session was to end", async () => {
      const service = await open(clientPackage, SHORT_MS, events)
      const [first, second, third] = await Promise.all([1, 2, 3].map(() => service.createSession({ userId: "paused" })))
      events.splice(0)
      replica.pause()
      try {
        const created = await service.createSession({ userId: "paused" })
        expect((await service.updateSession(created.token, { a: 1 }))?.attributes).toEqual({ a: 1 })
        const rotated = await service.rotateSession(created.token)
        expect(await service.getSession(rotated?.token)).toMatchObject({ attributes: { a: 1 } })
        const { sessionId } = created.session
        expect(events).toEqual([
          { type: "not-durable", sessionId },
          { type: "created", sessionId },
          { type: "not-durable", sessionId },
          { type: "not-durable", sessionId },
          { type: "rotated", sessionId },
        ])
        events.splice(0)
        await expect(service.deleteSession(first?.token)).rejects.toMatchObject(NOT_DURABLE)
        expect(events.map(({ type }) => type)).toEqual(["ended", "not-durable"])
        expect(await service.getSession(first?.token)).toBeNull()
        // Nothing is left to end, but what was ended is still on one server only.
        await expect(service.deleteSession(first?.token)).rejects.toMatchObject(NOT_DURABLE)
        await expect(service.deleteUserSession("paused", second?.session.sessionId ?? "")).rejects.toMatchObject(NOT_DURABLE)
        await expect(service.deleteUserSessions("paused")).rejects.toMatchObject(NOT_DURABLE)
        expect(await service.getSession(third?.token)).toBeNull()
        await expect(service.deleteUserSessions("paused")).rejects.toMatchObject(NOT_DURABLE)
      } finally {
        replica.resume()
      }
      await expect.poll(() => service.deleteSession(first?.token).catch(String), { timeout: BACK_WITHIN_MS }).toBe(false)
      await expect.poll(() => service.deleteUserSessions("paused").catch(String), { timeout: BACK_WITHIN_MS }).toBe(0)
      await service.close()
    })

    it("waits for what an earlier copy changed over another connection", async () => {
      const plain = await createSessionService({ store: primary.url, keyPrefix: "d:" })
      const { token } = await plain.createSession({})
      replica.pause()
      try {
        expect(await plain.deleteSession(token)).toBe(true)
        const service = await open(clientPackage, SHORT_MS)
        await expect(service.deleteSession(token)).rejects.toMatchObject(NOT_DURABLE)
        await service.close()
      } finally {
        replica.resume()
        await plain.close()
      }
    })

    it("lets no call wait longer than its time, however many there are", async () => {
      const service = await open(clientPackage, SHORT_MS)
      replica.pause()
      try {
        const calls = Array.from({ length: 20 }, async (_, n) => {
          await new Promise((resolve) => setTimeout(resolve, n * 40))
          return timed(`crowd ${n}`, service.createSession({ userId: `crowd ${n}` }))
        })
        for (const { name, code, took } of await Promise.all(calls)) {
          expect(code, name).toBeNull()
          expect(took, name).toBeLessThan(SHORT_MS)
        }
      } finally {
        replica.resume()
        await service.close()
      }
    })

    it("claims nothing after its connection was lost in the middle of a wait", async () => {
      const service = await open(clientPackage, 20_000, events)
      const { token } = await service.createSession({})
      replica.pause()
      try {
        const deleting = service.deleteSession(token).catch((error: unknown) => error)
        await expect.poll(() => askServer(primary.port, "INFO clients"), { timeout: 8_000 }).toMatch(/blocked_clients:1/)
        await askServer(primary.port, "CLIENT KILL TYPE normal SKIPME yes")
        expect(await deleting).toMatchObject(NOT_DURABLE)
      } finally {
        replica.resume()
      }
      await expect.poll(() => service.deleteSession(token).catch(String), { timeout: BACK_WITHIN_MS }).toBe(false)
      await service.close()
    })
  })

  it("duplicates the client that it was handed, and leaves it as it is", async () => {
    const node = createClient({ url: primary.url })
    node.on("error", () => undefined)
    await node.connect()
    const io = new IoRedis(primary.url)
    const valkey = new Valkey(primary.url)
    const connections = (): Promise<number> => askServer(primary.port, "CLIENT LIST TYPE normal").then((list) => list.split("\n").length)
    const before = await connections()
    for (const client of [node, io, valkey]) {
      const service = await createSessionService({ store: client, durability: "replicas", timeout: "5s" })
      const waits = await countWaits(primary)
      const { token } = await service.createSession({})
      expect(await service.deleteSession(token)).toBe(true)
      expect((await countWaits(primary)) - waits).toBe(2)
      await service.close()
      await expect.poll(connections, { timeout: BACK_WITHIN_MS }).toBe(before)
      expect(await ("sendCommand" in client && client === node ? node.sendCommand(["PING"]) : (client as IoRedis).ping())).toBe("PONG")
    }
    node.destroy()
    io.disconnect()
    valkey.disconnect()
  })
})

describe.each(SERVER_KINDS)('durability "fsync" on %s', (kind) => {
  it("waits until a change is on the disk", async () => {
    await using server = await startServer({ kind, args: ["--appendonly", "yes", "--appendfsync", "everysec"] })
    await using service = await createSessionService({ store: server.url as `redis://${string}`, durability: "fsync", timeout: "10s" })
    const { token } = await service.createSession({})
    expect(await service.deleteSession(token)).toBe(true)
    // The look at the beginning, and two for each change: the server had not seen its script.
    expect(await countWaits(server)).toBeGreaterThanOrEqual(5)
    expect(await askServer(server.port, "INFO commandstats")).toContain("cmdstat_waitaof")
  })

  it("is refused where nothing is written to the disk", async () => {
    await using server = await startServer({ kind })
    expect(await refusal({ store: server.url, durability: "fsync" })).toMatchObject({
      code: "ERR_CONFIG_INVALID",
      message: expect.stringContaining("append-only file"),
    })
    await expect.poll(() => askServer(server.port, "INFO clients"), { timeout: BACK_WITHIN_MS }).toMatch(/connected_clients:1\r/)
  })
})

describe("durability that cannot be had", () => {
  it("is refused before anything is connected", async () => {
    const pool = createClientPool({ url: "redis://127.0.0.1:1" })
    const cluster = createCluster({ rootNodes: [{ url: "redis://127.0.0.1:1" }] })
    const stores = ["memory:", "sqlite:./never-made.db", "redis+cluster://127.0.0.1:1", pool, cluster] as const
    for (const store of stores) {
      for (const durability of ["replicas", "fsync"] as const) expect(await refusal({ store, durability })).toMatchObject({ code: "ERR_CONFIG_INVALID" })
    }
    expect(await refusal({ store: "redis://127.0.0.1:1", durability: "disk" as "fsync" })).toMatchObject({
      code: "ERR_CONFIG_INVALID",
      message: expect.stringContaining("durability"),
    })
  })
})

describe.each(SERVER_KINDS)("Sentinels of %s", (kind) => {
  it("keep a sign-out that was acknowledged by a replica, though the process that made it is gone", async () => {
    await using group = await startSentinels(kind)
    const url = `redis+sentinel://${group.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${group.primaryName}`
    const services = await Promise.all(
      PACKAGES.map(async (clientPackage) => {
        const redis = await connectRedis(url, { timeoutMs: 3_000, clientPackage, durability: "replicas" })
        return new SessionService(redis, { timeout: "3s" })
      }),
    )
    const made = await Promise.all(services.map((service) => service.createSession({})))
    expect(await Promise.all(services.map((service, n) => service.deleteSession(made[n]?.token)))).toEqual(PACKAGES.map(() => true))
    await Promise.all(services.slice(1).map((service) => service.close()))
    await group.primary.kill9()
    const survivor = services[0] as SessionService<object>
    await expect.poll(() => survivor.createSession({}).then(() => "made", String), { timeout: 3 * BACK_WITHIN_MS, interval: 200 }).toBe("made")
    // Reads travel over the other connection, which finds the new primary by itself.
    await expect.poll(() => survivor.ping().then(() => "heard", String), { timeout: 3 * BACK_WITHIN_MS, interval: 200 }).toBe("heard")
    for (const { token } of made) expect(await survivor.getSession(token)).toBeNull()
    await survivor.close()
  })
})
