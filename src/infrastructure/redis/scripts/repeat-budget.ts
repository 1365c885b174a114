/** So many calls must have been made before their share counts: a small process must be able to repeat its first ones. */
const FREE_REPEATS = 10
const SHARE = 0.1
const WINDOW_CALLS = 1_000

/** Bounds how many of the last calls are repeated: a store that loses every connection must not get twice the load as well. */
export class RepeatBudget {
  #calls = 0
  #repeats = 0

  countCall(): void {
    this.#calls += 1
    if (this.#calls <= WINDOW_CALLS) return
    // Halving forgets what lies long back without keeping a list of it.
    this.#calls /= 2
    this.#repeats /= 2
  }

  /** Whether one call more may be repeated; if so, it is counted. Ten in the first hundred calls, then a tenth of about the last thousand. */
  take(): boolean {
    if (this.#repeats + 1 > Math.max(FREE_REPEATS, this.#calls * SHARE)) return false
    this.#repeats += 1
    return true
  }
}
