import type { RedisClientLike } from "coatcheck"

/** The lease of services that are made with a near-cache because all are, in milliseconds. */
const LEASE_MS = 200
const VARIABLE = "COATCHECK_NEAR_CACHE"

/** From here on services are made with a near-cache wherever they can have one, in this process and in those that it starts. */
export function turnNearCacheOn(): void {
  process.env[VARIABLE] = "1"
}

/** What its lease is, in milliseconds; `null` where services of this run have none. */
export function leaseOfRun(): number | null {
  return process.env[VARIABLE] === "1" ? LEASE_MS : null
}

/** The same of services on one store: memory and files have none. */
export function leaseOn(store: string | RedisClientLike): number | null {
  return typeof store !== "string" || store.startsWith("redis") ? leaseOfRun() : null
}
