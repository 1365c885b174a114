import { randomUUID } from "node:crypto"
import { rmSync } from "node:fs"
import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SessionError } from "../../domain/errors.js"
import type { IRedisService } from "../../domain/interfaces/redis/IRedisService.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { classifyFailure } from "../../infrastructure/redis/failures/classify.js"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { type RawClient, rawClient } from "../support/services-under-watch.js"
import { scriptOf } from "./client-makers.js"

// Further replies have their servers elsewhere: NOSCRIPT in redis-clients, NOAUTH and WRONGPASS in redis-connect, TRYAGAIN in slot-moves.
const INCREMENT = scriptOf('#!lua\nreturn redis.call("INCR", KEYS[1])')
const TIMEOUT_MS = 1_000

async function failureOf(work: Promise<unknown>): Promise<SessionError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!SessionError.is(error)) throw new Error(`Expected a SessionError, got ${String(error)}`)
  return error
}

describe.each(SERVER_KINDS)("what %s refuses", (kind) => {
  let server: TestServer
  let raw: RawClient
  beforeAll(async () => {
    server = await startServer({ kind, args: ["--save", "3600 100000", "--repl-diskless-sync-delay", "0"] })
    raw = await rawClient(server.url)
  })
  afterAll(async () => {
    raw?.close()
    await server?.stop()
  })

  describe.each(["@redis/client", "ioredis", "iovalkey"] as const)("through %s", (clientPackage) => {
    let redis: IRedisService
    const key = `refused:${randomUUID()}`
    const write = (): Promise<unknown> => redis.run(INCREMENT, [key], [])
    const set = (name: string, value: string): Promise<unknown> => raw.send("CONFIG", "SET", name, value)
    const refusedWith = async (call: Promise<unknown>, word: string, code: string): Promise<void> => {
      const error = await failureOf(call)
      expect(error).toMatchObject({ code, outcome: "not-applied", retryable: code === "ERR_STORE_UNAVAILABLE" })
      expect(error.message).toContain(word)
    }
    beforeAll(async () => {
      redis = await connectRedis(server.url, { timeoutMs: TIMEOUT_MS, clientPackage })
      await write()
    })
    afterAll(() => redis?.close())

    it("NOREPLICAS", async () => {
      await set("min-replicas-to-write", "1")
      await refusedWith(write(), "NOREPLICAS", "ERR_STORE_UNAVAILABLE")
      await set("min-replicas-to-write", "0")
      await write()
    })

    it("OOM", async () => {
      await set("maxmemory", "1")
      await refusedWith(write(), "OOM", "ERR_STORE_REFUSED")
      await set("maxmemory", "0")
      await write()
    })

    it("READONLY and MASTERDOWN", async () => {
      await set("replica-serve-stale-data", "yes")
      await raw.send("REPLICAOF", "127.0.0.1", "1")
      const readOnly = await failureOf(write())
      expect(readOnly).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied", message: expect.stringContaining("READONLY") })
      await set("replica-serve-stale-data", "no")
      await refusedWith(redis.get(key), "MASTERDOWN", "ERR_STORE_UNAVAILABLE")
      await raw.send("REPLICAOF", "NO", "ONE")
      await write()
    })

    it("BUSY", async () => {
      await set("busy-reply-threshold", "20")
      const other = await rawClient(server.url)
      const busy = other.send("EVAL", "while true do end", "0").catch(() => undefined)
      await pause(200)
      await refusedWith(redis.get(key), "BUSY", "ERR_STORE_UNAVAILABLE")
      await raw.send("SCRIPT", "KILL")
      await busy
      other.close()
      await write()
    })

    it("NOPERM", async () => {
      await raw.send("ACL", "SETUSER", "default", "-evalsha", "-eval")
      await refusedWith(write(), "NOPERM", "ERR_STORE_REFUSED")
      await raw.send("ACL", "SETUSER", "default", "+@all")
      await write()
    })

    it("more clients than maxclients", async () => {
      const connected = String(await raw.send("CLIENT", "LIST"))
        .trim()
        .split("\n").length
      await set("maxclients", String(connected))
      try {
        const error = await failureOf(connectRedis(server.url, { timeoutMs: TIMEOUT_MS, clientPackage }))
        // ioredis forgets what the server said when the connection ends with it.
        expect(error).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", message: expect.stringMatching(/as many connections|Cannot connect/) })
        await write()
      } finally {
        await set("maxclients", "1000")
      }
    })

    it("CLIENT PAUSE, and CLIENT KILL meanwhile", async () => {
      await raw.send("CLIENT", "PAUSE", "10000", "WRITE")
      expect(await failureOf(write())).toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "unknown" })
      const call = failureOf(write())
      await pause(100)
      await raw.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
      expect(await call).toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "unknown", message: expect.stringContaining("lost") })
      await raw.send("CLIENT", "UNPAUSE")
      await expect.poll(() => write().then(() => "applied", String), { timeout: 5_000 }).toBe("applied")
    })

    it("LOADING", { timeout: 20_000 }, async () => {
      await using replica = await startServer({ kind, args: ["--loading-process-events-interval-bytes", "1024", "--key-load-delay", "1000"] })
      await raw.send("EVAL", "for i = 1, 3000 do redis.call('SET', 'filler:' .. i, string.rep('x', 100)) end", "0")
      const loading = await connectRedis(replica.url, { timeoutMs: TIMEOUT_MS, clientPackage })
      const control = await rawClient(replica.url)
      await control.send("REPLICAOF", "127.0.0.1", String(server.port))
      const seen = new Set<string>()
      for (const until = performance.now() + 10_000; performance.now() < until && ![...seen].some((message) => message.includes("LOADING")); await pause(20)) {
        await loading.get(key).catch((error: SessionError) => {
          expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_STORE_(UNAVAILABLE|TIMEOUT)$/), outcome: "not-applied" })
          seen.add(error.message)
        })
      }
      expect([...seen].join("\n")).toContain("answered LOADING: it is still reading its data")
      control.close()
      await loading.close()
    })
  })

  it("EXECABORT, which this library never asks for, leaves all in doubt", async () => {
    await raw.send("MULTI")
    await raw.send("NOSUCH").catch(() => undefined)
    const error = await raw.send("EXEC").catch((reason: unknown) => reason)
    expect(String(error)).toContain("EXECABORT")
    expect(classifyFailure(error, { readOnly: false, sent: "maybe" })).toMatchObject({ code: "ERR_STORE_PROTOCOL", outcome: "unknown" })
  })

  it("CLUSTERDOWN", async () => {
    await using lone = await startServer({ kind, args: ["--cluster-enabled", "yes"] })
    for (const clientPackage of ["@redis/client", "ioredis", "iovalkey"] as const) {
      const redis = await connectRedis(lone.url, { timeoutMs: TIMEOUT_MS, clientPackage })
      const error = await failureOf(redis.run(INCREMENT, ["x"], []))
      expect(error).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied", message: expect.stringContaining("CLUSTERDOWN") })
      await redis.close()
    }
  })

  // The last: its folder is gone then.
  it("MISCONF", async () => {
    const packages = ["@redis/client", "ioredis", "iovalkey"] as const
    const opened = await Promise.all(packages.map((clientPackage) => connectRedis(server.url, { timeoutMs: TIMEOUT_MS, clientPackage })))
    rmSync(server.dir, { recursive: true, force: true })
    await raw.send("BGSAVE")
    await expect.poll(() => raw.send("INFO", "persistence").then(String), { timeout: 5_000 }).toContain("rdb_last_bgsave_status:err")
    for (const redis of opened) {
      const error = await failureOf(redis.run(INCREMENT, ["x"], []))
      expect(error).toMatchObject({ code: "ERR_STORE_REFUSED", outcome: "not-applied", message: expect.stringContaining("MISCONF") })
      expect(await redis.get("x")).toBeNull()
      await redis.close()
    }
  })
})
