/** What is measured: one thing, done over and over. */
export interface Work {
  /** @param at how many were begun before, over all slices */
  call(at: number): Promise<unknown>
  /** Lays ready what the calls of the next slice use up. Not measured. */
  readonly refill?: () => Promise<void>
  /** Whether an answer is what this work is about: a limit that denies is faster than one that counts. Without it every answer is. */
  readonly isRight?: (answer: never) => boolean
}

/** What one slice of time came to. */
export interface Slice {
  readonly count: number
  /** Calls a second. */
  readonly rate: number
  /** Processor time of this process for each call, in microseconds; the client and garbage collection included. */
  readonly cpu: number
  /** The middle of all latencies, in microseconds. With one in flight; `null` otherwise, since then it says no more than the rate. */
  readonly latency: number | null
}

export interface SliceSettings {
  readonly inFlight: number
  readonly ms: number
}

/** Work, and how much of it was begun. */
export class Running {
  readonly #work: Work
  #next = 0

  constructor(work: Work) {
    this.#work = work
  }

  async refill(): Promise<void> {
    await this.#work.refill?.()
  }

  /** Does it for a while, so many at a time, each going on with its next when it was answered. @throws when an answer is not right */
  async slice({ inFlight, ms }: SliceSettings): Promise<Slice> {
    const latencies: number[] = []
    const before = process.cpuUsage()
    const began = performance.now()
    const counts = await Promise.all(Array.from({ length: inFlight }, () => this.#goOn(began + ms, inFlight === 1 ? latencies : null)))
    const seconds = (performance.now() - began) / 1_000
    const { user, system } = process.cpuUsage(before)
    const count = counts.reduce((sum, one) => sum + one, 0)
    return { count, rate: count / seconds, cpu: (user + system) / count, latency: inFlight === 1 ? middle(latencies) * 1_000 : null }
  }

  async #goOn(until: number, latencies: number[] | null): Promise<number> {
    const work = this.#work
    let count = 0
    let now = performance.now()
    // Once at least: a slice without a call would have no figures.
    do {
      const asked = now
      const answer = await work.call(this.#next++)
      if (work.isRight !== undefined && !work.isRight(answer as never)) throw new Error(`Expected another answer, got ${JSON.stringify(answer)}`)
      now = performance.now()
      latencies?.push(now - asked)
      count++
    } while (now < until)
    return count
  }
}

function middle(values: number[]): number {
  values.sort((a, b) => a - b)
  return values[Math.floor(values.length / 2)] ?? Number.NaN
}
