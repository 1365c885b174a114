import { nextTick } from "node:process"

/** So many that answers made ask are worth a command of their own. */
const ENOUGH = 8

/**
 * What of one service is under way, and when what waits is sent.
 *
 * What is alone waits for nobody: it goes with what the same code asks for. While answers are awaited there will be company, so what is asked for then goes at the end
 * of the turn of the event loop. Where answers that have come make eight or more ask, those go as soon as all of them have asked: the server works on them while this
 * process reads the other answers of the turn.
 */
export class Traffic {
  #underWay = 0
  #isAnswering = false

  /** Something was sent. */
  begun(): void {
    this.#underWay += 1
  }

  /** It was answered, or failed; whoever waits for it is told after this. */
  ended(): void {
    this.#underWay -= 1
    if (this.#isAnswering) return
    this.#isAnswering = true
    nextTick(() => {
      this.#isAnswering = false
    })
  }

  /**
   * Something more waits.
   *
   * @param count - how many wait now
   * @param send - sends all that waits; nothing where nothing does
   */
  waits(count: number, send: () => void): void {
    if (count === 1) (this.#underWay > 0 ? setImmediate : queueMicrotask)(send)
    else if (count === ENOUGH && this.#isAnswering) nextTick(send)
  }
}

/** Does so much at a time, a step a turn: what this process makes of one step's answers, and the server of the next step, go on side by side. */
export function turnByTurn(count: number, most: number, step: (begin: number, end: number) => void, begin = 0): void {
  const end = begin + most
  step(begin, end)
  if (end < count) setImmediate(() => turnByTurn(count, most, step, end))
}
