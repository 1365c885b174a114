import type { ClockOffset } from "./limit-line.js"

const LOOK_EVERY_MS = 50
const GOOD_MICROS = 100
const MOST_LOOKS = 5
const MICROSECONDS = 1_000

/** Watches how far this machine's clock, which is that of all our servers, is ahead of one that nobody sets: it may be slowed, hurried or set meanwhile. */
export class ClockWatch implements Disposable {
  readonly #now: () => number
  readonly #timer: NodeJS.Timeout
  #offset: ClockOffset

  /** @param now microseconds of the clock that nobody sets */
  constructor(now: () => number) {
    this.#now = now
    this.#offset = lookAtClock(now)
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS)
  }

  /** Since the watch began. */
  get offset(): ClockOffset {
    this.#look()
    return this.#offset
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { least, most } = lookAtClock(this.#now)
    this.#offset = { least: Math.min(this.#offset.least, least), most: Math.max(this.#offset.most, most) }
  }
}

/** The best of a few looks: whoever is interrupted in one learns little by it. */
function lookAtClock(now: () => number): ClockOffset {
  let best = untilItTicks(now)
  for (let looks = 1; looks < MOST_LOOKS && best.most - best.least > GOOD_MICROS; looks++) {
    const next = untilItTicks(now)
    if (next.most - next.least < best.most - best.least) best = next
  }
  return best
}

/** The clock is read in milliseconds, and is exact at the moment at which it ticks. */
function untilItTicks(now: () => number): ClockOffset {
  const first = Date.now()
  for (let before = now(); ; ) {
    const asked = now()
    const read = Date.now()
    if (read !== first) return { least: read * MICROSECONDS - now(), most: read * MICROSECONDS - before }
    before = asked
  }
}
