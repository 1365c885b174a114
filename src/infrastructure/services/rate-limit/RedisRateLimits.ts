import type { IRedisService, RedisReply, RedisScript } from "../../../domain/interfaces/redis/IRedisService.js"
import type { Judgement } from "../../../domain/rate-limit/record.js"
import type { AlgorithmName, Rule } from "../../../domain/rate-limit/rules.js"
import { CACHE_KEYS_PATTERNS } from "../../../shared/constants.js"
import { ScriptRunner, unexpected } from "../../redis/scripts/ScriptRunner.js"
import { rateAdjust, rateBlock, rateLease, rateLook, rateRelease, rateTake } from "../../redis/scripts/scripts.generated.js"
import { KnownDenials } from "./known-denials.js"
import type { Adjustment, Place, PlacedClaim, RateLimitStore, StoreOptions, TakeOptions } from "./rate-limit-store.js"
import { takeInTurn } from "./take-in-turn.js"

/** The letter that begins a record. */
const LETTERS: Readonly<Record<AlgorithmName, string>> = {
  gcra: "g",
  "sliding-log": "l",
  "sliding-counter": "c",
  "fixed-window": "f",
  concurrency: "s",
}
/** Numbers that a reply holds for each rule. */
const FIELDS = 5
const UNKNOWN: Judgement = { at: 0, taken: false, blockedFor: 0, wait: 0, used: 0, ends: 0 }

/** Rate limits on Redis or Valkey: each step is one script, and the server's clock decides. No script is ever sent twice. */
export class RedisRateLimits implements RateLimitStore {
  readonly #redis: IRedisService
  readonly #scripts: ScriptRunner
  readonly #keyPrefix: string
  readonly #isOwner: boolean
  readonly #denials = new KnownDenials()
  /** What is being given back while nobody waits for it. */
  readonly #refunds = new Set<Promise<unknown>>()

  /** @param isOwner - whether `close` ends the connection */
  constructor(redis: IRedisService, settings: { readonly timeoutMs: number; readonly keyPrefix: string }, isOwner: boolean) {
    this.#isOwner = isOwner
    this.#redis = redis
    this.#scripts = new ScriptRunner(redis, settings.timeoutMs, null)
    this.#keyPrefix = settings.keyPrefix
  }

  async take(claims: readonly PlacedClaim[], options: TakeOptions): Promise<readonly Judgement[]> {
    const known = claims.map((claim) => (claim.rule.shadow ? null : this.#denials.find(this.#key(claim), claim.cost)))
    if (known.some((judgement) => judgement !== null)) return known.map((judgement) => judgement ?? UNKNOWN)
    if (this.#redis.singleNode) return this.#takeTogether(claims, options)
    return takeInTurn(claims, { take: (group) => this.#takeTogether(group, options), giveBack: (taken) => this.#refund(taken) })
  }

  /** Of a call whose time is up, too, what it took is given back. */
  #refund(taken: readonly Adjustment[]): void {
    const going: Promise<unknown> = this.adjust(taken, {})
      .catch(() => undefined)
      .finally(() => this.#refunds.delete(going))
    this.#refunds.add(going)
  }

  async #takeTogether(claims: readonly PlacedClaim[], options: TakeOptions): Promise<readonly Judgement[]> {
    const keys = claims.map((claim) => this.#key(claim))
    const args = claims.flatMap(({ rule, cost }) => [LETTERS[rule.algorithm], rule.limit.capacity, rule.limit.period, cost, rule.shadow ? 1 : 0])
    const sentAt = performance.now()
    const [at, ...values] = await this.#scripts.timed(rateTake, keys, args, options)
    const judgements = claims.map((_claim, place) => judgementOf(rateTake, at, values.slice(place * FIELDS)))
    judgements.forEach((judgement, place) => {
      const { cost = 0, rule } = claims[place] ?? {}
      // Units that were taken for a moment come back at any time, in whichever process.
      const isKnown = judgement.blockedFor > 0 || (judgement.wait > 0 && options.isProvisional !== true)
      if (!judgement.taken && isKnown && rule?.shadow === false) this.#denials.remember(keys[place] ?? "", { cost, sentAt, judgement })
    })
    return judgements
  }

  async look(place: Place, options: StoreOptions): Promise<Judgement> {
    const [at, ...values] = await this.#scripts.timed(rateLook, [this.#key(place)], ruleArguments(place.rule), options)
    return judgementOf(rateLook, at, values)
  }

  async adjust(adjustments: readonly Adjustment[], options: StoreOptions): Promise<void> {
    const done = await Promise.allSettled(adjustments.map((adjustment) => this.#adjustOne(adjustment, options)))
    const failed = done.find((one) => one.status === "rejected")
    if (failed !== undefined) throw failed.reason
  }

  async #adjustOne(adjustment: Adjustment, options: StoreOptions): Promise<void> {
    const { rule, cost, taken } = adjustment
    const key = this.#key(adjustment)
    try {
      await this.#scripts.timed(rateAdjust, [key], [...ruleArguments(rule), cost, taken ?? ""], options)
    } finally {
      this.#denials.forget(key)
    }
  }

  async block(place: Place, spanMicros: number, options: StoreOptions): Promise<void> {
    const key = this.#key(place)
    try {
      await this.#scripts.timed(rateBlock, [key], [...ruleArguments(place.rule), spanMicros], options)
    } finally {
      this.#denials.forget(key)
    }
  }

  async reset(place: Place, options: StoreOptions): Promise<void> {
    const key = this.#key(place)
    try {
      await this.#redis.unlink([key], options)
    } finally {
      this.#denials.forget(key)
    }
  }

  async hold(place: Place, id: string, onlyRenew: boolean, options: StoreOptions): Promise<Judgement> {
    const { capacity, period } = place.rule.limit
    const [at, ...values] = await this.#scripts.timed(rateLease, [this.#key(place)], [capacity, period, id, onlyRenew ? 1 : 0], options)
    return judgementOf(rateLease, at, values)
  }

  async release(place: Place, id: string, options: StoreOptions): Promise<void> {
    const { capacity, period } = place.rule.limit
    await this.#scripts.timed(rateRelease, [this.#key(place)], [capacity, period, id], options)
  }

  async close(): Promise<void> {
    await Promise.all(this.#refunds)
    if (this.#isOwner) await this.#redis.close()
  }

  #key({ subject, rule }: Place): string {
    return this.#keyPrefix + CACHE_KEYS_PATTERNS.RATE_LIMIT(subject, rule.name)
  }
}

function ruleArguments({ algorithm, limit }: Rule): readonly (string | number)[] {
  return [LETTERS[algorithm], limit.capacity, limit.period]
}

/** @throws ERR_STORE_PROTOCOL for a reply of another form: what is missing must not count as nothing */
function judgementOf(script: RedisScript, at: RedisReply | undefined, values: readonly RedisReply[]): Judgement {
  const numbers = values.slice(0, FIELDS).map((value) => (typeof value === "object" ? Number.NaN : Number(value)))
  const [taken = -1, blockedFor = 0, wait = 0, used = 0, ends = 0] = numbers
  if (numbers.length < FIELDS || taken > 1 || !numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) throw unexpected(script)
  return { at: Number(at), taken: taken === 1, blockedFor, wait, used, ends }
}
