import { type IRateLimiterRedisOptions, type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis } from "rate-limiter-flexible"
import type { RawClient } from "../sessions/raw-client.js"
import { forEachKey, type Keys, keyAt } from "./keys.js"
import type { LimitCase } from "./limit-case.js"

/** Seconds. Its timers hold no more than 24 days. */
const LONG = 7 * 86_400
const ROOMY = { points: 1_000_000, duration: 60 } as const
const TIGHT = { points: 100, duration: LONG } as const

export function flexibleOn({ name, client: storeClient }: RawClient, keys: Keys): readonly LimitCase[] {
  const client: Pick<IRateLimiterRedisOptions, "storeClient" | "useRedisPackage"> = { storeClient, useRedisPackage: name === "node-redis" }
  const allowing = new RateLimiterRedis({ ...client, ...ROOMY, keyPrefix: "flexible" })
  const denying = new RateLimiterRedis({ ...client, ...TIGHT, keyPrefix: "flexible-denied" })
  const blocking = new RateLimiterRedis({ ...client, ...TIGHT, keyPrefix: "flexible-blocked", inMemoryBlockOnConsumed: TIGHT.points })
  return [
    consuming("rate-limiter-flexible, allowed", allowing, keys, true),
    { ...consuming("rate-limiter-flexible, denied by the store", denying, keys, false), asksStore: true },
    consuming("rate-limiter-flexible, known to be blocked (inMemoryBlockOnConsumed)", blocking, keys, false),
  ]
}

/** Far more than a measurement takes within a minute. */
const ENDLESS = { points: 1_000_000_000, duration: 60 } as const

export function flexibleInMemory(keys: Keys): readonly LimitCase[] {
  return [
    consuming("memory: rate-limiter-flexible, allowed", new RateLimiterMemory(ENDLESS), keys, true),
    consuming("memory: rate-limiter-flexible, denied", new RateLimiterMemory(TIGHT), keys, false),
  ]
}

function consuming(name: string, limiter: RateLimiterAbstract, keys: Keys, allows: boolean): LimitCase {
  const consume = (key: string) => limiter.consume(key).then(yes, refusal)
  const work = { call: (at: number) => consume(keyAt(keys, at)), isRight: (allowed: boolean) => allowed === allows }
  // Where it remembers what is blocked, it does from the first denial.
  const prepare = () => forEachKey(keys, (key) => limiter.penalty(key, 2 * TIGHT.points).then(() => consume(key)))
  return { name, work: allows ? work : { ...work, prepare } }
}

function yes(): boolean {
  return true
}

/** A denial is a rejection with what is no error. */
function refusal(refused: unknown): boolean {
  if (refused instanceof Error) throw refused
  return false
}
