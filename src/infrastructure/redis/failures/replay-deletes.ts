import type { Background } from "../upkeep/background.js"
import { RecentEnds } from "./recent-ends.js"

/** How long an end is remembered while nothing happens, in milliseconds; then it is made sure of once more. */
const REMEMBERED_MS = 30_000
/** The same while the store is disrupted: with its defaults a Sentinel needs half a minute until there is a new primary, a cluster a quarter. */
const REMEMBERED_IN_TROUBLE_MS = 300_000
/** When ends are repeated after a disruption: at once, and again because this process may still have spoken with a primary that was about to go. */
const ROUNDS_MS = [100, 1_000, 5_000, 15_000] as const
/** Between two rounds, and between two looks at what has grown old. */
const LEAST_PAUSE_MS = 1_000

/** Ends of one kind, as those of users' sessions. */
export interface Repeatable<E> {
  nameOf(end: E): string
  /** Makes the ends once more; one that is made twice does no harm. @returns whether all were acknowledged, which nothing is that was left out because it was stopped */
  repeat(ends: readonly E[], isStopped: () => boolean): Promise<boolean>
}

interface ReplayOptions<E> {
  readonly ends: Repeatable<E>
  /** Keeps the service open until a round has ended. */
  readonly background: Background
}

/**
 * Repeats the latest ends of sessions when another server may have taken over that never heard of them: replication is asynchronous, so a sign-out
 * that was acknowledged may be lost with a primary, and its session is there again. What an end is, and how it is made once more, its kind says.
 */
export class ReplayDeletes<E> {
  readonly #options: ReplayOptions<E>
  readonly #ends: RecentEnds<E>
  /** When the store was last disrupted; `null` after all rounds that follow. */
  #disruptedAt: number | null = null
  #round = 0
  #lastRoundAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #running = false
  #stopped = false

  constructor(options: ReplayOptions<E>) {
    this.#options = options
    this.#ends = new RecentEnds((end) => options.ends.nameOf(end))
  }

  /** Remembers an end that the store has acknowledged. */
  remember(end: E): void {
    if (this.#stopped) return
    this.#ends.add(end, performance.now())
    this.#arm()
  }

  /** From now on another server may answer. */
  disrupted(): void {
    if (this.#stopped || this.#ends.size === 0) return
    // Hundreds of calls may fail in one moment, and must not put off what the first one began.
    if (this.#disruptedAt !== null && this.#round === 0 && !this.#running) return
    this.#disruptedAt = performance.now()
    this.#round = 0
    this.#arm()
  }

  /** Repeats nothing more: what is remembered is forgotten with the process. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#ends.forget()
  }

  /** One timer, for whatever comes next. */
  #arm(): void {
    if (this.#stopped || this.#running) return
    clearTimeout(this.#timer)
    const dueAt = this.#dueAt()
    if (dueAt === null) return
    // Random, so that many processes do not come in the same moment.
    const wait = Math.max(dueAt, this.#lastRoundAt + LEAST_PAUSE_MS) - performance.now() + Math.random() * 50
    this.#timer = setTimeout(() => this.#options.background.run(this.#step()), Math.max(0, wait)).unref()
  }

  #dueAt(): number | null {
    const { oldestAt } = this.#ends
    if (oldestAt === undefined) return null
    return this.#disruptedAt === null ? oldestAt + REMEMBERED_MS : this.#disruptedAt + (ROUNDS_MS[this.#round] ?? 0)
  }

  async #step(): Promise<void> {
    this.#running = true
    try {
      if (this.#disruptedAt === null) await this.#lastLook()
      else await this.#replayRound(this.#disruptedAt)
    } finally {
      this.#running = false
      this.#lastRoundAt = performance.now()
      this.#arm()
    }
  }

  async #replayRound(disruptedAt: number): Promise<void> {
    this.#ends.forget(performance.now() - REMEMBERED_IN_TROUBLE_MS)
    const wasRound = this.#round
    const isWhole = await this.#replay(this.#ends.until())
    // Disrupted again meanwhile: everything from the beginning. Not acknowledged: this round once more.
    if (!isWhole || this.#disruptedAt !== disruptedAt || this.#round !== wasRound) return
    this.#round += 1
    if (this.#round < ROUNDS_MS.length) return
    this.#disruptedAt = null
    this.#round = 0
    this.#ends.forget(performance.now() - REMEMBERED_MS)
  }

  /** No client tells of every change, and one that has nothing to do notices none: before an end is forgotten it is repeated in any case. */
  async #lastLook(): Promise<void> {
    const old = performance.now() - REMEMBERED_MS
    if (!(await this.#replay(this.#ends.until(old)))) this.#disruptedAt ??= performance.now()
    // Disrupted meanwhile: those that acknowledged may be gone already.
    if (this.#disruptedAt === null) this.#ends.forget(old)
  }

  /** Whether all were acknowledged. */
  #replay(ends: readonly E[]): Promise<boolean> {
    return this.#options.ends.repeat(ends, () => this.#stopped)
  }
}

/** Why it was not need not be known: it is tried again. */
export function isAcknowledged(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}
