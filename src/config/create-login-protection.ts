import { LimitedLogins, LOGIN_RULES, type LoginAttempt, type LoginOutcome, type LoginProtection } from "../application/login-protection.js"
import { asArgumentError, asConfigError } from "../domain/errors.js"
import type { Clock, Logger, RateLimitEvent } from "../domain/interfaces/ports.js"
import type { CountingRule } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { RedisClientLike } from "../infrastructure/redis/clients/client-shapes.js"
import { createDeviceTokens } from "../infrastructure/services/rate-limit/device-tokens.js"
import { assertKnownKeys, expected, readOnce, UnexpectedValue } from "../shared/assertions.js"
import type { Duration } from "../shared/durations.js"
import { openRateLimits } from "./create-rate-limiting-service.js"
import type { StoreUrl } from "./options.js"

/** Options of `createLoginProtection`. Rules count here while the store is away (`onOutage: "local"`), unless they say otherwise. */
export interface LoginProtectionOptions {
  /** As for `createSessionService`, and it may be the same. */
  readonly store: StoreUrl | (string & {}) | RedisClientLike
  /** Tries of one account from all browsers that never signed in to it: 10 in 15 minutes by default, in any 15 minutes. A browser that did has as many for itself. */
  readonly perAccount?: CountingRule | undefined
  /** Tries from one address: 50 in 15 minutes by default. */
  readonly perAddress?: CountingRule | undefined
  /** Tries of one account from one address: 5 in 15 minutes by default. */
  readonly perPair?: CountingRule | undefined
  /** Tries of everybody, 1000 a minute by default. More of them deny nobody, or strangers could lock everybody out: the event `shadow-denied` of the rule `login-everybody` tells of them. */
  readonly global?: CountingRule | undefined
  /** Keys for device tokens, random and at least 32 bytes each, the same in all processes: the first issues, all verify. Without them there are no tokens. */
  readonly secrets?: readonly string[] | undefined
  /** The time, for tests: acts on memory, SQLite and device tokens. */
  readonly clock?: Clock | undefined
  readonly keyPrefix?: string | undefined
  /** How long the store may take: 10 ms to 60 s, 1 s by default. */
  readonly timeout?: Duration | undefined
  /** By how many bits IPv6 addresses are told apart: 32 to 128, 64 by default. */
  readonly ipv6Bits?: number | undefined
  readonly onEvent?: ((event: RateLimitEvent) => void) | undefined
  readonly logger?: Logger | undefined
}

/** Login protection that its maker ends. */
export interface OwnedLoginProtection extends LoginProtection, AsyncDisposable {
  close(): Promise<void>
}

const OWN_OPTIONS = ["perAccount", "perAddress", "perPair", "global", "secrets"] as const
const OTHER_OPTIONS = ["store", "clock", "keyPrefix", "timeout", "ipv6Bits", "onEvent", "logger"]
const log = (limit: number, window: Duration): CountingRule => ({ algorithm: "sliding-log", limit, window })

/**
 * Makes the protection of sign-ins against guessing: by account, by address, by pair of both, with a back-off that grows.
 *
 * @returns the protection; end it with `close()` or `await using`
 * @throws ERR_CONFIG_INVALID for options · ERR_STORE_UNAVAILABLE, ERR_STORE_REFUSED when the store cannot be opened
 * @example
 * const logins = await createLoginProtection({ store: "memory:" })
 * const login = await logins.attempt({ account: email, address: request.ip }, () => verifyPassword(email, password))
 */
export async function createLoginProtection(given: LoginProtectionOptions): Promise<OwnedLoginProtection> {
  const { rules, secrets, others } = asConfigError(() => read(given))
  const devices = asConfigError(() => createDeviceTokens(secrets, others.clock ?? Date))
  const limits = await openRateLimits({ ...others, rules }, OTHER_OPTIONS)
  const logins = new LimitedLogins(limits, devices, limits.ipv6Bits)
  const close = (): Promise<void> => limits.close()
  return {
    attempt: <U>(who: LoginAttempt, verify: () => Promise<U | null>): Promise<LoginOutcome<U>> =>
      logins.attempt(who, verify).catch((error: unknown) => {
        throw asArgumentError(error)
      }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function read(given: LoginProtectionOptions) {
  const options = readOnce(given)
  assertKnownKeys(options, "the options of createLoginProtection", [...OWN_OPTIONS, ...OTHER_OPTIONS])
  const {
    perAccount = log(10, "15m"),
    perAddress = log(50, "15m"),
    perPair = log(5, "15m"),
    global = { limit: 1_000, window: "1m" } as const,
    secrets,
    ...others
  } = options
  const rules = {
    [LOGIN_RULES.account]: local(perAccount, "perAccount"),
    [LOGIN_RULES.device]: local(perAccount, "perAccount"),
    [LOGIN_RULES.address]: local(perAddress, "perAddress"),
    [LOGIN_RULES.pair]: local(perPair, "perPair"),
    [LOGIN_RULES.everybody]: { ...local(global, "global"), shadow: true },
    [LOGIN_RULES.usedUp]: { ...log(20, "1d"), onOutage: "local", shadow: true },
  } as const
  return { rules, secrets, others }
}

/** @throws UnexpectedValue */
function local(rule: CountingRule, name: string): CountingRule {
  if (typeof rule !== "object" || rule === null) throw expected(name, "a rule that counts", rule)
  if ((rule.algorithm as string | undefined) === "concurrency") throw new UnexpectedValue(`Expected ${name} to be a rule that counts, got a concurrency rule.`)
  return { ...readOnce(rule), onOutage: rule.onOutage ?? "local" }
}
