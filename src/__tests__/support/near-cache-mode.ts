import type { SessionEvent } from "../../domain/interfaces/ports.js"
import type { NearCacheOptions } from "../../infrastructure/services/session/near-cache-settings.js"

const IS_ON = process.env.COATCHECK_NEAR_CACHE === "1"
const LEASE_MS = 300

/** Whether services on Redis are tested with their near-cache on: `COATCHECK_NEAR_CACHE=1`. Where a test does not say itself. */
export const NEAR_CACHE_MODE: { readonly nearCache: false | NearCacheOptions } = { nearCache: IS_ON && { lease: `${LEASE_MS}ms` } }

/** Commands that renew a lease, at any time, beside whatever a test does; `CLIENT` a monitor does not tell of. */
export const LEASE_COMMANDS: ReadonlySet<string> = new Set(IS_ON ? ["EXISTS", "ROLE", "TIME"] : [])

/** For how long another process may read a session as it was before a change, in nanoseconds. */
export const STALE_NS: bigint = BigInt(IS_ON ? LEASE_MS : 0) * 1_000_000n

/** Hears of a near-cache's beginning to serve, and passes on all other events. */
export function hearServing(onEvent: (event: SessionEvent) => unknown = () => undefined): {
  readonly hear: (event: SessionEvent) => unknown
  readonly serving: Promise<void>
} {
  let serves: () => void = () => undefined
  const serving = new Promise<void>((resolve) => {
    serves = resolve
  })
  const hear = (event: SessionEvent): unknown => {
    if (event.type !== "near-cache") return onEvent(event)
    return event.serving ? serves() : undefined
  }
  return { hear, serving }
}
