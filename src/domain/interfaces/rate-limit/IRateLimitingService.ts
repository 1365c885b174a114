/// <reference lib="esnext.disposable" />
import type { Duration } from "../../../shared/durations.js"
import type { CallOptions, IdText } from "../session/ISessionService.js"

interface Common {
  /**
   * What is answered while the store cannot be asked: `"closed"`, the default, denies; `"open"` allows; `"local"` counts in this process alone, so that
   * N processes together admit up to N times what the rule says, and once more at each change from one count to the other.
   */
  readonly onOutage?: "open" | "closed" | "local" | undefined
  /** Counts and reports what it would deny, and denies nothing; false by default. Try a new rule with it. */
  readonly shadow?: boolean | undefined
}

/**
 * How many units a subject may take. `limit`: 1 to 1 000 000, and at most 1000 for `sliding-log`. `window`: 100 ms to 365 d.
 *
 * - `gcra`, the default: a unit is given back every window / limit. In any time of length t at most `burst + t · limit / window` units. One number is stored.
 * - `sliding-log`: in **every** window at most `limit` units. Each unit's time is stored. For sign-ins and one-time codes.
 * - `sliding-counter`: in each aligned window at most `limit`, in any window fewer than twice as many. Three numbers are stored.
 * - `fixed-window`: in each aligned window at most `limit`, around a boundary up to twice as many. Two numbers are stored.
 *
 * To these come units that `reward` gave back.
 *
 * The bounds hold by the store's clock. Each time that it is set ahead, as many units more may be taken as fit at once. When it is set back, nothing may be taken anew, except with
 * `fixed-window`: each time, one more window may begin. What counted goes on counting, and what no longer counted may count again: for at most a window, `burst · window / limit` with
 * `gcra`, and two windows with `sliding-counter`, all as if it had just been taken. With `fixed-window` it may take a window longer, two windows in all.
 */
export type CountingRule = Common &
  (
    | { readonly algorithm: "sliding-log" | "sliding-counter" | "fixed-window"; readonly limit: number; readonly window: Duration }
    | {
        readonly algorithm?: "gcra" | undefined
        readonly limit: number
        readonly window: Duration
        /** How many units may be taken at once after a pause: 1 to 1 000 000; `limit` by default. */
        readonly burst?: number | undefined
      }
  )
/** How many leases a subject may hold at a time. `limit`: 1 to 1000. `lease`: how long one lasts unless it is renewed, 100 ms to 365 d. */
export type ConcurrencyRule = Common & { readonly algorithm: "concurrency"; readonly limit: number; readonly lease: Duration }
/** Rules by their names: a letter, then at most 63 letters, digits, `_` and `-`. A rule whose algorithm changes begins anew; give it a new name. */
export type RateLimitRules = Readonly<Record<string, CountingRule | ConcurrencyRule>>
/** The names of the rules that count, or may: of a table whose rules are not known one by one, all names. */
export type CountingName<R> = { [K in keyof R]: [Exclude<R[K], { readonly algorithm: "concurrency" }>] extends [never] ? never : K }[keyof R] & string
/** The names of the rules that hand out leases, or may. */
export type ConcurrencyName<R> = { [K in keyof R]: [Extract<R[K], { readonly algorithm: "concurrency" }>] extends [never] ? never : K }[keyof R] & string

/**
 * Who is limited; exactly one of these. Two kinds never meet, though their texts be alike. Text is 1 to 512 bytes and well-formed.
 *
 * An address counts in its canonical form: IPv4 in IPv6 is IPv4, also where a translator (NAT64) or a tunnel (6to4, Teredo) put it there; IPv6 counts by its network (/64); ports and zones
 * go. Missing addresses, and those that
 * cannot be read, share one count.
 */
export type Subject =
  | { readonly address: string | undefined }
  | { readonly userId: string }
  | { readonly sessionId: IdText }
  | { readonly device: string }
  | { readonly key: string }

interface Count<N extends string> {
  readonly rule: N
  /** How many units fit at once: the rule's `limit`, or its `burst`. */
  readonly limit: number
  /** How many of them are left. */
  readonly remaining: number
  /** When all of them are there again if nothing is taken meanwhile, by the store's clock. */
  readonly resetAt: Date
  /** Whole seconds until then, rounded up, from when it was decided. It needs no clock that agrees with the store's. */
  readonly resetAfter: number
  /** How many units count at this moment, what was just taken included. */
  readonly totalRequests: number
  /** Who decided: the store, this process in the store's place, or the rule's `onOutage`. */
  readonly judgedBy: "store" | "local" | "policy"
}
/**
 * What came of a check. `retryAfter`: whole seconds, from 1, after which the same call is allowed if nobody takes anything meanwhile.
 * `shadowDenied`: a rule in shadow mode would have denied it.
 */
export type RateLimitDecision<N extends string = string> = Count<N> &
  (
    | { readonly allowed: true; readonly shadowDenied: boolean }
    | { readonly allowed: false; readonly reason: "limit" | "blocked" | "unavailable"; readonly retryAfter: number }
  )
