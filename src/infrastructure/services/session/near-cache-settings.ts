import { assertInteger, assertKnownKeys, expected, readOnce } from "../../../shared/assertions.js"
import { type Duration, toMilliseconds } from "../../../shared/durations.js"

/** How the near-cache is bounded. */
export interface NearCacheOptions {
  /** How much later than its sign-out, or than a change of it, a session may still be read as it was: 100 ms to 10 s, 1 s by default. */
  readonly lease?: Duration | undefined
  /** 1 to 1 000 000 sessions; 10 000 by default. */
  readonly maxEntries?: number | undefined
  /** About how much memory they may take, from 64 KiB to 16 GiB; 64 MiB by default. */
  readonly maxBytes?: number | undefined
}

/** The same, checked and in milliseconds. */
export interface NearCacheSettings {
  readonly lease: number
  readonly maxEntries: number
  readonly maxBytes: number
}

const LEASE_RANGE = { min: 100, max: 10_000 }
const ENTRIES_RANGE = { min: 1, max: 1_000_000 }
const BYTES_RANGE = { min: 64 * 1024, max: 16 * 1024 ** 3 }

/** `null`: off. @throws UnexpectedValue */
export function resolveNearCache(given: boolean | NearCacheOptions | undefined = false): NearCacheSettings | null {
  if (given === false) return null
  if (given !== true && (typeof given !== "object" || given === null)) throw expected("nearCache", "true, false or its options", given)
  const options = given === true ? {} : readOnce(given)
  assertKnownKeys(options, "nearCache", ["lease", "maxEntries", "maxBytes"])
  const { lease = "1s", maxEntries = 10_000, maxBytes = 64 * 1024 ** 2 } = options
  assertInteger(maxEntries, "nearCache.maxEntries", ENTRIES_RANGE)
  assertInteger(maxBytes, "nearCache.maxBytes", BYTES_RANGE)
  return { lease: toMilliseconds(lease, "nearCache.lease", LEASE_RANGE), maxEntries, maxBytes }
}
