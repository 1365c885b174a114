import { randomUUID } from "node:crypto"
import { setTimeout as pause } from "node:timers/promises"
import { createClient, RESP_TYPES } from "@redis/client"
import { Redis as IoRedis } from "ioredis"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { createSessionService } from "../../config/create-session-service.js"
import { SessionError, type SessionErrorCode } from "../../domain/errors.js"
import type { IRedisService } from "../../domain/interfaces/redis/IRedisService.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SERVER_KINDS, type ServerKind, startServer, type TestServer } from "../support/servers.js"
import { CLIENT_MAKERS, type MadeClient, scriptOf } from "./client-makers.js"

const TIMEOUT_MS = 300
const UNICODE = 'é 😀 \u2028 \u0000 "quoted" \\ ـ 中'

const SET = scriptOf('#!lua\nredis.call("SET", KEYS[1], ARGV[1]) return {1, "text", ARGV[1]}')
const INCREMENT = scriptOf('#!lua\nreturn redis.call("INCR", KEYS[1])')
const MIXED = scriptOf('#!lua flags=no-writes\nreturn {7, "7", {"a", false}, -1, "9007199254740993"}', true)

/** Waits for a failure and says what is known of it. */
async function failureOf(work: Promise<unknown>): Promise<{ readonly code: SessionErrorCode; readonly outcome: string; readonly message: string }> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!SessionError.is(error)) throw new Error(`Expected a SessionError, got ${error instanceof Error ? error.stack : typeof error}`)
  expect(error.cause).toBeUndefined()
  return { code: error.code, outcome: error.outcome, message: error.message }
}

