import { asConfigError } from "../domain/errors.js"
import type { Clock } from "../domain/interfaces/ports.js"
import type { OwnedRateLimitingService, RateLimitRules } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { RedisClientLike } from "../infrastructure/redis/clients/client-shapes.js"
import { connectRedis } from "../infrastructure/redis/clients/connect.js"
import { MemoryRateLimits } from "../infrastructure/services/rate-limit/MemoryRateLimits.js"
import { RateLimitFront } from "../infrastructure/services/rate-limit/RateLimitFront.js"
import { RateLimitingService } from "../infrastructure/services/rate-limit/RateLimitingService.js"
import { type RateLimitOptions, resolveRateLimits } from "../infrastructure/services/rate-limit/rate-limit-settings.js"
import { SqliteRateLimits } from "../infrastructure/services/rate-limit/SqliteRateLimits.js"
import { assertKnownKeys, readOnce } from "../shared/assertions.js"
import { type ResolvedStore, type StoreUrl, whichStore } from "./options.js"

/** Options of `createRateLimitingService`. */
export interface RateLimitingServiceOptions<R extends RateLimitRules = RateLimitRules> extends RateLimitOptions<R> {
  /** As for `createSessionService`, and it may be the same: `"memory:"`, `"sqlite:FILE"`, `"redis://…"`, or a client of your own, which stays open. */
  readonly store: StoreUrl | (string & {}) | RedisClientLike
  /** The time, for tests: acts on memory and SQLite. Redis has a clock of its own. */
  readonly clock?: Clock | undefined
}

const OPTION_NAMES = ["store", "clock", "keyPrefix", "timeout", "ipv6Bits", "onEvent", "logger"]

/**
 * Makes a rate limiting service over a store. Processes that share a store, a `keyPrefix` and a rule share its counts.
 *
 * @returns the service; end it with `close()` or `await using`
 * @throws ERR_CONFIG_INVALID for options · ERR_STORE_UNAVAILABLE, ERR_STORE_REFUSED when the store cannot be opened
 * @example
 * await using limits = await createRateLimitingService({ store: "memory:", rules: { api: { limit: 100, window: "1m" } } })
 * const seen = await limits.checkRateLimit({ userId: "ada" }, "api")
 */
export async function createRateLimitingService<const R extends RateLimitRules>(options: RateLimitingServiceOptions<R>): Promise<OwnedRateLimitingService<R>> {
  return openRateLimits(options, OPTION_NAMES)
}

/** The same, for those who need more than the contract. @param names of the options that may be given */
export async function openRateLimits<const R extends RateLimitRules>(
  given: RateLimitingServiceOptions<R>,
  names: readonly string[],
): Promise<RateLimitFront<R>> {
  const { options, store, connection } = asConfigError(() => resolve(given, [...names, "rules"]))
  // All options are checked before anything is opened.
  const { timeoutMs, keyPrefix } = resolveRateLimits(options)
  const { clock = Date } = options
  switch (store.kind) {
    case "memory":
      return new RateLimitFront(new MemoryRateLimits(clock), options)
    case "sqlite":
      return new RateLimitFront(await SqliteRateLimits.open(store.file, { clock, timeoutMs, keyPrefix }), options)
    case "redis":
      return new RateLimitingService(await connectRedis(store.store, connection), options)
  }
}

function resolve<R extends RateLimitRules>(
  given: RateLimitingServiceOptions<R>,
  names: readonly string[],
): ResolvedStore & { readonly options: RateLimitingServiceOptions<R> } {
  const options = readOnce(given)
  assertKnownKeys(options, "the options of createRateLimitingService", names)
  return { ...whichStore(options), options }
}
