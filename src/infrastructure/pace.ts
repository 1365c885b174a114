import { pause } from "./until-aborted.js"

/** How much of the time that a stall cost may be caught up with, in milliseconds: more would be a burst. */
const CATCH_UP_MS = 100

/** Keeps long work within a rate. */
export class Pace {
  readonly #perSecond: number
  readonly #signal: AbortSignal | undefined
  #due = performance.now()

  /** @param signal - ends each wait */
  constructor(perSecond: number, signal: AbortSignal | undefined) {
    this.#perSecond = perSecond
    this.#signal = signal
  }

  /** Waits after so many entries until more are within the rate, a turn of the event loop at least. */
  async after(entries: number): Promise<void> {
    this.#due = Math.max(this.#due, performance.now() - CATCH_UP_MS) + (entries / this.#perSecond) * 1_000
    await pause(this.#due - performance.now(), this.#signal)
  }
}
