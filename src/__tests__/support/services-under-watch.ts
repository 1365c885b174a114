import { randomBytes } from "node:crypto"
import { createClient } from "@redis/client"
import type { SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SessionKeys } from "../../infrastructure/redis/session-keys.js"
import { userKey } from "../../infrastructure/services/session/randomness.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import type { SessionOptions } from "../../infrastructure/services/session/session-settings.js"
import { HookedRedisService } from "./hooked-redis-service.js"
import { hearServing, NEAR_CACHE_MODE } from "./near-cache-mode.js"

/** Which client a service uses. */
export type ClientName = "@redis/client" | "ioredis"
export const CLIENT_NAMES: readonly ClientName[] = ["@redis/client", "ioredis"]

/** A deadline that only a broken test reaches, however busy the machine is. */
const CALL_DEADLINE_MS = 10_000

/** A service over a real server, with the wrapper through which its calls go. */
export interface HookedService {
  readonly service: SessionService<SessionAttributes>
  readonly redis: HookedRedisService
}

export async function hookedService(url: string, options: SessionOptions = {}, clientPackage: ClientName = "@redis/client"): Promise<HookedService> {
  const { nearCache, onEvent, ...others } = { ...NEAR_CACHE_MODE, ...options }
  const isNear = nearCache !== false && nearCache !== undefined
  const redis = new HookedRedisService(await connectRedis(url, { timeoutMs: CALL_DEADLINE_MS, clientPackage, nearCache: isNear }))
  const { hear, serving } = hearServing(onEvent)
  const service = new SessionService<SessionAttributes>(redis, { ...others, nearCache, onEvent: hear })
  if (isNear) await serving
  return { redis, service }
}

/** A connection of the test's own, past the library. */
export type RawClient = Awaited<ReturnType<typeof rawClient>>

export async function rawClient(url: string) {
  const client = createClient({ url })
  client.on("error", () => undefined)
  await client.connect()
  const send = async (...args: (string | number)[]): Promise<unknown> => client.sendCommand(args.map(String))
  return {
    send,
    get: async (key: string): Promise<string | null> => (await send("GET", key)) as string | null,
    keys: async (pattern: string): Promise<string[]> => (await send("KEYS", pattern)) as string[],
    /** Members of a user's list with their scores, the lowest first. */
    scores: async (index: string): Promise<{ readonly id: string; readonly score: number }[]> => {
      const flat = ((await send("ZRANGE", index, 0, -1, "WITHSCORES")) as unknown[]).flat().map(String)
      return flat.flatMap((id, at) => (at % 2 === 0 ? [{ id, score: Number(flat[at + 1]) }] : []))
    },
    /** The server's time in milliseconds. */
    now: async (): Promise<number> => {
      const [seconds, micros] = (await send("TIME")) as [string, string]
      return Number(seconds) * 1000 + Number(micros) / 1000
    },
    close: (): void => {
      if (client.isOpen) client.destroy()
    },
  }
}

export const randomPrefix = (): string => `t${randomBytes(6).toString("hex")}:`

/** Key of a session's record, from its handle. */
export function sessionKeyOf(prefix: string, sessionId: string): string {
  return new SessionKeys(prefix).session({ tag: sessionId.slice(0, 3), id: sessionId.slice(4) })
}

/** Key of a user's list. */
export function indexKeyOf(prefix: string, userId: string): string {
  return new SessionKeys(prefix).index(userKey(userId))
}

/** A pattern of all session records that lie where this user's do. */
export function sessionsPatternOf(prefix: string, userId: string): string {
  return `${prefix}session:{${userKey(userId).tag}}.*`
}
