import { SessionError } from "../domain/errors.js"

/** Calls that one service lets wait at a time. A store that answers in a millisecond does four million in a second with it. */
const MOST_CALLS = 4_000
/** Further ones that only a sign-out may take. */
const RESERVE = 1_000

/** Counts the calls that are under way, and refuses more than the store can be expected to answer in time: a queue that grows helps nobody. */
export class InFlight {
  #count = 0

  get count(): number {
    return this.#count
  }

  /**
   * Counts one call in; `leave` counts it out.
   *
   * @param signsOut - may take of the reserve: when everything is stuck, people must still be able to end sessions
   * @throws ERR_STORE_OVERLOADED when there are too many
   */
  enter(signsOut: boolean): void {
    if (this.#count >= (signsOut ? MOST_CALLS + RESERVE : MOST_CALLS))
      throw new SessionError("ERR_STORE_OVERLOADED", `Expected at most ${MOST_CALLS} calls at a time, got one more; nothing was sent. Try again after a pause.`)
    this.#count += 1
  }

  leave(): void {
    this.#count -= 1
  }
}
