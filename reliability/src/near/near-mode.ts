import type { RedisClientLike, SessionServiceOptions } from "coatcheck"

/** The lease of services that are made with a near-cache because all are, in milliseconds. */
const LEASE_MS = 200
const VARIABLE = "COATCHECK_NEAR_CACHE"

export const WITHOUT_NEAR_CACHE = "without near-cache"
export const WITH_NEAR_CACHE = "with near-cache"
/** A run goes through them in this order. */
export const NEAR_MODES = [WITHOUT_NEAR_CACHE, WITH_NEAR_CACHE] as const
export type NearMode = (typeof NEAR_MODES)[number]

/** Whether services are made with a near-cache from here on, wherever they can have one, in this process and in those that it starts. */
export function enterNearMode(mode: NearMode): void {
  if (mode === WITH_NEAR_CACHE) process.env[VARIABLE] = "1"
  // Also where whoever started us had set it.
  else delete process.env[VARIABLE]
}

/** What its lease is, in milliseconds; `null` where services of this run have none. */
export function leaseOfRun(): number | null {
  return process.env[VARIABLE] === "1" ? LEASE_MS : null
}

/** The same of services on one store: memory and files have none. */
export function leaseOn(store: string | RedisClientLike): number | null {
  return typeof store !== "string" || store.startsWith("redis") ? leaseOfRun() : null
}

/** The option of services on one store. */
export function nearCacheOn(store: string | RedisClientLike): NonNullable<SessionServiceOptions["nearCache"]> {
  const leaseMs = leaseOn(store)
  return leaseMs === null ? false : { lease: `${leaseMs}ms` }
}
