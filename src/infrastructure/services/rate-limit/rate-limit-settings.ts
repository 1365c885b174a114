import { asConfigError } from "../../../domain/errors.js"
import type { Logger, RateLimitEvent } from "../../../domain/interfaces/ports.js"
import type { RateLimitRules } from "../../../domain/interfaces/rate-limit/IRateLimitingService.js"
import { checkRules, type Rule } from "../../../domain/rate-limit/rules.js"
import { assertInteger, expected, readOnce } from "../../../shared/assertions.js"
import type { Duration } from "../../../shared/durations.js"
import { toCallTimeout, toKeyPrefix } from "../store-settings.js"

/** What every provider lets its user choose. */
export interface RateLimitOptions<R extends RateLimitRules> {
  /** Rules by their names, see `CountingRule` and `ConcurrencyRule`. */
  readonly rules: R
  /** How long one call may take: 10 ms to 60 s, 1 s by default. Then `onOutage` decides. */
  readonly timeout?: Duration | undefined
  /** Goes before every key: at most 64 letters, digits and `:._-`. */
  readonly keyPrefix?: string | undefined
  /** By how many bits IPv6 addresses are told apart: 32 to 128, 64 by default, which is what one customer of a provider has at least. */
  readonly ipv6Bits?: number | undefined
  readonly onEvent?: ((event: RateLimitEvent) => void) | undefined
  readonly logger?: Logger | undefined
}

/** The same, checked and in milliseconds. */
export interface RateLimitSettings {
  readonly rules: ReadonlyMap<string, Rule>
  readonly timeoutMs: number
  readonly keyPrefix: string
  readonly ipv6Bits: number
  readonly onEvent: ((event: RateLimitEvent) => void) | null
  readonly logger: Logger | null
}

const IPV6_BITS = { min: 32, max: 128 } as const

/** @throws ERR_CONFIG_INVALID */
export function resolveRateLimits(given: RateLimitOptions<RateLimitRules>): RateLimitSettings {
  return asConfigError(() => {
    const { rules, timeout, keyPrefix, ipv6Bits = 64, onEvent, logger } = readOnce(given)
    assertInteger(ipv6Bits, "ipv6Bits", IPV6_BITS)
    if (onEvent !== undefined && typeof onEvent !== "function") throw expected("onEvent", "a function", onEvent)
    if (logger !== undefined && typeof logger?.warn !== "function") throw expected("logger", "an object with a method warn(fields, message)", logger)
    return {
      rules: checkRules(rules),
      timeoutMs: toCallTimeout(timeout),
      keyPrefix: toKeyPrefix(keyPrefix),
      ipv6Bits,
      onEvent: onEvent ?? null,
      logger: logger ?? null,
    }
  })
}
