import { SessionError } from "../domain/errors.js"

/** Calls that one service lets wait at a time. A store that answers in a millisecond does four million in a second with it. */
const MOST_CALLS = 4_000
/** Further ones that only a sign-out may take. */
const RESERVE = 1_000

/** Counts the calls that are under way, and refuses more than the store can be expected to answer in time: a queue that grows helps nobody. None is begun once it drains. */
export class InFlight {
  readonly #what: string
  #count = 0
  #draining: Promise<void> | null = null
  #whenIdle: (() => void) | null = null

  /** @param what - whose calls they are, for an error */
  constructor(what: string) {
    this.#what = what
  }

  /**
   * Counts one call in; `leave` counts it out.
   *
   * @param signsOut - may take of the reserve: when everything is stuck, people must still be able to end sessions
   * @throws ERR_CLOSED after `drain` · ERR_STORE_OVERLOADED when there are too many
   */
  enter(signsOut: boolean): void {
    this.assertOpen()
    if (this.#count >= (signsOut ? MOST_CALLS + RESERVE : MOST_CALLS))
      throw new SessionError("ERR_STORE_OVERLOADED", `Expected at most ${MOST_CALLS} calls at a time, got one more; nothing was sent. Try again after a pause.`)
    this.#count += 1
  }

  /** @throws ERR_CLOSED after `drain` */
  assertOpen(): void {
    if (this.#draining !== null) throw new SessionError("ERR_CLOSED", `Expected an open ${this.#what}, got one that close() was called on.`)
  }

  leave(): void {
    this.#count -= 1
    if (this.#count === 0) this.#whenIdle?.()
  }

  /** Refuses further calls, and waits for those under way. */
  drain(): Promise<void> {
    this.#draining ??= this.#count === 0 ? Promise.resolve() : new Promise((resolve) => (this.#whenIdle = resolve))
    return this.#draining
  }
}
