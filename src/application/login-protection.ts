import type { RateLimitCheck, RateLimitDecision, Subject } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import { canonicalAccount } from "../domain/rate-limit/accounts.js"
import { backOffSeconds } from "../domain/rate-limit/back-off.js"
import { canonicalAddress, networkOf } from "../shared/addresses.js"
import { assertKnownKeys, expected } from "../shared/assertions.js"
import type { Duration } from "../shared/durations.js"

/** What came of a sign-in. `user`: whom `verify` found; `null`: nobody, also when it answered something falsy. `retryAfter`: whole seconds, from 1. */
export type LoginOutcome<U> =
  | {
      readonly allowed: true
      readonly user: U | null
      /** After a success, for the browser to keep and to send with the next one: an HttpOnly cookie. Absent without `secrets`, and where the browser's own is good. */
      readonly deviceToken?: string | undefined
    }
  | { readonly allowed: false; readonly reason: "limit" | "blocked" | "unavailable"; readonly retryAfter: number }

/** Who wants to sign in, as far as the request says so. */
export interface LoginAttempt {
  /** What was typed in as the account's name: 1 to 320 bytes. Its spelling does not matter: NFKC, trimmed, in lower case. */
  readonly account: string
  /** Where the request comes from; all whose address is not known share one count. */
  readonly address: string | undefined
  /** What an earlier success gave this browser. Anything else counts as none. */
  readonly deviceToken?: string | undefined
}

/** Lets sign-ins through as long as they are not too many, and counts those that fail. */
export interface LoginProtection {
  /**
   * Runs a verification, unless too many failed before it: of this account, of this address, or of this pair of them.
   *
   * It is counted before it runs, so that a thousand at once are no more than the limit. A success gives its own units back, and nobody else's.
   * Whether the account exists makes no difference to anything but `user`.
   *
   * @param verify finds the user by the credentials; `null`, or anything else that is falsy, as the `false` of a password check: they are wrong. Name the user:
   * `true` counts as a success, and says nothing of who it was. One that throws stays counted, as a wrong password does.
   * @throws ERR_INVALID_ARGUMENT for an account that is no text of 1 to 320 bytes · ERR_CLOSED · what `verify` throws
   * @source OWASP ASVS 5.0 6.3.1, 6.1.1 · NIST SP 800-63B-4 3.2.2 · OWASP Authentication Cheat Sheet
   */
  attempt<U>(who: LoginAttempt, verify: () => Promise<U | null>): Promise<LoginOutcome<U>>
}

/** Units that were taken, or not. */
interface Taking {
  /** One for each check that was decided. */
  readonly decisions: readonly RateLimitDecision[]
  readonly decision: RateLimitDecision
  giveBack(): Promise<void>
}

/** What is needed of rate limits. */
export interface LoginLimits {
  takeRateLimits(checks: readonly RateLimitCheck[]): Promise<Taking>
  block(subject: Subject, rule: string, duration: Duration): Promise<void>
}

/** Marks browsers from which somebody signed in to an account. */
export interface DeviceTokens {
  /** `null`: no tokens are given out. */
  issue(account: string): string | null
  /** The browser's name, when the token was issued for this account; else `null`. */
  deviceOf(token: string, account: string): string | null
}

/** The rules under which `createLoginProtection` makes its limits. */
export const LOGIN_RULES = {
  account: "login-account",
  pair: "login-pair",
  address: "login-address",
  device: "login-device",
  usedUp: "login-used-up",
  everybody: "login-everybody",
} as const

const EVERYBODY: Subject = { key: "everybody" }

export class LimitedLogins implements LoginProtection {
  readonly #limits: LoginLimits
  readonly #devices: DeviceTokens
  readonly #ipv6Bits: number

  /** @param ipv6Bits - by how much of an IPv6 address the limits tell addresses apart */
  constructor(limits: LoginLimits, devices: DeviceTokens, ipv6Bits: number) {
    this.#limits = limits
    this.#devices = devices
    this.#ipv6Bits = ipv6Bits
  }

  async attempt<U>(who: LoginAttempt, verify: () => Promise<U | null>): Promise<LoginOutcome<U>> {
    const { account, address, device } = this.#read(who)
    const canonical = canonicalAddress(address)
    const own = ownCounts(account, canonical === undefined ? "" : networkOf(canonical, this.#ipv6Bits), device)
    const taking = await this.#limits.takeRateLimits([
      ...own,
      { subject: { address }, rule: LOGIN_RULES.address },
      { subject: EVERYBODY, rule: LOGIN_RULES.everybody },
    ])
    const { decision, decisions } = taking
    if (!decision.allowed) return { allowed: false, reason: decision.reason, retryAfter: decision.retryAfter }
    const failed = async (): Promise<void> => {
      for (const { subject, rule } of own) if (decisions.some((one) => one.rule === rule && one.remaining === 0)) await this.#backOff(subject, rule)
    }
    let user: U | null
    try {
      user = (await verify()) || null
    } catch (error) {
      await failed()
      throw error
    }
    if (user === null) {
      await failed()
      return { allowed: true, user }
    }
    // What cannot be given back stays counted.
    await taking.giveBack().catch(() => undefined)
    const deviceToken = device === null ? this.#devices.issue(account) : null
    return deviceToken === null ? { allowed: true, user } : { allowed: true, user, deviceToken }
  }

  #read(who: LoginAttempt) {
    assertKnownKeys(who, "who", ["account", "address", "deviceToken"])
    const account = canonicalAccount(who.account)
    const { address, deviceToken } = who as { readonly address: unknown; readonly deviceToken?: unknown }
    if (address !== undefined && typeof address !== "string") throw expected("address", "text, or undefined where it is not known", address)
    return { account, address, device: typeof deviceToken === "string" ? this.#devices.deviceOf(deviceToken, account) : null }
  }

  /** The tries are used up: the next ones have to wait, longer each time. Beside the count that holds in any case, so a store that is away ends nothing. */
  async #backOff(subject: Subject, rule: string): Promise<void> {
    try {
      const { decision } = await this.#limits.takeRateLimits([{ subject, rule: LOGIN_RULES.usedUp }])
      await this.#limits.block(subject, rule, backOffSeconds(decision.totalRequests))
    } catch {
      // The units are used up all the same.
    }
  }
}

/**
 * What a sign-in counts against beside its address: a browser that signed in to this account before has a count of its own, so that strangers
 * who use up the account's lock nobody out. Others share that of the account, and that of the account from their address.
 */
function ownCounts(account: string, network: string, device: string | null): readonly RateLimitCheck[] {
  if (device !== null) return [{ subject: { device: `${device}:${account}` }, rule: LOGIN_RULES.device }]
  return [
    { subject: { key: `account:${account}` }, rule: LOGIN_RULES.account },
    { subject: { key: `pair:${network}:${account}` }, rule: LOGIN_RULES.pair },
  ]
}
