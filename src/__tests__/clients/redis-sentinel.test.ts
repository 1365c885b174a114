import { type ChildProcess, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { promisify } from "node:util"
import { createSentinel } from "@redis/client"
import { Redis as IoRedis } from "ioredis"
import { Redis as IoValkey } from "iovalkey"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import type { RedisClientLike } from "../../infrastructure/redis/clients/client-shapes.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { askServer, freePort, SERVER_KINDS, type ServerKind, startServer, type TestServer } from "../support/servers.js"
import { scriptOf } from "./client-makers.js"

const INCREMENT = scriptOf('#!lua\nreturn redis.call("INCR", KEYS[1])')

const SENTINEL_MAKERS: Readonly<Record<string, (port: number) => Promise<{ readonly client: RedisClientLike; end(): Promise<void> | void }>>> = {
  "node-redis sentinel": async (port) => {
    const client = createSentinel({ name: "main", sentinelRootNodes: [{ host: "127.0.0.1", port }] })
    client.on("error", () => undefined)
    await client.connect()
    return { client, end: () => client.destroy() }
  },
  ioredis: async (port) => {
    const client = new IoRedis({ name: "main", sentinels: [{ host: "127.0.0.1", port }] })
    return { client, end: () => client.disconnect() }
  },
  iovalkey: async (port) => {
    const client = new IoValkey({ name: "main", sentinels: [{ host: "127.0.0.1", port }] })
    return { client: client as unknown as RedisClientLike, end: () => client.disconnect() }
  },
}

describe.each(SERVER_KINDS)("with a Sentinel of %s", (kind: ServerKind) => {
  let primary: TestServer | undefined
  let sentinel: undefined | { readonly port: number; end(): Promise<void> }
  beforeAll(async () => {
    primary = await startServer({ kind })
    sentinel = await startSentinel(kind, primary.port)
  })
  afterAll(async () => {
    await sentinel?.end()
    await primary?.stop()
  })

  it.each(Object.keys(SENTINEL_MAKERS))("%s reaches the primary, and may be told to send again", async (name) => {
    const made = await (SENTINEL_MAKERS[name] as (port: number) => ReturnType<(typeof SENTINEL_MAKERS)[string]>)(sentinel?.port ?? 0)
    const redis = await connectRedis(made.client, { timeoutMs: 2_000 })
    try {
      const keys = [`sentinel:${randomUUID()}`, `sentinel:${randomUUID()}`]
      expect(redis.singleNode).toBe(true)
      expect(await Promise.all(keys.map((key) => redis.run(INCREMENT, [key], [])))).toEqual([1, 1])
      expect(await redis.mget([...keys, "sentinel:missing"])).toEqual(["1", "1", null])
      expect(await redis.nodes()).toHaveLength(1)
      expect(await redis.unlink([...keys, "sentinel:missing"])).toEqual([true, true, false])
      expect(await redis.time()).toBeGreaterThan(1e15)
      await redis.ping()
      // node-redis sends a command again after it lost the connection in this form alone.
      expect(redis.resendMark() === null).toBe(name === "node-redis sentinel")
    } finally {
      await redis.close()
      await made.end()
    }
    await expect(redis.ping()).rejects.toMatchObject({ code: "ERR_CLOSED" })
  })

  it.each(["ioredis", "iovalkey"] as const)("word of a failover that comes while %s asks for the primary does not end it", async (clientPackage) => {
    const watched = await standBefore(sentinel?.port ?? 0)
    const redis = await connectRedis(`redis+sentinel://127.0.0.1:${watched.port}/main`, { timeoutMs: 2_000, clientPackage })
    try {
      await vi.waitFor(() => expect(watched.subscribers).toBe(1))
      const asked = watched.holdQuestions()
      await askServer(primary?.port ?? 0, "CLIENT KILL TYPE normal")
      await asked
      watched.announceFailover()
      // The client has heard it by the time that it has answered this.
      await expect(redis.ping()).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE" })
      await setTimeout(50)
      watched.passQuestions()
      await vi.waitFor(() => redis.ping(), { timeout: 20_000, interval: 50 })
    } finally {
      await redis.close()
      await watched.end()
    }
    const before = watched.connections
    await setTimeout(200)
    expect(watched.connections).toBe(before)
  })

  it("says that a node-redis sentinel was closed, instead of looping in it", async () => {
    const made = await (SENTINEL_MAKERS["node-redis sentinel"] as (port: number) => ReturnType<(typeof SENTINEL_MAKERS)[string]>)(sentinel?.port ?? 0)
    const redis = await connectRedis(made.client, { timeoutMs: 2_000 })
    await redis.ping()
    await made.end()
    await expect(redis.run(INCREMENT, ["x"], [])).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
  })
})

async function startSentinel(kind: ServerKind, primaryPort: number): Promise<{ readonly port: number; end(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), "coatcheck-sentinel-"))
  const port = await freePort()
  const config = join(dir, "sentinel.conf")
  writeFileSync(config, `port ${port}\nbind 127.0.0.1\ndir ${dir}\nsentinel monitor main 127.0.0.1 ${primaryPort} 1\n`)
  const child: ChildProcess = spawn(`${kind}-server`, [config, "--sentinel"], { stdio: "ignore" })
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit")
      child.kill("SIGKILL")
      await ended
    }
    rmSync(dir, { recursive: true, force: true })
  }
  try {
    await vi.waitFor(async () => expect(await primaryNamedBy(port)).toBe(String(primaryPort)), { timeout: 10_000 })
  } catch (error) {
    await end()
    throw error
  }
  return { port, end }
}