describe.each(SERVER_KINDS)("on %s", (kind: ServerKind) => {
  let server: TestServer
  const key = (): string => `test:{${randomUUID()}}`

  beforeAll(async () => {
    server = await startServer({ kind })
  })
  afterAll(() => server.stop())

  describe.each(Object.keys(CLIENT_MAKERS))("through %s", (name) => {
    let made: MadeClient
    let redis: IRedisService

    beforeEach(async () => {
      made = await (CLIENT_MAKERS[name] as (port: number) => Promise<MadeClient>)(server.port)
      await made.raw("PING")
      redis = await connectRedis(made.client, { timeoutMs: TIMEOUT_MS })
    })
    afterEach(async () => {
      await redis.close()
      await made.end()
    })

    it("reads what is there, and null for what is not", async () => {
      const [first, second] = [key(), key()]
      await made.raw("SET", first, UNICODE)
      await made.raw("SET", second, "12345")
      expect(await redis.get(first)).toBe(UNICODE)
      expect(await redis.get(key())).toBeNull()
      expect(await redis.mget([second, key(), first])).toEqual(["12345", null, UNICODE])
      expect(await redis.mget([])).toEqual([])
    })

    it("unlinks each key and says which existed", async () => {
      const there = key()
      await made.raw("SET", there, "x")
      expect(await redis.unlink([key(), there, key()])).toEqual([false, true, false])
      expect(await redis.get(there)).toBeNull()
      expect(await redis.unlink([])).toEqual([])
    })

    it("runs a script, also after the server forgot it", async () => {
      const target = key()
      await redis.run(SET, [target], ["before"])
      await made.raw("SCRIPT", "FLUSH")
      expect(await redis.run(SET, [target], [UNICODE])).toEqual([1, "text", UNICODE])
      expect(await redis.get(target)).toBe(UNICODE)
      expect(await redis.run(MIXED, [target], [])).toEqual([7, "7", ["a", null], -1, "9007199254740993"])
    })

    it("gives the server's time in microseconds", async () => {
      const time = await redis.time()
      expect(Math.abs(time / 1000 - Date.now())).toBeLessThan(5_000)
      expect(Number.isInteger(time)).toBe(true)
    })

    it("walks the keys of one node", async () => {
      const prefix = `walk${randomUUID()}`
      const keys = Array.from({ length: 25 }, (_, i) => `${prefix}:${i}`)
      for (const one of keys) await made.raw("SET", one, "x")
      expect(await redis.nodes()).toHaveLength(1)
      const found = new Set<string>()
      let cursor = "0"
      do {
        const step = await redis.scan(0, cursor, `${prefix}:*`, 10)
        for (const one of step.keys) found.add(one)
        cursor = step.cursor
      } while (cursor !== "0")
      expect([...found].sort()).toEqual([...keys].sort())
    })

    it("tells a wrong type and a failing script from an outage", async () => {
      const target = key()
      await made.raw("RPUSH", target, "x")
      // As MGET does: whether reads travel together must not be seen.
      expect(await redis.get(target)).toBeNull()
      expect(await redis.mget([target, key()])).toEqual([null, null])
      expect(await failureOf(redis.run(INCREMENT, [target], []))).toMatchObject({ code: "ERR_STORE_PROTOCOL", outcome: "not-applied" })
      const failing = scriptOf(`#!lua\nerror("secret ${target}")`)
      const failure = await failureOf(redis.run(failing, [target], ["secret"]))
      expect(failure).toMatchObject({ code: "ERR_STORE_PROTOCOL", outcome: "unknown" })
      expect(failure.message).not.toContain("secret")
    })

    it("ends calls on a silent server, and goes on when it answers again", async () => {
      const target = key()
      await redis.run(INCREMENT, [target], [])
      server.pause()
      try {
        const began = performance.now()
        // What a bare timer takes shows how late this process runs by itself.
        const bare = pause(TIMEOUT_MS).then(() => performance.now() - began)
        const failures = await Promise.all([failureOf(redis.run(INCREMENT, [target], [])), failureOf(redis.get(target)), failureOf(redis.unlink([key()]))])
        const took = performance.now() - began
        expect(failures).toMatchObject([
          { code: "ERR_STORE_TIMEOUT", outcome: "unknown" },
          { code: "ERR_STORE_TIMEOUT", outcome: "not-applied" },
          { code: "ERR_STORE_TIMEOUT", outcome: "unknown" },
        ])
        expect(took).toBeGreaterThanOrEqual(TIMEOUT_MS)
        expect(took).toBeLessThan(Math.max(TIMEOUT_MS, await bare) + 50)
      } finally {
        server.resume()
      }
      await expect.poll(() => redis.ping().then(() => "answers"), { timeout: 5_000 }).toBe("answers")
    })

    it("heeds the caller's signal before and after sending", async () => {
      const target = key()
      const reason = new Error("the caller went away")
      await expect(redis.run(INCREMENT, [target], [], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      expect(await redis.get(target)).toBeNull()
      server.pause()
      try {
        const controller = new AbortController()
        const call = redis.get(target, { signal: controller.signal })
        setTimeout(() => controller.abort(reason), 20)
        await expect(call).rejects.toBe(reason)
      } finally {
        server.resume()
      }
      expect(await redis.get(target, { signal: new AbortController().signal })).toBeNull()
    })

    it("leaves the application's client open and as it was", async () => {
      const before = made.listeners()
      const other = await connectRedis(made.client, { timeoutMs: TIMEOUT_MS })
      await other.ping()
      await other.close()
      await other.close()
      expect(made.listeners()).toBe(before)
      expect(made.isOpen()).toBe(true)
      expect(await failureOf(other.get(key()))).toMatchObject({ code: "ERR_CLOSED", outcome: "not-applied" })
      await redis.ping()
    })

    it("hangs no more on a client that a dozen services share than on one of one service: Node takes more than ten listeners for a leak", async () => {
      const alone = made.listeners()
      const others = await Promise.all(Array.from({ length: 12 }, () => connectRedis(made.client, { timeoutMs: TIMEOUT_MS })))
      expect(made.listeners()).toBe(alone)
      await Promise.all(others.map((other) => other.close()))
      expect(made.listeners()).toBe(alone)
      await redis.ping()
    })

    it("says that nothing was sent when the client is closed", async () => {
      await made.end()
      await expect.poll(() => made.isOpen()).toBe(false)
      expect(await failureOf(redis.run(INCREMENT, [key()], []))).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
      expect(await failureOf(redis.get(key()))).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
    })
  })

  it("understands a node-redis client that maps types", async () => {
    const plain = createClient({ url: server.url })
    await plain.connect()
    const mapped = plain.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer, [RESP_TYPES.NUMBER]: String })
    try {
      await expectExactReplies(await connectRedis(mapped, { timeoutMs: TIMEOUT_MS }), key())
    } finally {
      plain.destroy()
    }
  })

  it.each([false, true])("understands an ioredis client that gives numbers as text (automatic pipelining: %s)", async (enableAutoPipelining) => {
    const client = new IoRedis(server.port, "127.0.0.1", { stringNumbers: true, enableAutoPipelining })
    const redis = await connectRedis(client, { timeoutMs: TIMEOUT_MS })
    try {
      const target = key()
      if (enableAutoPipelining) {
        expect(await redis.run(SET, [target], ["text"])).toEqual([1, "text", "text"])
        expect(await redis.get(target)).toBe("text")
        expect(await redis.unlink([target])).toEqual([true])
        expect(await redis.time()).toBeGreaterThan(1e15)
      } else {
        await expectExactReplies(redis, target)
      }
    } finally {
      await redis.close()
      client.disconnect()
    }
  })

  it("signs out everywhere through an ioredis client that gives digits as numbers", async () => {
    const client = new IoRedis(server.port, "127.0.0.1", { stringNumbers: true, enableAutoPipelining: true })
    const service = await createSessionService({ store: client })
    try {
      for (const count of [1, 3]) {
        const opened = await Promise.all(Array.from({ length: count }, () => service.createSession({ userId: "ada" })))
        expect(await service.deleteUserSessions("ada")).toBe(count)
        expect(await Promise.all(opened.map(({ token }) => service.getSession(token)))).toEqual(Array(count).fill(null))
      }
    } finally {
      await service.close()
      client.disconnect()
    }
  })

  it("marks a reconnect after which ioredis may have sent a command again", async () => {
    const made = await (CLIENT_MAKERS.ioredis as (port: number) => Promise<MadeClient>)(server.port)
    const redis = await connectRedis(made.client, { timeoutMs: 2_000 })
    const target = key()
    try {
      await redis.run(INCREMENT, [target], [])
      const mark = redis.resendMark()
      expect(mark).toBeTypeOf("number")
      await redis.run(INCREMENT, [target], [])
      expect(redis.resendMark()).toBe(mark)
      server.pause()
      const call = redis.run(INCREMENT, [target], [])
      await pause(50)
      ;(made.client as IoRedis & { readonly stream: { destroy(): void } }).stream.destroy()
      server.resume()
      // The server executed what lay in the old connection, and the client sent it once more.
      expect(await call).toBe(4)
      expect(redis.resendMark()).not.toBe(mark)
    } finally {
      server.resume()
      await redis.close()
      await made.end()
    }
  })

  it("does not send later what node-redis could not write in time", async () => {
    const own = await startServer({ kind })
    const client = createClient({ url: own.url, socket: { reconnectStrategy: () => 20 } })
    client.on("error", () => undefined)
    await client.connect()
    const redis = await connectRedis(client, { timeoutMs: 100 })
    const target = key()
    try {
      await own.kill9()
      await expect.poll(() => client.isReady).toBe(false)
      expect(await failureOf(redis.run(INCREMENT, [target], []))).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
      await own.restart()
      await expect.poll(() => client.isReady, { timeout: 5_000 }).toBe(true)
      expect(await redis.get(target)).toBeNull()
    } finally {
      client.destroy()
      await own.stop()
    }
  })
})

async function expectExactReplies(redis: IRedisService, key: string): Promise<void> {
  expect(await redis.run(SET, [key], [UNICODE])).toEqual([1, "text", UNICODE])
  expect(await redis.get(key)).toBe(UNICODE)
  expect(await redis.mget([key, `${key}x`])).toEqual([UNICODE, null])
  expect(await redis.run(MIXED, [key], [])).toEqual([7, "7", ["a", null], -1, "9007199254740993"])
  expect(await redis.time()).toBeGreaterThan(1e15)
  expect((await redis.scan(0, "0", key.replace(/[{}[\]*?]/g, "?"), 10_000)).keys).toContain(key)
  expect(await redis.unlink([key, key])).toEqual([true, false])
  await redis.ping()
}
