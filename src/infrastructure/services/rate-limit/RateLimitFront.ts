import { asArgumentError, SessionError } from "../../../domain/errors.js"
import type { RateLimitEvent } from "../../../domain/interfaces/ports.js"
import type {
  ConcurrencyName,
  CountingName,
  Lease,
  LeaseDenied,
  OwnedRateLimitingService,
  RateLimitCheck,
  RateLimitDecision,
  RateLimitRules,
  Subject,
} from "../../../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { CallOptions } from "../../../domain/interfaces/session/ISessionService.js"
import type { Judgement } from "../../../domain/rate-limit/record.js"
import { checkCost, findRule, type Rule, SPAN_RANGE } from "../../../domain/rate-limit/rules.js"
import { expected, readOptions } from "../../../shared/assertions.js"
import { type Duration, toMilliseconds } from "../../../shared/durations.js"
import { emptyList } from "../../../shared/empty-list.js"
import { checkSignal } from "../call-signal.js"
import { Events } from "../Events.js"
import { ServiceCalls } from "../ServiceCalls.js"
import { newSessionId } from "../session/randomness.js"
import { decisionOf, decisionWithoutStore, decisive } from "./decisions.js"
import { MemoryRateLimits } from "./MemoryRateLimits.js"
import { type RateLimitOptions, type RateLimitSettings, resolveRateLimits } from "./rate-limit-settings.js"
import type { Place, PlacedClaim, RateLimitStore, StoreOptions } from "./rate-limit-store.js"
import { subjectText } from "./subjects.js"

/** Rules of subjects that are counted here at most while the store is away. */
const MOST_LOCAL = 10_000
const MOST_CHECKS = 16
/** Milliseconds as `Date.now` has them, by a clock that nobody sets. */
const MONOTONIC = { now: () => performance.timeOrigin + performance.now() }

/** Units that were taken until more is known, and can be given back exactly. */
interface Taking {
  readonly decision: RateLimitDecision
  readonly decisions: readonly RateLimitDecision[]
  giveBack(): Promise<void>
}

/** Decisions about claims, and what may be given back, and where. */
interface Outcome {
  readonly decisions: readonly RateLimitDecision[]
  readonly store: RateLimitStore
  readonly claims: readonly PlacedClaim[]
  readonly judgements: readonly Judgement[]
}

/** A class, for it waits, and a literal may come to lie in the old generation (bench/README.md). */
class Claim implements PlacedClaim {
  readonly subject: string
  readonly rule: Rule
  readonly cost: number

  constructor(subject: string, rule: Rule, cost: number) {
    this.subject = subject
    this.rule = rule
    this.cost = cost
  }
}

/** What all providers have in common: checks, subjects, deadlines, what is answered during an outage, and events. A store adds the atomic steps. */
export class RateLimitFront<R extends RateLimitRules> implements OwnedRateLimitingService<R> {
  readonly rules: R
  /** By how much of an IPv6 address subjects are told apart. */
  readonly ipv6Bits: number
  readonly #settings: RateLimitSettings
  readonly #store: RateLimitStore
  readonly #local = new MemoryRateLimits(MONOTONIC, MOST_LOCAL)
  readonly #events: Events<RateLimitEvent>
  readonly #calls: ServiceCalls

  constructor(store: RateLimitStore, options: RateLimitOptions<R>) {
    this.#settings = resolveRateLimits(options)
    this.#store = store
    this.ipv6Bits = this.#settings.ipv6Bits
    this.rules = options.rules
    this.#events = new Events(this.#settings)
    this.#calls = new ServiceCalls("rate limiting service", this.#settings.timeoutMs)
  }

