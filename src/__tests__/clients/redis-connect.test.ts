import { createServer, type Server } from "node:net"
import { setImmediate as nextTurn } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SessionError } from "../../domain/errors.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { CLIENT_PACKAGES, type ClientPackage, makeOwnClient, type OwnClient } from "../../infrastructure/redis/clients/own-clients.js"
import { SERVER_KINDS, type ServerKind, startServer, type TestServer } from "../support/servers.js"
import { scriptOf } from "./client-makers.js"

const PACKAGES = ["@redis/client", "redis", "ioredis", "iovalkey"] as const
const TIMEOUT_MS = 500
const PASSWORD = "p@ss/word#1%"
const ENCODED = encodeURIComponent(PASSWORD)
const INCREMENT = scriptOf('#!lua\nreturn redis.call("INCR", KEYS[1])')

/** Fails fast, with a code, naming the address and nothing of the password. */
async function expectRefusal(url: string, clientPackage: (typeof PACKAGES)[number], code: string, names: string): Promise<void> {
  const began = performance.now()
  const error = await connectRedis(url, { timeoutMs: TIMEOUT_MS, clientPackage }).catch((reason: unknown) => reason)
  if (!SessionError.is(error)) throw new Error(`Expected a SessionError, got ${error instanceof Error ? error.stack : typeof error}`)
  expect(error).toMatchObject({ code, outcome: "not-applied" })
  expect(error.message).toContain(names)
  expect(error.message).not.toMatch(/p@ss|p%40ss|redis:\/\/[^ ]*@/)
  expect(error.cause).toBeUndefined()
  expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + 250)
}

describe.each(SERVER_KINDS)("a URL to %s", (kind: ServerKind) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ kind, args: ["--requirepass", PASSWORD] })
  })
  afterAll(() => server.stop())

  describe.each(PACKAGES)("through %s", (clientPackage) => {
    it("connects, picks the database, and closes what it opened", async () => {
      const redis = await connectRedis(`redis://:${ENCODED}@127.0.0.1:${server.port}/3`, { timeoutMs: TIMEOUT_MS, clientPackage })
      const named = await connectRedis(`redis://default:${ENCODED}@127.0.0.1:${server.port}/3`, { timeoutMs: TIMEOUT_MS, clientPackage })
      await redis.run(INCREMENT, [`connect:${clientPackage}`], [])
      expect(await named.get(`connect:${clientPackage}`)).toBe("1")
      await redis.close()
      await named.close()
      await expect(redis.ping()).rejects.toMatchObject({ code: "ERR_CLOSED" })
    })

    it("is refused with a wrong password, with none, and at a database that does not exist", async () => {
      const address = `127.0.0.1:${server.port}`
      await expectRefusal(`redis://:wrong-p%40ss@${address}`, clientPackage, "ERR_STORE_REFUSED", `${address} answered WRONGPASS`)
      await expectRefusal(`redis://${address}`, clientPackage, "ERR_STORE_REFUSED", `${address} answered NOAUTH`)
      await expectRefusal(`redis://:${ENCODED}@${address}/9999`, clientPackage, "ERR_STORE_REFUSED", "no database of that number")
      await expectRefusal(`redis+cluster://:${ENCODED}@${address}`, clientPackage, "ERR_STORE_REFUSED", "no node of a Redis Cluster")
      const ofSentinels = `redis+sentinel://:${ENCODED}@${address}/main?sentinelPassword=${ENCODED}`
      await expectRefusal(ofSentinels, clientPackage, "ERR_STORE_REFUSED", "it is no Sentinel. Use redis://…")
    })

    it("fails fast at a closed port and at a server that is silent", async () => {
      await expectRefusal(`redis://:${ENCODED}@127.0.0.1:1`, clientPackage, "ERR_STORE_UNAVAILABLE", "127.0.0.1:1 (ECONNREFUSED)")
      const silent = await listen()
      try {
        await expectRefusal(`redis://:${ENCODED}@127.0.0.1:${silent.port}`, clientPackage, "ERR_STORE_UNAVAILABLE", `127.0.0.1:${silent.port} did not answer`)
      } finally {
        silent.server.close()
      }
    })
  })
})

