import { randomUUID } from "node:crypto"
import { setTimeout as wait } from "node:timers/promises"
import { Redis as IoRedis } from "ioredis"
import { Redis as Valkey } from "iovalkey"
import { createClient } from "redis"
import { afterAll, describe, it } from "vitest"
import { createSessionService, type RedisClientLike } from "../../exports/index.js"
import { type ConformanceSetup, describeSessionService, type ProviderTraits, type RequestedOptions, type ServiceUnderTest } from "../../exports/testing.js"
import { CACHE_KEYS_PATTERNS } from "../../shared/constants.js"
import { damagedRecord } from "./damaged-record.js"
import { hearServing } from "./near-cache-mode.js"
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

/** Tokens of nobody whose sessions would lie in the first, the second and the last third of a cluster's slots. */
const NOBODYS_TOKENS = ["AAA", "AAD", "AAB"].map((tag) => `${tag}.${"A".repeat(22)}.${"A".repeat(43)}`)

export type ClientKind = keyof typeof CLIENTS

export const REDIS_TRAITS: ProviderTraits = {
  timeUnitMs: 40,
  lacks: { fakeClock: "the server keeps real time, and nobody waits for hours" },
}

/** The service with its near-cache on, once it serves. */
async function nearCached(store: RedisClientLike | string, { onEvent, ...options }: RequestedOptions): Promise<ServiceUnderTest> {
  const { hear, serving } = hearServing(onEvent)
  const service = await createSessionService({ store, ...options, onEvent: hear, nearCache: true })
  await serving
  return service
}

/** Reads something over each tracked connection of all services. */
async function allHear(services: readonly ServiceUnderTest[]): Promise<void> {
  await Promise.allSettled(services.flatMap((one) => NOBODYS_TOKENS.map((token) => one.getSession(token))))
}

/**
 * A service whose changes are answered when the near-caches of all services have heard of them: whatever is read over a tracked connection after a
 * change is answered behind the news of it.
 */
function heardBy(all: () => Promise<unknown>, service: ServiceUnderTest): ServiceUnderTest {
  return new Proxy(service, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== "function") return member
      if (!/^(create|update|extend|rotate|delete)/.test(String(name))) return member.bind(target)
      return async (...args: unknown[]): Promise<unknown> => {
        try {
          return await (member.apply(target, args) as Promise<unknown>)
        } finally {
          await all()
        }
      }
    },
  })
}

/** What all services of the suite share, and how it is asked for one raw command about a key. */
export interface SharedStore {
  readonly store: RedisClientLike | string
  send(command: string, key: string, ...args: readonly string[]): Promise<unknown>
}

/** A store of its own for one test: a key prefix that no other test uses. */
export async function storeUnderSuite({ store, send }: SharedStore, options: RequestedOptions, nearCache: boolean): ReturnType<ConformanceSetup> {
  const prefix = `${randomUUID().slice(0, 13)}:`
  const opened: ServiceUnderTest[] = []
  const allHeard = (): Promise<unknown> => allHear(opened)
  const open = async (wanted: RequestedOptions): Promise<ServiceUnderTest> => {
    const all = { ...wanted, keyPrefix: prefix + (wanted.keyPrefix ?? "") }
    if (!nearCache) return createSessionService({ store, ...all })
    const one = await nearCached(store, all)
    opened.push(one)
    return heardBy(allHeard, one)
  }
  const service = await open(options)
  return {
    service,
    advance: (by) => wait(Math.ceil(Number.parseFloat(String(by)))),
    another: open,
    corrupt: async (sessionId, how) => {
      const key = `${prefix}${options.keyPrefix ?? ""}${CACHE_KEYS_PATTERNS.SESSION(sessionId.slice(0, 3), sessionId.slice(4))}`
      const record = String(await send("GET", key))
      await send("SET", key, damagedRecord(record, how), "KEEPTTL", "XX")
      await allHeard()
    },
    close: () => service.close(),
  }
}

/** Every store is a key prefix of its own on one server, which no other tests use: a cleanup goes over all keys. All go through one client. */
export function redisSetup(kind: ServerKind, through: ClientKind, nearCache = false): { readonly setup: ConformanceSetup; end(): Promise<void> } {
  const start = async () => {
    const server = await startServer({ kind })
    return { server, ...(await CLIENTS[through](server.url)) }
  }
  let starting: ReturnType<typeof start> | undefined
  const connected = () => (starting ??= start())
  const setup: ConformanceSetup = async (options) => {
    const { client, send } = await connected()
    return storeUnderSuite({ store: client, send }, options, nearCache)
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
export function describeOnRedis(kind: ServerKind, through: ClientKind, nearCache = false): void {
  const { setup, end } = redisSetup(kind, through, nearCache)
  afterAll(end)
  describeSessionService({ describe, it: it.concurrent }, `${kind} through ${through}${nearCache ? " with a near-cache" : ""}`, setup, REDIS_TRAITS)
}
