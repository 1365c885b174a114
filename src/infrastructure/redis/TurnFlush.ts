import { nextTick } from "node:process"

/** So many that wait while others are under way go when the code that asked has run: the server works on them while this process ends its turn. */
const ENOUGH = 8

/**
 * Says when what is gathered is sent. What is alone waits for nobody: it goes with what the same code asks for. While answers are awaited there will be company, so
 * what is asked for then goes at the end of the turn of the event loop, or, where that is enough, a part of it before, once a turn.
 */
export class TurnFlush {
  readonly #send: () => void
  #hasSentEarly = false

  /** @param send - sends all that waits; nothing where nothing does */
  constructor(send: () => void) {
    this.#send = send
  }

  /**
   * Something more waits.
   *
   * @param count - how many wait now
   * @param hasCompany - whether answers are awaited after which more will be asked for
   */
  asked(count: number, hasCompany: boolean): void {
    if (count === 1) (hasCompany ? setImmediate : queueMicrotask)(this.#send)
    if (count !== ENOUGH || !hasCompany || this.#hasSentEarly) return
    this.#hasSentEarly = true
    nextTick(this.#send)
    setImmediate(() => {
      this.#hasSentEarly = false
    })
  }
}