describe.each(PACKAGES)("a client of its own, %s", (clientPackage) => {
  it("comes back by itself when the server does, and applies nothing meanwhile", async () => {
    const server = await startServer({ kind: "redis" })
    const redis = await connectRedis(server.url, { timeoutMs: TIMEOUT_MS, clientPackage })
    try {
      await redis.run(INCREMENT, ["x"], [])
      await server.kill9()
      await expect.poll(() => redis.run(INCREMENT, ["x"], []).catch((error: unknown) => (error as SessionError).outcome)).toBe("not-applied")
      await expect(redis.get("x")).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
      await server.restart()
      await expect.poll(() => redis.get("x").catch(() => "away"), { timeout: 10_000 }).toBeNull()
    } finally {
      await redis.close()
      await server.stop()
    }
  })

  it("refuses a call at once while there is no connection, whatever time it would have", async () => {
    const server = await startServer({ kind: "redis" })
    const redis = await connectRedis(server.url, { timeoutMs: 25_000, clientPackage })
    const waiting = new Promise<string>((resolve) => setTimeout(() => resolve("still waiting"), 6_000).unref())
    const outcome = (): Promise<string> =>
      Promise.race([
        waiting,
        redis.get("x").then(
          () => "answered",
          (error: unknown) => (error as SessionError).outcome,
        ),
      ])
    try {
      await redis.ping()
      await server.kill9()
      await outcome()
      expect(await outcome()).toBe("not-applied")
    } finally {
      await redis.close()
      await server.stop()
    }
  })

  it("does not know whether a call was applied whose connection was cut, and does not send it again", async () => {
    const server = await startServer({ kind: "valkey" })
    const redis = await connectRedis(server.url, { timeoutMs: 2_000, clientPackage })
    try {
      await redis.ping()
      server.pause()
      const call = redis.run(INCREMENT, ["x"], []).catch((error: unknown) => error)
      // The clients write at the end of the turn.
      await nextTurn()
      await nextTurn()
      await server.kill9()
      expect(await call).toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "unknown" })
      await server.restart()
      await expect
        .poll(
          () =>
            redis.ping().then(
              () => "back",
              () => "away",
            ),
          { timeout: 10_000 },
        )
        .toBe("back")
      expect(await redis.get("x")).toBeNull()
    } finally {
      await redis.close()
      await server.stop()
    }
  })
})

describe("a URL", () => {
  it.each([
    "http://:p@ss@127.0.0.1/",
    "redis:",
    "redis://",
    "redis:///0",
    "redis://:p@ss/word@127.0.0.1:6400",
    "redis://:pass#word@127.0.0.1:6400",
    "redis://:p%zz@127.0.0.1:6400",
    "redis://user@127.0.0.1:6400",
    "redis://127.0.0.1:0",
    "redis://127.0.0.1:99999",
    "redis://127.0.0.1:6400/abc",
    "redis://127.0.0.1:6400/-1",
    "redis://127.0.0.1:6400/99999999999",
    "redis://127.0.0.1:6400/0?password=p@ss",
    "redis://ho st:6400",
    "redis://ho\nst",
    "redis://127.0.0.1:6400,127.0.0.1:6401",
    "redis+pool://127.0.0.1:6400",
    "redis+cluster://",
    "redis+cluster://127.0.0.1:6400,",
    "redis+cluster://127.0.0.1:6400/1",
    "redis+cluster://user@127.0.0.1:6400",
    "redis+cluster://:p%zz@127.0.0.1:6400",
    "redis+cluster://:p@ss/word@127.0.0.1:6400,127.0.0.1:6401",
    "redis+cluster://127.0.0.1:6400?password=p@ss",
    "redis+cluster://127.0.0.1:6400,127.0.0.1:0",
    "redis+sentinel://127.0.0.1:6400",
    "redis+sentinel://127.0.0.1:6400/",
    "redis+sentinel://127.0.0.1:6400/main/x",
    "redis+sentinel://127.0.0.1:6400/main/0/1",
    "redis+sentinel://127.0.0.1:6400/ma%20in",
    "redis+sentinel://127.0.0.1:6400/main?password=p@ss",
    "redis+sentinel://127.0.0.1:6400/main?sentinelUser=p@ss",
    "redis+sentinel://127.0.0.1:6400/main?sentinelPassword=p@ss&sentinelPassword=p@ss",
    "redis+sentinel://127.0.0.1:6400/main?sentinelPassword=p@ss#x",
  ])("that is bad is refused without being repeated: %j", async (url) => {
    const error = await connectRedis(url, { timeoutMs: TIMEOUT_MS }).catch((reason: unknown) => reason)
    if (!SessionError.is(error, "ERR_CONFIG_INVALID")) throw new Error(`Expected ERR_CONFIG_INVALID, got ${String(error)}`)
    expect(error.message).not.toContain("p@ss")
    expect(error.message).not.toContain("6400")
  })

  const address = { host: "127.0.0.1", port: 1, tls: false, username: undefined, password: undefined, database: 0 }
  const missing = (name: string, lacks = name): ClientPackage => ({
    name,
    load: () => Promise.reject(Object.assign(new Error(`Cannot find package '${lacks}' imported from here`), { code: "ERR_MODULE_NOT_FOUND" })),
  })

  it("is served by the first package that is installed", async () => {
    const own = {} as OwnClient
    expect(await makeOwnClient(address, [missing("@redis/client"), { name: "redis", load: async () => () => own }, missing("ioredis")])).toBe(own)
    expect(CLIENT_PACKAGES.map(({ name }) => name)).toEqual([...PACKAGES])
  })

  it("names a package to install when none is there, and does not pass over a broken one", async () => {
    await expect(
      makeOwnClient(
        address,
        PACKAGES.map((name) => missing(name)),
      ),
    ).rejects.toMatchObject({
      code: "ERR_CONFIG_INVALID",
      message: expect.stringContaining("npm install @redis/client"),
    })
    await expect(makeOwnClient(address, [missing("ioredis", "denque")])).rejects.toThrow("denque")
  })
})

async function listen(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => void socket.on("error", () => undefined).resume())
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("Expected a port")
  return { server, port: address.port }
}
