import { randomUUID } from "node:crypto"
import { rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { Redis as IoRedis } from "ioredis"
import { Redis as IoValkey } from "iovalkey"
import { createClient } from "redis"
import { afterAll, describe, it } from "vitest"
import type { RateLimitRules } from "../../domain/interfaces/rate-limit/IRateLimitingService.js"
import { createRateLimitingService } from "../../exports/rate-limit.js"
import {
  createFakeClock,
  describeRateLimitingService,
  type RateLimitConformanceSetup,
  type RateLimitsUnderTest,
  type RequestedRateLimits,
} from "../../exports/testing.js"
import type { RedisClientLike } from "../../infrastructure/redis/clients/client-shapes.js"
import { type ServerKind, sharedServer } from "./servers.js"

const CLIENTS = {
  "node-redis": async (url: string) => {
    const client = createClient({ url })
    client.on("error", () => undefined)
    await client.connect()
    return { client, end: () => client.close() }
  },
  ioredis: async (url: string) => {
    const client = new IoRedis(url)
    return { client, end: () => client.quit() }
  },
  iovalkey: async (url: string) => {
    const client = new IoValkey(url)
    return { client, end: () => client.quit() }
  },
} as const

/** Each store is a service of its own. */
export async function memoryRateLimits<const R extends RateLimitRules>(options: RequestedRateLimits<R>): Promise<RateLimitsUnderTest<R>> {
  const clock = createFakeClock()
  const service = await createRateLimitingService({ store: "memory:", clock, ...options })
  return { service, advance: async (by) => clock.advance(by), close: () => service.close() }
}

/** Each store is a file of its own. */
export async function sqliteRateLimits<const R extends RateLimitRules>(options: RequestedRateLimits<R>): Promise<RateLimitsUnderTest<R>> {
  const clock = createFakeClock()
  const path = join(tmpdir(), `coatcheck-${randomUUID()}.db`)
  const open = () => createRateLimitingService({ store: `sqlite:${path}`, clock, ...options })
  const service = await open()
  return {
    service,
    advance: async (by) => clock.advance(by),
    another: open,
    close: async () => {
      await service.close()
      for (const end of ["", "-wal", "-shm", "-reserve"]) rmSync(path + end, { force: true })
    },
  }
}

/** The whole suite on one server through one client; each store is a key prefix of its own. */
export function describeRateLimitsOnRedis(kind: ServerKind, through: keyof typeof CLIENTS): void {
  let connecting: ReturnType<(typeof CLIENTS)[typeof through]> | undefined
  const connected = (): ReturnType<(typeof CLIENTS)[typeof through]> => {
    connecting ??= CLIENTS[through](sharedServer(kind).url)
    return connecting
  }
  afterAll(async () => {
    await (await connecting)?.end()
  })
  describeRateLimitsThrough(`${kind} through ${through}`, async () => (await connected()).client)
}

/** The whole suite through a client that is somebody else's. */
export function describeRateLimitsThrough(name: string, connected: () => Promise<RedisClientLike>): void {
  describeRateLimitingService({ describe, it: it.concurrent }, name, rateLimitsOn(connected))
}

/** Each store is a key prefix of its own. */
export function rateLimitsOn(connected: () => Promise<RedisClientLike | string>): RateLimitConformanceSetup {
  return async (options) => {
    const store = await connected()
    const keyPrefix = `${randomUUID().slice(0, 13)}:`
    const open = () => createRateLimitingService({ store, keyPrefix, ...options })
    const service = await open()
    return {
      service,
      advance: async (by) => {
        await wait(Math.ceil(Number.parseFloat(String(by))))
      },
      another: open,
      close: () => service.close(),
    }
  }
}