  async checkRateLimit<N extends CountingName<R>>(
    subject: Subject,
    rule: N,
    options?: CallOptions & { readonly cost?: number | undefined },
  ): Promise<RateLimitDecision<N>> {
    try {
      const own = optionsOf(options, ["cost"])
      const claims = emptyList<PlacedClaim>().concat(this.#claim(subject, rule, own.cost))
      // Nothing is waited for that need not be.
      const { decisions } = this.#takeAtOnce(claims, own.signal) ?? (await this.#takeFromStore(claims, own.signal))
      return decisive(decisions) as RateLimitDecision<N>
    } catch (error) {
      throw asArgumentError(error)
    }
  }

  async checkRateLimits<N extends CountingName<R>>(checks: readonly RateLimitCheck<N>[], options?: CallOptions): Promise<RateLimitDecision<N>> {
    return checked(async () => {
      const claims = this.#claims(checks)
      const { signal } = optionsOf(options, [])
      const { decisions } = this.#takeAtOnce(claims, signal) ?? (await this.#takeFromStore(claims, signal))
      return decisive(decisions) as RateLimitDecision<N>
    })
  }

  /** Takes units that can be given back exactly. Beside the contract, for use cases that judge afterwards. */
  async takeRateLimits(checks: readonly RateLimitCheck[]): Promise<Taking> {
    return checked(async () => {
      const claims = this.#claims(checks)
      const outcome = this.#takeAtOnce(claims, undefined) ?? (await this.#takeFromStore(claims, undefined, true))
      return { decision: decisive(outcome.decisions), decisions: outcome.decisions, giveBack: () => giveBack(outcome) }
    })
  }

  async acquireLease<N extends ConcurrencyName<R>>(subject: Subject, rule: N, options?: CallOptions): Promise<Lease<N> | LeaseDenied<N>> {
    return checked(async () => {
      const { signal } = optionsOf(options, [])
      const place = this.#place(subject, rule, "concurrency")
      signal?.throwIfAborted()
      const id = newSessionId()
      try {
        const judgement = await this.#ask((own) => this.#store.hold(place, id, false, own), signal)
        return this.#leaseOf(this.#store, place, id, judgement) as Lease<N> | LeaseDenied<N>
      } catch (error) {
        // The lease may have been made, and its answer lost.
        if (signal?.aborted || (SessionError.is(error) && error.outcome === "unknown")) this.#releaseBehind(place, id)
        this.#refuseUnlessOutage(error, signal)
        return (await this.#leaseWithoutStore(place, id)) as Lease<N> | LeaseDenied<N>
      }
    })
  }

  async getRateLimitStatus<N extends keyof R & string>(subject: Subject, rule: N, options?: CallOptions): Promise<RateLimitDecision<N>> {
    return checked(async () => {
      const { signal } = optionsOf(options, [])
      const place = this.#place(subject, rule)
      const decision = await this.#ask((own) => this.#store.look(place, own), signal).then(
        (judgement) => decisionOf(place.rule, judgement, "store"),
        async (error: unknown) => {
          this.#refuseUnlessOutage(error, signal)
          if (place.rule.onOutage !== "local") return decisionWithoutStore(place.rule, this.#nowMicros())
          return decisionOf(place.rule, await this.#local.look(place), "local")
        },
      )
      return decision as RateLimitDecision<N>
    })
  }

  async resetRateLimit(subject: Subject, rule: keyof R & string, options?: CallOptions): Promise<void> {
    return checked(async () => {
      const { signal } = optionsOf(options, [])
      const place = this.#place(subject, rule)
      await this.#local.reset(place)
      await this.#ask((own) => this.#store.reset(place, own), signal)
    })
  }

  async reward(subject: Subject, rule: CountingName<R>, cost?: number): Promise<void> {
    return this.#adjust(subject, rule, cost, -1)
  }

  async penalize(subject: Subject, rule: CountingName<R>, cost?: number): Promise<void> {
    return this.#adjust(subject, rule, cost, 1)
  }

  async block(subject: Subject, rule: keyof R & string, duration: Duration): Promise<void> {
    return checked(async () => {
      const place = this.#place(subject, rule)
      const span = toMilliseconds(duration, "duration", SPAN_RANGE) * 1_000
      await this.#ask((own) => this.#store.block(place, span, own))
    })
  }

  close(): Promise<void> {
    return this.#calls.close(() => this.#store.close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #adjust(subject: Subject, rule: string, cost: number | undefined, sign: 1 | -1): Promise<void> {
    return checked(async () => {
      const place = this.#place(subject, rule, "counting")
      const adjustment = { ...place, cost: sign * checkCost(cost, place.rule), until: null }
      await this.#ask((own) => this.#store.adjust([adjustment], own))
    })
  }

  /** Asks the store within the call's deadline. @throws what the store throws · the signal's reason · ERR_CLOSED · ERR_STORE_OVERLOADED */
  #ask<T>(step: (options: StoreOptions) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#calls.changing(signal, (ending) => step({ signal: ending }))
  }

  #takeAtOnce(claims: readonly PlacedClaim[], signal: AbortSignal | undefined): Outcome | null {
    this.#calls.assertOpen()
    signal?.throwIfAborted()
    const judgements = this.#store.takeAtOnce(claims)
    if (judgements === null) return null
    const outcome = outcomeOf(this.#store, claims, judgements, "store")
    for (const decision of outcome.decisions) this.#report(decision)
    return outcome
  }

  async #takeFromStore(claims: readonly PlacedClaim[], signal: AbortSignal | undefined, isProvisional = false): Promise<Outcome> {
    let outcome: Outcome
    try {
      outcome = outcomeOf(this.#store, claims, await this.#ask((own) => this.#store.take(claims, own, isProvisional), signal), "store")
    } catch (error) {
      this.#refuseUnlessOutage(error, signal)
      outcome = await this.#takeWithoutStore(claims)
    }
    for (const decision of outcome.decisions) this.#report(decision)
    return outcome
  }

  async #takeWithoutStore(claims: readonly PlacedClaim[]): Promise<Outcome> {
    const at = this.#nowMicros()
    const byPolicy = claims.filter(({ rule }) => rule.onOutage !== "local").map(({ rule }) => decisionWithoutStore(rule, at))
    const isDenied = byPolicy.some(({ allowed }) => !allowed)
    // Nothing is taken of what is denied in any case: a local rule then decides nothing, and nothing is told of it.
    const decided = isDenied ? claims.filter(({ rule }) => rule.onOutage !== "local") : claims
    for (const { rule } of decided) this.#events.emit({ type: "outage", rule: rule.name, onOutage: rule.onOutage })
    const local = decided.filter(({ rule }) => rule.onOutage === "local")
    if (local.length === 0) return { decisions: byPolicy, store: this.#local, claims: [], judgements: [] }
    const here = outcomeOf(this.#local, local, await this.#local.take(local), "local")
    return { ...here, decisions: [...here.decisions, ...byPolicy] }
  }

  async #leaseWithoutStore(place: Place, id: string): Promise<Lease | LeaseDenied> {
    const { rule } = place
    this.#events.emit({ type: "outage", rule: rule.name, onOutage: rule.onOutage })
    if (rule.onOutage === "local") return this.#leaseOf(this.#local, place, id, await this.#local.hold(place, id, false))
    const decision = decisionWithoutStore(rule, this.#nowMicros())
    this.#report(decision)
    return decision.allowed ? { ...countsOf(decision), ...heldNowhere() } : decision
  }

  #leaseOf(store: RateLimitStore, place: Place, id: string, judgement: Judgement): Lease | LeaseDenied {
    const decision = decisionOf(place.rule, judgement, store === this.#local ? "local" : "store")
    this.#report(decision)
    if (!decision.allowed) return decision
    return { ...countsOf(decision), ...(judgement.taken ? this.#heldIn(store, place, id) : heldNowhere()) }
  }

  #heldIn(store: RateLimitStore, place: Place, id: string): Pick<Lease, "release" | "renew" | typeof Symbol.asyncDispose> {
    let isGivenUp = false
    let releasing: Promise<void> | null = null
    const release = (): Promise<void> => {
      isGivenUp = true
      // Its name makes it safe to do twice: asked for again after a failure, it is tried again.
      releasing ??= this.#calls
        .changing(undefined, (signal) => store.release(place, id, { signal }), true)
        .catch(() => {
          releasing = null
        })
      return releasing
    }
    const renew = async (): Promise<boolean> => !isGivenUp && (await this.#ask((own) => store.hold(place, id, true, own))).taken
    return { release, renew, [Symbol.asyncDispose]: release }
  }

  /** Once more where it fails: a server that was silent may have heard it, and not know its script yet. */
  #releaseBehind(place: Place, id: string): void {
    const release = (): Promise<void> => this.#store.release(place, id, {})
    release()
      .catch(release)
      .catch(() => undefined)
  }

  /** @throws UnexpectedValue */
  #claims(checks: readonly RateLimitCheck[]): readonly PlacedClaim[] {
    if (!Array.isArray(checks) || checks.length === 0 || checks.length > MOST_CHECKS) throw expected("checks", `a list of 1 to ${MOST_CHECKS} checks`, checks)
    const claims = new Map<string, PlacedClaim>()
    for (const given of checks as readonly RateLimitCheck[]) {
      const { subject, rule, cost } = readOptions(given, "a check", ["subject", "rule", "cost"])
      const claim = this.#claim(subject, rule, cost)
      const key = `${claim.subject}:${claim.rule.name}`
      const known = claims.get(key)
      claims.set(key, known === undefined ? claim : { ...claim, cost: checkCost(claim.cost + known.cost, claim.rule) })
    }
    return [...claims.values()]
  }

  /** @throws UnexpectedValue */
  #claim(subject: unknown, rule: unknown, cost: unknown): PlacedClaim {
    const place = this.#place(subject, rule, "counting")
    return new Claim(place.subject, place.rule, checkCost(cost, place.rule))
  }

  /** @throws UnexpectedValue */
  #place(subject: unknown, rule: unknown, kind?: "counting" | "concurrency"): Place {
    const found: Rule = findRule(this.#settings.rules, rule, kind)
    return { subject: subjectText(subject, this.ipv6Bits), rule: found }
  }

  #report(decision: RateLimitDecision): void {
    if (!this.#events.isHeard) return
    const { rule, judgedBy } = decision
    if (decision.allowed) this.#events.emit({ type: decision.shadowDenied ? "shadow-denied" : "allowed", rule, judgedBy })
    else this.#events.emit({ type: "denied", rule, reason: decision.reason, judgedBy })
  }

  /** @throws the error, unless it says that the store could not be asked: what a caller's own signal says is none, whatever it is */
  #refuseUnlessOutage(error: unknown, signal: AbortSignal | undefined): void {
    if ((signal?.aborted && error === signal.reason) || !SessionError.is(error) || !error.code.startsWith("ERR_STORE_")) throw error
    this.#events.warn({ code: error.code }, "A rate limit could not ask its store")
  }

  #nowMicros(): number {
    return Math.floor(MONOTONIC.now() * 1_000)
  }
}

