import { SessionError } from "../domain/errors.js"
import type {
  CountingName,
  CountingRule,
  IRateLimitingService,
  RateLimitDecision,
  RateLimitRules,
} from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import { toMilliseconds } from "../shared/durations.js"
import { UntakenUnits } from "./untaken-units.js"

/** What the store needs of a rate limiting service. */
export type StoredLimits<R extends RateLimitRules> = Pick<
  IRateLimitingService<R>,
  "rules" | "checkRateLimit" | "getRateLimitStatus" | "reward" | "resetRateLimit"
>

/** What express-rate-limit is told of a key. */
interface Counted {
  readonly totalHits: number
  readonly resetTime: Date
}

/** What the store reads of express-rate-limit's options. */
interface LimiterOptions {
  readonly limit: number | ((...request: never[]) => unknown)
  readonly windowMs: number
  readonly skipFailedRequests: boolean
  readonly skipSuccessfulRequests: boolean
}

const ANY_SPAN = { min: 0, max: Number.MAX_SAFE_INTEGER }

/**
 * A store for express-rate-limit that counts by a rule of a rate limiting service, so that processes share the counts.
 *
 * `windowMs` and `limit` of express-rate-limit have to be those of the rule; otherwise every request is refused with `ERR_CONFIG_INVALID`. Requests beyond
 * the limit take nothing. While the store is away, a rule with `onOutage: "closed"` rejects with `ERR_STORE_UNAVAILABLE`, for `passOnStoreError` to decide.
 *
 * @example
 * const store = new CoatcheckStore(limits, "api") // api: { algorithm: "fixed-window", limit: 100, window: "1m" }
 * app.use(rateLimit({ store, limit: 100, windowMs: 60_000 }))
 */
export class CoatcheckStore<R extends RateLimitRules, N extends CountingName<R>> {
  /** Tells the counts of several limiters on one request apart. */
  readonly prefix: string
  /** Processes share the counts. */
  readonly localKeys = false
  readonly #limits: StoredLimits<R>
  readonly #rule: N
  readonly #counting: CountingRule
  readonly #capacity: number
  readonly #untaken = new UntakenUnits()
  /** More than express-rate-limit lets through. */
  #denied: number
  #givesBack = false
  #mistake: SessionError | null = null

  /** @throws ERR_CONFIG_INVALID for a rule that does not exist or hands out leases */
  constructor(limits: StoredLimits<R>, rule: N) {
    const own = Object.hasOwn(limits.rules, rule) ? limits.rules[rule] : undefined
    if (own === undefined || own.algorithm === "concurrency")
      throw new SessionError("ERR_CONFIG_INVALID", "Expected the name of a rule that counts, got another one.")
    this.#limits = limits
    this.#rule = rule
    this.#counting = own
    this.#capacity = ("burst" in own ? own.burst : undefined) ?? own.limit
    this.#denied = this.#capacity + 1
    this.prefix = `${rule}:`
  }

  /** Called by express-rate-limit with its options. @throws ERR_CONFIG_INVALID for a limit or a window that is not the rule's; it is logged, and all calls reject with it */
  init({ limit, windowMs, skipFailedRequests, skipSuccessfulRequests }: LimiterOptions): void {
    this.#givesBack = skipFailedRequests || skipSuccessfulRequests
    // What it answers is not known here, and a denial stays one whatever it is.
    if (typeof limit === "function") this.#denied = Number.MAX_SAFE_INTEGER
    const window = toMilliseconds(this.#counting.window, "window", ANY_SPAN)
    if (windowMs === window && (typeof limit === "function" || limit === this.#capacity)) return
    const wanted = `limit: ${this.#capacity} and windowMs: ${window} as in the rule`
    this.#mistake = new SessionError("ERR_CONFIG_INVALID", `Expected ${wanted}, got limit: ${String(limit)} and windowMs: ${windowMs}.`)
    throw this.#mistake
  }

  /** Takes a unit, if one is left. @throws ERR_STORE_UNAVAILABLE · ERR_INVALID_ARGUMENT for a key that is not 1 to 512 bytes · ERR_CLOSED */
  async increment(key: string): Promise<Counted> {
    if (this.#mistake !== null) throw this.#mistake
    const askedAt = Date.now()
    const decision = heard(await this.#limits.checkRateLimit({ key }, this.#rule))
    const resetTime = decision.allowed ? this.#endOf(decision.resetAfter, askedAt) : inSeconds(decision.retryAfter)
    const isTaken = decision.allowed && !decision.shadowDenied && decision.judgedBy === "store"
    if (this.#givesBack && !isTaken) this.#untaken.add(key, resetTime.getTime())
    // It takes no count below 1.
    return { totalHits: decision.allowed ? Math.max(1, decision.totalRequests) : this.#denied, resetTime }
  }

  /**
   * A unit that is asked back in the window after its own would be one of that window's: so it is not asked back then. Seconds were rounded up, and the store counted
   * them some time before its answer was here, but not before it was asked.
   */
  #endOf(resetAfter: number, askedAt: number): Date {
    return this.#givesBack ? new Date(Math.max(Date.now(), askedAt + (resetAfter - 1) * 1_000)) : inSeconds(resetAfter)
  }

  /** Gives a unit back, unless the request took none. @throws ERR_STORE_… */
  async decrement(key: string): Promise<void> {
    if (!this.#untaken.settle(key)) await this.#limits.reward({ key }, this.#rule)
  }

  /** How many units count of a key, and when all are there again. @throws ERR_STORE_UNAVAILABLE · ERR_INVALID_ARGUMENT · ERR_CLOSED */
  async get(key: string): Promise<Counted | undefined> {
    const status = await this.#limits.getRateLimitStatus({ key }, this.#rule)
    const { totalRequests, resetAfter } = heard(status)
    return totalRequests === 0 ? undefined : { totalHits: totalRequests, resetTime: inSeconds(resetAfter) }
  }

  /** Forgets all that counts of a key. @throws ERR_STORE_… */
  async resetKey(key: string): Promise<void> {
    await this.#limits.resetRateLimit({ key }, this.#rule)
  }
}

/** What the store said. @throws ERR_STORE_UNAVAILABLE where it said nothing */
function heard(decision: RateLimitDecision): RateLimitDecision {
  if (!decision.allowed && decision.reason === "unavailable")
    throw new SessionError("ERR_STORE_UNAVAILABLE", "Expected a store that counts requests, got no answer.")
  return decision
}

/** By this process's clock, against which express-rate-limit holds it. */
function inSeconds(seconds: number): Date {
  return new Date(Date.now() + seconds * 1_000)
}
