import { SessionError } from "../domain/errors.js"
import type { CountingName, IRateLimitingService, RateLimitDecision, RateLimitRules } from "../domain/interfaces/rate-limit/IRateLimitingService.js"

/** What the limiter needs of a rate limiting service. */
export type LimiterLimits<R extends RateLimitRules> = Pick<
  IRateLimitingService<R>,
  "rules" | "checkRateLimit" | "getRateLimitStatus" | "penalize" | "reward" | "block" | "resetRateLimit"
>

/** How a key stands: what rate-limiter-flexible calls a `RateLimiterRes`. */
export interface LimiterResult {
  /** Of a denial until the same call is allowed, else until all points are there again; in whole seconds, written in milliseconds. */
  readonly msBeforeNext: number
  readonly remainingPoints: number
  /** Of a key that is denied one more than the points: that is how calls beyond them are told. */
  readonly consumedPoints: number
  readonly isFirstInDuration: boolean
}

/**
 * A limiter with the calls of rate-limiter-flexible that counts by a rule of a rate limiting service, for code that is to change little.
 *
 * What holds of the service holds here: what is denied takes nothing, points are whole numbers from 1 to as many as fit at once, and nobody saves points up.
 *
 * @example
 * const limiter = new CoatcheckLimiter(limits, "api") // api: { algorithm: "fixed-window", limit: 100, window: "1m" }
 * await limiter.consume(userId)
 */
export class CoatcheckLimiter<R extends RateLimitRules, N extends CountingName<R>> {
  /** How many points fit at once. */
  readonly points: number
  readonly #limits: LimiterLimits<R>
  readonly #rule: N

  /** @throws ERR_CONFIG_INVALID for a rule that does not exist or hands out leases */
  constructor(limits: LimiterLimits<R>, rule: N) {
    const own = Object.hasOwn(limits.rules, rule) ? limits.rules[rule] : undefined
    if (own === undefined || own.algorithm === "concurrency")
      throw new SessionError("ERR_CONFIG_INVALID", "Expected the name of a rule that counts, got another one.")
    this.points = ("burst" in own ? own.burst : undefined) ?? own.limit
    this.#limits = limits
    this.#rule = rule
  }

  /** Takes points, or rejects with a `LimiterResult`, which is no `Error`. @throws ERR_STORE_UNAVAILABLE · ERR_INVALID_ARGUMENT · ERR_CLOSED */
  async consume(key: string | number, points = 1): Promise<LimiterResult> {
    const decision = await this.#limits.checkRateLimit(subjectOf(key), this.#rule, { cost: points })
    const result = resultOf(decision, points)
    return decision.allowed ? result : Promise.reject(result)
  }

  /** How the key stands; `null` where nothing counts. @throws ERR_STORE_UNAVAILABLE · ERR_INVALID_ARGUMENT · ERR_CLOSED */
  async get(key: string | number): Promise<LimiterResult | null> {
    const status = await this.#limits.getRateLimitStatus(subjectOf(key), this.#rule)
    return status.allowed && status.totalRequests === 0 ? null : resultOf(status, 1)
  }

  /** Takes points whether they are left or not. @returns how the key stands right afterwards: a second call of the store @throws ERR_STORE_… */
  async penalty(key: string | number, points = 1): Promise<LimiterResult> {
    await this.#limits.penalize(subjectOf(key), this.#rule, points)
    return this.#standing(key, points)
  }

  /** Gives points back, at most all that count. @returns how the key stands right afterwards: a second call of the store @throws ERR_STORE_… */
  async reward(key: string | number, points = 1): Promise<LimiterResult> {
    await this.#limits.reward(subjectOf(key), this.#rule, points)
    return this.#standing(key, points)
  }

  /** Denies everything for a while. @param seconds 0.1 to 365 days @throws ERR_STORE_… */
  async block(key: string | number, seconds: number): Promise<LimiterResult> {
    await this.#limits.block(subjectOf(key), this.#rule, `${Math.ceil(seconds * 1_000)}ms`)
    return this.#standing(key, 1)
  }

  /** Forgets all that counts, a block too. @returns whether there was anything @throws ERR_STORE_… */
  async delete(key: string | number): Promise<boolean> {
    const known = await this.get(key)
    await this.#limits.resetRateLimit(subjectOf(key), this.#rule)
    return known !== null
  }

  async #standing(key: string | number, points: number): Promise<LimiterResult> {
    return resultOf(await this.#limits.getRateLimitStatus(subjectOf(key), this.#rule), points)
  }
}

function subjectOf(key: string | number): { readonly key: string } {
  return { key: typeof key === "number" ? String(key) : key }
}

function resultOf(decision: RateLimitDecision, points: number): LimiterResult {
  const { allowed, limit, remaining, resetAfter, totalRequests } = decision
  if (allowed)
    return { msBeforeNext: resetAfter * 1_000, remainingPoints: remaining, consumedPoints: totalRequests, isFirstInDuration: totalRequests === points }
  if (decision.reason === "unavailable") throw new SessionError("ERR_STORE_UNAVAILABLE", "Expected a store that counts the points, got no answer.")
  return { msBeforeNext: decision.retryAfter * 1_000, remainingPoints: remaining, consumedPoints: limit + 1, isFirstInDuration: false }
}
