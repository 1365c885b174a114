import { isDeadline } from "../call-deadlines.js"

/** Options of each step of a call. */
export interface StepOptions {
  readonly signal?: AbortSignal | undefined
  /** When the call's time is up, by `performance.now()`. */
  readonly deadline?: number | undefined
}

const UNBOUNDED: StepOptions = {}

/** Of one call. A class, for a literal may come to lie in the old generation (bench/README.md). */
class Bounds implements StepOptions {
  readonly signal: AbortSignal
  readonly deadline: number

  constructor(signal: AbortSignal, deadline: number) {
    this.signal = signal
    this.deadline = deadline
  }
}

/** What the steps of one call need to know of it, and what the call needs to know of them. */
export class CallStep {
  /** For steps that are to stop when nobody waits for the call any more. */
  readonly options: Bounds
  /** For plain reads, which the call's deadline passes by: nothing comes of an answer that is too late, and a listener for each would cost more than it. */
  readonly reading: StepOptions
  #mayHaveChanged = false

  /**
   * @param ending - aborted at the call's deadline, or by the caller
   * @param deadline - by `performance.now()`
   * @param mayBeAborted - whether the caller has a signal
   */
  constructor(ending: AbortSignal, deadline: number, mayBeAborted: boolean) {
    this.options = new Bounds(ending, deadline)
    this.reading = mayBeAborted ? this.options : UNBOUNDED
  }

  /** Whether an error is what the call's own deadline said. */
  isOver(error: unknown): boolean {
    const { signal } = this.options
    return signal.aborted && error === signal.reason && isDeadline(error)
  }

  /** Whether a step was begun of which it is not certain that it changed nothing. */
  get mayHaveChanged(): boolean {
    return this.#mayHaveChanged
  }

  /**
   * For a step that changes something.
   *
   * @throws the signal's reason when nobody waits any more: a call that was reported as not applied must not be applied
   */
  change(): StepOptions {
    this.options.signal.throwIfAborted()
    this.#mayHaveChanged = true
    return this.options
  }

  /** The store said that the last step changed nothing. */
  unchanged(): void {
    this.#mayHaveChanged = false
  }
}
