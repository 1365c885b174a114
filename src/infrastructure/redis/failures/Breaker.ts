/** What a breaker can have done. */
export interface BreakerActions {
  /** Asks the store once; tells `answered` or `failed`, and resolves either way, in bounded time. */
  probe(): Promise<void>
  /** Makes a connection of this library's own anew; none where the client was handed in. */
  readonly renew: (() => void) | undefined
}

/** Failures in a row after which calls are refused. */
const FAILURES_TO_OPEN = 5
/** The longest pause between two probes, in milliseconds; the shortest is half of it. */
const PROBE_INTERVAL_MS = 500
/** Times in a row that a call was sent, and nothing at all was heard before its time was up. */
const SILENCES_TO_RENEW = 3

/**
 * Refuses calls while the store is not heard, so that their callers need not wait and the store finds no crowd when it comes back.
 *
 * It opens after several failures in a row without any reply, a refusal being one. While it is open it asks by itself, at random intervals, so
 * that no caller has to wait for the answer; the first reply closes it, also one that comes too late for its caller.
 */
export class Breaker {
  readonly #actions: BreakerActions
  #failures = 0
  #silences = 0
  /** When the last silence was noticed: calls that were under way then are part of it. */
  #heardNothingUntil = 0
  #open = false
  #stopped = false
  #timer: NodeJS.Timeout | undefined

  constructor(actions: BreakerActions) {
    this.#actions = actions
  }

  /** Whether calls are to be refused. */
  get isOpen(): boolean {
    return this.#open
  }

  /** The store was heard. */
  answered(): void {
    if (this.#failures === 0) return
    this.#failures = 0
    this.#silences = 0
    this.#open = false
    clearTimeout(this.#timer)
  }

  /** A call ended without any reply. @param beganAt - when it began, by `performance.now()` */
  failed(beganAt: number): void {
    if (this.#stopped) return
    this.#failures += 1
    if (this.#failures >= FAILURES_TO_OPEN && !this.#open) {
      this.#open = true
      this.#probeLater()
    }
    // Hundreds of calls that wait side by side hear one silence, not hundreds.
    if (beganAt < this.#heardNothingUntil) return
    this.#heardNothingUntil = performance.now()
    this.#silences += 1
    if (this.#silences % SILENCES_TO_RENEW === 0) this.#actions.renew?.()
  }

  /** Probes no more. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  // Random, so that many processes do not ask in the same moment.
  #probeLater(): void {
    this.#timer = setTimeout(() => void this.#probe(), (PROBE_INTERVAL_MS * (1 + Math.random())) / 2).unref()
  }

  async #probe(): Promise<void> {
    const timer = this.#timer
    await this.#actions.probe()
    // Closed and opened anew meanwhile, it has a timer of its own.
    if (this.#open && !this.#stopped && this.#timer === timer) this.#probeLater()
  }
}
