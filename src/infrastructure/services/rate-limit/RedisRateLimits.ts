import type { IRedisService, RedisReply, RedisScript } from "../../../domain/interfaces/redis/IRedisService.js"
import type { Judgement } from "../../../domain/rate-limit/record.js"
import type { AlgorithmName, Rule } from "../../../domain/rate-limit/rules.js"
import { CACHE_KEYS_PATTERNS } from "../../../shared/constants.js"
import { ScriptRunner, unexpected } from "../../redis/scripts/ScriptRunner.js"
import { rateAdjust, rateBlock, rateLease, rateLook, rateRelease, rateTake } from "../../redis/scripts/scripts.generated.js"
import { type Denial, KnownDenials } from "./known-denials.js"
import { localKey } from "./local-key.js"
import type { Adjustment, Place, PlacedClaim, RateLimitStore, StoreOptions } from "./rate-limit-store.js"
import { subjectName } from "./subjects.js"
import { TakeBatch, type TakeCall } from "./take-batch.js"
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

/** A class, as of what waits (bench/README.md). */
class Judged implements Judgement {
  readonly at: number
  readonly taken: boolean
  readonly blockedFor: number
  readonly wait: number
  readonly used: number
  readonly ends: number

  constructor({ at, taken, blockedFor, wait, used, ends }: Judgement) {
    this.at = at
    this.taken = taken
    this.blockedFor = blockedFor
    this.wait = wait
    this.used = used
    this.ends = ends
  }
}

/** Rate limits on Redis or Valkey: each step is one script, and the server's clock decides. No script is ever sent twice. */
export class RedisRateLimits implements RateLimitStore {
  readonly #redis: IRedisService
  readonly #scripts: ScriptRunner
  readonly #keyPrefix: string
  readonly #isOwner: boolean
  readonly #denials = new KnownDenials()
  /** What is being given back while nobody waits for it. */
  readonly #refunds = new Set<Promise<unknown>>()
  readonly #batch = new TakeBatch((calls) => this.#takeAll(calls, undefined))

  /** @param isOwner - whether `close` ends the connection */
  constructor(redis: IRedisService, settings: { readonly timeoutMs: number; readonly keyPrefix: string }, isOwner: boolean) {
    this.#isOwner = isOwner
    this.#redis = redis
    this.#scripts = new ScriptRunner(redis, settings.timeoutMs, null)
    this.#keyPrefix = settings.keyPrefix
  }

