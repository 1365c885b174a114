/** What is measured: one thing, done over and over. */
export interface Work {
  /** @param at how many were begun before, over all slices */
  call(at: number): Promise<unknown>
  /** Brings into place what all calls need, once. Not measured. */
  readonly prepare?: () => Promise<unknown>
  /** Lays ready what the calls of the next slice use up. Not measured. */
  readonly refill?: () => Promise<void>
  /** Calls that are counted as a whole: with one in flight a slice ends with the last of so many. */
  readonly cycle?: number
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
  /** How long each call took, in microseconds, the shortest first. */
  readonly latencies: Float64Array
}

export interface SliceSettings {
  readonly inFlight: number
  readonly ms: number
}

/** What can be measured slice by slice, in this process or another. */
export interface Sliced {
  /** Lays ready what the next slice needs. */
  refill(): Promise<void>
  /** Does it for a while, so many at a time, each going on with its next when it was answered. @throws when an answer is not right */
  slice(settings: SliceSettings): Promise<Slice>
}

/** Work, and how much of it was begun. */
export class Running implements Sliced {
  readonly #work: Work
  #next = 0
  #isPrepared = false

  constructor(work: Work) {
    this.#work = work
  }

  async refill(): Promise<void> {
    if (!this.#isPrepared) await this.#work.prepare?.()
    this.#isPrepared = true
    await this.#work.refill?.()
  }

  async slice({ inFlight, ms }: SliceSettings): Promise<Slice> {
    const latencies: number[] = []
    const before = process.cpuUsage()
    const began = performance.now()
    await Promise.all(Array.from({ length: inFlight }, () => this.#goOn(began + ms, inFlight === 1, latencies)))
    const seconds = (performance.now() - began) / 1_000
    const { user, system } = process.cpuUsage(before)
    const count = latencies.length
    return { count, rate: count / seconds, cpu: (user + system) / count, latencies: Float64Array.from(latencies, (one) => one * 1_000).sort() }
  }

  async #goOn(until: number, inWholeCycles: boolean, latencies: number[]): Promise<void> {
    const work = this.#work
    const cycle = inWholeCycles ? (work.cycle ?? 1) : 1
    let now = performance.now()
    // Once at least: a slice without a call would have no figures.
    do {
      const asked = now
      const answer = await work.call(this.#next++)
      if (work.isRight !== undefined && !work.isRight(answer as never)) throw new Error(`Expected another answer, got ${JSON.stringify(answer)}`)
      now = performance.now()
      latencies.push(now - asked)
    } while (now < until || this.#next % cycle !== 0)
  }
}
