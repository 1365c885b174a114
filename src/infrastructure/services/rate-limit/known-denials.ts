import type { Judgement } from "../../../domain/rate-limit/record.js"

/** What the store said of one place. `sentAt`: when it was asked, by `performance.now()`. */
export interface Denial {
  readonly cost: number
  readonly sentAt: number
  readonly judgement: Judgement
}

/** Denials that are remembered at least, and at most twice as many. */
const GENERATION = 10_000

/** How long a denial is good whose units another process may give back, in microseconds. */
const LONGEST_LIMIT = 1_000_000

/**
 * Denials that are still good: a block until its end, and units that were used up for a second at most, since other processes may give some back.
 * What this process gives back or resets is seen to. Bounded, and the latest are kept: when
 * a generation is full, the one before it is dropped. What is forgotten costs a round trip.
 */
export class KnownDenials {
  #young = new Map<string, Denial>()
  #old = new Map<string, Denial>()
  /** Since when nothing was given back or reset here, by `performance.now()`. */
  #unchangedSince = Number.NEGATIVE_INFINITY

  get isEmpty(): boolean {
    return this.#young.size === 0 && this.#old.size === 0
  }

  remember(key: string, denial: Denial): void {
    // It may have been judged before something was given back.
    if (denial.sentAt <= this.#unchangedSince) return
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, denial)
  }

  /** How the place looks now, when just as many units are known to be denied, or any while it is blocked; `null`: the store has to be asked. */
  find(key: string, cost: number): Judgement | null {
    const known = this.#young.get(key) ?? this.#old.get(key)
    if (known === undefined || (cost !== known.cost && known.judgement.blockedFor === 0)) return null
    const { at, blockedFor, wait, used, ends } = known.judgement
    // The store judged after it was asked, so this ends no later than there.
    const passed = Math.ceil((performance.now() - known.sentAt) * 1_000)
    if (passed >= (blockedFor > 0 ? blockedFor : Math.min(wait, LONGEST_LIMIT))) {
      this.drop(key)
      return null
    }
    const left = (span: number): number => Math.max(0, span - passed)
    return { at: at + passed, taken: false, blockedFor: left(blockedFor), wait: left(wait), used, ends: left(ends) }
  }

  forget(key: string): void {
    this.#unchangedSince = performance.now()
    this.drop(key)
  }

  /** What was heard before of this place no longer holds, though no more units are there. */
  drop(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }
}