  /** What is known to be denied. */
  takeAtOnce(claims: readonly PlacedClaim[]): readonly Judgement[] | null {
    if (this.#denials.isEmpty) return null
    const known = claims.map((claim) => (claim.rule.shadow ? null : this.#denials.find(localKey(claim), claim.cost)))
    return known.some((judgement) => judgement !== null) ? known.map((judgement) => judgement ?? UNKNOWN) : null
  }

  take(claims: readonly PlacedClaim[], { signal }: StoreOptions, isProvisional: boolean): Promise<readonly Judgement[]> {
    if (this.#redis.singleNode) return this.#batch.take(claims, isProvisional, signal)
    const take = async (group: readonly PlacedClaim[]) => (await this.#takeAll([{ claims: group, isProvisional }], signal))[0] ?? []
    return takeInTurn(claims, { take, giveBack: (taken) => this.#refund(taken) })
  }

  /** Of a call whose time is up, too, what it took is given back. */
  #refund(taken: readonly Adjustment[]): void {
    const going: Promise<unknown> = this.adjust(taken, {})
      .catch(() => undefined)
      .finally(() => this.#refunds.delete(going))
    this.#refunds.add(going)
  }

  /** Takes units on one node. */
  async #takeAll(calls: readonly TakeCall[], signal: AbortSignal | undefined): Promise<readonly (readonly Judgement[])[]> {
    const keys: string[] = []
    const words: string[] = []
    for (const { claims } of calls)
      for (const [at, claim] of claims.entries()) {
        keys.push(this.#key(claim))
        words.push(wordsOf(claim, at < claims.length - 1))
      }
    const sentAt = performance.now()
    const reply = await this.#scripts.timed(rateTake, keys, words, { signal })
    let place = 0
    return calls.map(({ claims, isProvisional }) =>
      claims.map((claim) => {
        const judgement = judgementOf(rateTake, reply, place)
        // What was said of another number of units is no longer so.
        if (judgement.taken && !this.#denials.isEmpty) this.#denials.drop(localKey(claim))
        if (!judgement.taken && !claim.rule.shadow) this.#remember(claim, { cost: claim.cost, sentAt, judgement }, isProvisional)
        place += 1
        return judgement
      }),
    )
  }

  /** Units that were taken for a moment come back at any time, in whichever process. */
  #remember(place: Place, denial: Denial, isProvisional: boolean): void {
    const { blockedFor, wait } = denial.judgement
    if (blockedFor > 0 || (wait > 0 && !isProvisional)) this.#denials.remember(localKey(place), denial)
  }

  async look(place: Place, options: StoreOptions): Promise<Judgement> {
    return judgementOf(rateLook, await this.#scripts.timed(rateLook, [this.#key(place)], ruleArguments(place.rule), options))
  }

  async adjust(adjustments: readonly Adjustment[], options: StoreOptions): Promise<void> {
    const done = await Promise.allSettled(adjustments.map((adjustment) => this.#adjustOne(adjustment, options)))
    const failed = done.find((one) => one.status === "rejected")
    if (failed !== undefined) throw failed.reason
  }

  async #adjustOne(adjustment: Adjustment, options: StoreOptions): Promise<void> {
    const { rule, cost, until } = adjustment
    try {
      await this.#scripts.timed(rateAdjust, [this.#key(adjustment)], [...ruleArguments(rule), cost, until ?? ""], options)
    } finally {
      this.#denials.forget(localKey(adjustment))
    }
  }

  async block(place: Place, spanMicros: number, options: StoreOptions): Promise<void> {
    try {
      await this.#scripts.timed(rateBlock, [this.#key(place)], [...ruleArguments(place.rule), spanMicros], options)
    } finally {
      this.#denials.forget(localKey(place))
    }
  }

  async reset(place: Place, options: StoreOptions): Promise<void> {
    try {
      await this.#redis.unlink([this.#key(place)], options)
    } finally {
      this.#denials.forget(localKey(place))
    }
  }

  async hold(place: Place, id: string, onlyRenew: boolean, options: StoreOptions): Promise<Judgement> {
    const { capacity, period } = place.rule.limit
    return judgementOf(rateLease, await this.#scripts.timed(rateLease, [this.#key(place)], [capacity, period, id, onlyRenew ? 1 : 0], options))
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
    return this.#keyPrefix + CACHE_KEYS_PATTERNS.RATE_LIMIT(subjectName(subject), rule.name)
  }
}

function ruleArguments({ algorithm, limit }: Rule): readonly (string | number)[] {
  return [LETTERS[algorithm], limit.capacity, limit.period]
}

/** A claim as one argument of the script that takes units. @param more the next belongs to the same call */
function wordsOf({ rule, cost }: PlacedClaim, more: boolean): string {
  const { algorithm, limit, shadow } = rule
  return `${LETTERS[algorithm]} ${limit.capacity} ${limit.period} ${cost} ${shadow ? 1 : 0} ${more ? 1 : 0}`
}

/**
 * @param place - which of the judgements that follow the time
 * @throws ERR_STORE_PROTOCOL for a reply of another form: what is missing must not count as nothing
 */
function judgementOf(script: RedisScript, reply: readonly RedisReply[], place = 0): Judgement {
  const from = 1 + place * FIELDS
  const taken = wholeAt(script, reply, from)
  if (taken > 1) throw unexpected(script)
  return new Judged({
    at: wholeAt(script, reply, 0),
    taken: taken === 1,
    blockedFor: wholeAt(script, reply, from + 1),
    wait: wholeAt(script, reply, from + 2),
    used: wholeAt(script, reply, from + 3),
    ends: wholeAt(script, reply, from + 4),
  })
}

function wholeAt(script: RedisScript, reply: readonly RedisReply[], at: number): number {
  const value = reply[at]
  const whole = typeof value === "object" ? Number.NaN : Number(value)
  if (!Number.isSafeInteger(whole) || whole < 0) throw unexpected(script)
  return whole
}
