import { randomUUID } from "node:crypto"
import { setTimeout as wait } from "node:timers/promises"
import { Redis as IoRedis } from "ioredis"
import { Redis as Valkey } from "iovalkey"
import { createClient } from "redis"
import { afterAll, describe, it } from "vitest"
import { createSessionService } from "../../exports/index.js"
import { type ConformanceSetup, describeSessionService, type ProviderTraits, type RequestedOptions } from "../../exports/testing.js"
import { CACHE_KEYS_PATTERNS } from "../../shared/constants.js"
import { damagedRecord } from "./damaged-record.js"
import { type ServerKind, startServer } from "./servers.js"

/** How a client is made, and asked for one raw command. */
const CLIENTS = {
  "node-redis": async (url: string) => {
    const client = createClient({ url })
    client.on("error", () => undefined)
    await client.connect()
    return { client, send: (command: string, ...args: string[]) => client.sendCommand([command, ...args]), end: () => client.close() }
  },
  ioredis: async (url: string) => {
    const client = new IoRedis(url)
    return { client, send: (command: string, ...args: string[]) => client.call(command, ...args), end: () => client.quit() }
  },
  iovalkey: async (url: string) => {
    const client = new Valkey(url)
    return { client, send: (command: string, ...args: string[]) => client.call(command, ...args), end: () => client.quit() }
  },
} as const

export type ClientKind = keyof typeof CLIENTS

const REDIS_TRAITS: ProviderTraits = {
  timeUnitMs: 40,
  lacks: { fakeClock: "the server keeps real time, and nobody waits for hours" },
}

/** Every store is a key prefix of its own on one server, which no other tests use: a cleanup goes over all keys. All go through one client. */
export function redisSetup(kind: ServerKind, through: ClientKind): { readonly setup: ConformanceSetup; end(): Promise<void> } {
  const start = async () => {
    const server = await startServer({ kind })
    return { server, ...(await CLIENTS[through](server.url)) }
  }
  let starting: ReturnType<typeof start> | undefined
  const connected = () => (starting ??= start())
  const setup: ConformanceSetup = async (options) => {
    const { client, send } = await connected()
    const prefix = `${randomUUID().slice(0, 13)}:`
    const open = (wanted: RequestedOptions) => createSessionService({ store: client, ...wanted, keyPrefix: prefix + (wanted.keyPrefix ?? "") })
    const service = await open(options)
    return {
      service,
      advance: async (by) => {
        await wait(Math.ceil(Number.parseFloat(String(by))))
      },
      another: open,
      corrupt: async (sessionId, how) => {
        const key = `${prefix}${options.keyPrefix ?? ""}${CACHE_KEYS_PATTERNS.SESSION(sessionId.slice(0, 3), sessionId.slice(4))}`
        const record = String(await send("GET", key))
        await send("SET", key, damagedRecord(record, how), "KEEPTTL", "XX")
      },
      close: () => service.close(),
    }
  }
  return {
    setup,
    end: async () => {
      if (starting === undefined) return
      const { server, end } = await starting
      await end()
      await server.stop()
    },
  }
}

/** The whole suite on one server through one client. Its tests run side by side, for most of those of time only wait. */
export function describeOnRedis(kind: ServerKind, through: ClientKind): void {
  const { setup, end } = redisSetup(kind, through)
  afterAll(end)
  describeSessionService({ describe, it: it.concurrent }, `${kind} through ${through}`, setup, REDIS_TRAITS)
}