interface WatchedSentinel {
  readonly port: number
  /** Connections that were ever made. */
  readonly connections: number
  /** Connections on which messages of failovers are waited for. */
  readonly subscribers: number
  /** From now on nobody is told the primary; resolves when somebody has asked. */
  holdQuestions(): Promise<void>
  passQuestions(): void
  /** Says what a Sentinel says when there is a new primary. */
  announceFailover(): void
  end(): Promise<void>
}

/** Stands before a Sentinel on a loopback port, so that the moments of a failover can be put in order. */
async function standBefore(target: number): Promise<WatchedSentinel> {
  const sockets = new Set<Socket>()
  const subscribers = new Map<Socket, string>()
  const held: (() => void)[] = []
  let connections = 0
  let isHolding = false
  let onAsked: () => void = () => undefined
  const server = createServer((client) => {
    connections++
    const behind = createConnection(target, "127.0.0.1")
    let subscribes = false
    for (const socket of [client, behind]) {
      sockets.add(socket)
      socket.on("error", () => undefined)
      socket.on("close", () => {
        sockets.delete(socket)
        subscribers.delete(client)
        client.destroy()
        behind.destroy()
      })
    }
    client.on("data", (chunk: Buffer) => {
      const text = chunk.toString("latin1").toLowerCase()
      subscribes ||= text.includes("subscribe")
      if (!isHolding || !text.includes("get-master-addr-by-name")) return behind.write(chunk)
      held.push(() => behind.write(chunk))
      return onAsked()
    })
    behind.on("data", (chunk: Buffer) => {
      // A message has the form of the answer to SUBSCRIBE: an array, or a push of RESP3.
      const form = /([*>])3\r\n\$9\r\nsubscribe/.exec(chunk.toString("latin1"))?.[1]
      if (subscribes && form !== undefined) subscribers.set(client, form)
      client.write(chunk)
    })
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections
    },
    get subscribers() {
      return subscribers.size
    },
    holdQuestions: () => {
      isHolding = true
      return new Promise<void>((resolve) => {
        onAsked = resolve
      })
    },
    passQuestions: () => {
      isHolding = false
      for (const pass of held.splice(0)) pass()
    },
    announceFailover: () => {
      const words = ["message", "+switch-master", "main 127.0.0.1 1 127.0.0.1 2"]
      for (const [client, form] of subscribers) client.write(`${form}3\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`)
    },
    end: async () => {
      for (const socket of sockets) socket.destroy()
      await promisify(server.close.bind(server))()
    },
  }
}

async function primaryNamedBy(port: number): Promise<unknown> {
  const client = new IoRedis(port, "127.0.0.1", { lazyConnect: true, retryStrategy: () => null })
  client.on("error", () => undefined)
  try {
    await client.connect()
    const [, named] = (await client.call("sentinel", "get-master-addr-by-name", "main")) as readonly unknown[]
    return named
  } finally {
    client.disconnect()
  }
}
