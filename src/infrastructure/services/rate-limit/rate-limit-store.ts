import type { Judgement } from "../../../domain/rate-limit/record.js"
import type { Rule } from "../../../domain/rate-limit/rules.js"

/** Where one rule of one subject is kept. */
export interface Place {
  /** See `subjectText`. */
  readonly subject: string
  readonly rule: Rule
}
/** Units of a rule that a subject asks for. */
export interface PlacedClaim extends Place {
  readonly cost: number
}
/** Units that are taken whatever is left, or given back where they are negative. `until`: when they cease to count, as a judgement said; `null`: not known. */
export interface Adjustment extends PlacedClaim {
  readonly until: number | null
}

export interface StoreOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * The atomic steps on a store. The places of one call differ. A store that cannot answer throws a `SessionError`, and nothing is ever sent a second
 * time.
 */
export interface RateLimitStore {
  /** The same as `take`, where nobody has to be asked; else `null`, and nothing is taken. */
  takeAtOnce(claims: readonly PlacedClaim[]): readonly Judgement[] | null
  /**
   * Takes all claims, or none; a judgement of each.
   *
   * @param isProvisional - units are taken until more is known, and often given back: that they are used up now says nothing of the next moment
   */
  take(claims: readonly PlacedClaim[], options: StoreOptions, isProvisional: boolean): Promise<readonly Judgement[]>
  /** What one unit would be answered. */
  look(place: Place, options: StoreOptions): Promise<Judgement>
  adjust(adjustments: readonly Adjustment[], options: StoreOptions): Promise<void>
  block(place: Place, spanMicros: number, options: StoreOptions): Promise<void>
  reset(place: Place, options: StoreOptions): Promise<void>
  /** Begins a lease, or with `onlyRenew` its time anew. */
  hold(place: Place, id: string, onlyRenew: boolean, options: StoreOptions): Promise<Judgement>
  release(place: Place, id: string, options: StoreOptions): Promise<void>
  close(): Promise<void>
}