/** A place among those that may work at a time. It ends by itself when it is neither released nor renewed. */
export type Lease<N extends string = string> = Count<N> &
  AsyncDisposable & {
    readonly allowed: true
    /** Gives the place back; never rejects, for the lease ends by itself in any case. */
    release(): Promise<void>
    /** Begins the lease's time anew. @returns `false` when it has ended: somebody else may have the place. @throws ERR_STORE_… */
    renew(): Promise<boolean>
  }
export type LeaseDenied<N extends string = string> = Extract<RateLimitDecision<N>, { allowed: false }>

/** One of several checks that are decided together. */
export interface RateLimitCheck<N extends string = string> {
  readonly subject: Subject
  readonly rule: N
  /** 1, the default, up to how many units fit at once. */
  readonly cost?: number | undefined
}

/**
 * Rate limits by named rules.
 *
 * What holds for every method:
 * - **Denied is a value.** Bad input is `ERR_INVALID_ARGUMENT`, before anything is sent. After `close()` every call is `ERR_CLOSED`.
 * - **In time.** Every call ends within the service's `timeout`. Checks and leases are then answered as the rule's `onOutage` says; the other methods reject with `ERR_STORE_…`.
 * - **Never twice.** A check whose answer was lost may have been counted, and is not sent again: the limit becomes stricter, never wider.
 * - **One clock.** Time is the store's: of Redis to the microsecond, of memory and SQLite to the millisecond. Where it is set back, what was counted stays counted,
 *   for no longer than if it had just been taken, in a fixed window for at most a window longer; a block lasts longer by as much. Where it is set ahead, all that ends by then has ended.
 * - **Known to be blocked.** A subject that is blocked is denied without a round trip until its block ends, and one that used up its units for a second at most.
 *
 * @source RFC 6585 (429) · OWASP ASVS 5.0 2.4.1, 6.3.1 · docs/adr/0021-rate-limits.md
 */
export interface IRateLimitingService<R extends RateLimitRules = RateLimitRules> {
  readonly rules: R
  /**
   * Takes `cost` units of a rule, if that many are left.
   *
   * @throws ERR_INVALID_ARGUMENT · ERR_CLOSED · the reason of the caller's signal
   * @atomicity one step; what is denied takes nothing
   */
  checkRateLimit<N extends CountingName<R>>(
    subject: Subject,
    rule: N,
    options?: CallOptions & { readonly cost?: number | undefined },
  ): Promise<RateLimitDecision<N>>
  /**
   * Takes units of several rules, or of none when one of them denies it.
   *
   * @returns the decision of the rule that denied it for the longest, or of the one that is nearest to its limit
   * @throws ERR_INVALID_ARGUMENT · ERR_CLOSED · the reason of the caller's signal
   * @atomicity one step for all rules of one subject, and on a store of one node for all subjects. On a cluster subjects follow each other in the order given, and what was
   * taken is given back when a later one denies or cannot be asked; the answer does not wait for that.
   */
  checkRateLimits<N extends CountingName<R>>(checks: readonly RateLimitCheck<N>[], options?: CallOptions): Promise<RateLimitDecision<N>>
  /**
   * Takes one of the places of a concurrency rule, until it is released or its time is over.
   *
   * @throws ERR_INVALID_ARGUMENT · ERR_CLOSED · the reason of the caller's signal
   * @atomicity one step: at no instant are there more leases than the limit
   */
  acquireLease<N extends ConcurrencyName<R>>(subject: Subject, rule: N, options?: CallOptions): Promise<Lease<N> | LeaseDenied<N>>
  /** What a check of one unit would be answered, without taking it. @throws ERR_INVALID_ARGUMENT · ERR_CLOSED · the reason of the caller's signal */
  getRateLimitStatus<N extends keyof R & string>(subject: Subject, rule: N, options?: CallOptions): Promise<RateLimitDecision<N>>
  /** Forgets all that counts, a block and leases too. Other processes may deny what they know to be blocked for as long as it would have been. @throws ERR_STORE_… */
  resetRateLimit(subject: Subject, rule: keyof R & string, options?: CallOptions): Promise<void>
  /** Gives units back, at most all that count. Each of them may be taken once more. @param cost 1 by default @throws ERR_STORE_… */
  reward(subject: Subject, rule: CountingName<R>, cost?: number): Promise<void>
  /** Takes units whether they are left or not; at most all of them. @param cost 1 by default @throws ERR_STORE_… */
  penalize(subject: Subject, rule: CountingName<R>, cost?: number): Promise<void>
  /** Denies everything for a while from now, in place of an earlier block. @param duration 100 ms to 365 d @throws ERR_STORE_… */
  block(subject: Subject, rule: keyof R & string, duration: Duration): Promise<void>
}

/** A service that its maker ends. */
export interface OwnedRateLimitingService<R extends RateLimitRules = RateLimitRules> extends IRateLimitingService<R>, AsyncDisposable {
  /** Refuses further calls, waits for those under way, and frees what the service opened. A client that was handed in stays open. */
  close(): Promise<void>
}