function outcomeOf(store: RateLimitStore, claims: readonly PlacedClaim[], judgements: readonly Judgement[], judgedBy: "store" | "local"): Outcome {
  const decisions: RateLimitDecision[] = []
  for (const [at, { rule }] of claims.entries()) if (judgements[at] !== undefined) decisions.push(decisionOf(rule, judgements[at], judgedBy))
  return { decisions, store, claims, judgements }
}

/** Gives back what was taken. */
async function giveBack({ store, claims, judgements }: Outcome): Promise<void> {
  const taken = claims.flatMap((claim, at) => {
    const judgement = judgements[at]
    return judgement?.taken ? { ...claim, cost: -claim.cost, until: judgement.at + judgement.ends } : []
  })
  if (taken.length > 0) await store.adjust(taken, {})
}

function countsOf({ rule, limit, remaining, resetAt, resetAfter, totalRequests, judgedBy }: RateLimitDecision) {
  return { rule, limit, remaining, resetAt, resetAfter, totalRequests, judgedBy, allowed: true } as const
}

/** A lease that nobody counts. */
function heldNowhere(): Pick<Lease, "release" | "renew" | typeof Symbol.asyncDispose> {
  return { release: nothing, renew: async () => true, [Symbol.asyncDispose]: nothing }
}

async function nothing(): Promise<void> {}

/** Bad input gets its code. */
async function checked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asArgumentError(error)
  }
}

/** @throws UnexpectedValue */
function optionsOf<O extends CallOptions>(given: O | undefined, own: readonly string[]): Partial<O> {
  if (given === undefined) return {}
  const options = readOptions(given, "the options of a call", ["signal", ...own])
  checkSignal(options)
  return options
}
