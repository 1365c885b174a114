import type { Handle } from "../../../domain/session/ticket.js"
import type { Background } from "../upkeep/background.js"
import { removeListed, type UpkeepParts } from "../upkeep/sign-out-everywhere.js"
import { type End, RecentEnds, type SessionEnd, type UserEnd } from "./recent-ends.js"

/** How long an end is remembered while nothing happens, in milliseconds; then it is made sure of once more. */
const REMEMBERED_MS = 30_000
/** The same while the store is disrupted: with its defaults a Sentinel needs half a minute until there is a new primary, a cluster a quarter. */
const REMEMBERED_IN_TROUBLE_MS = 300_000
/** When ends are repeated after a disruption: at once, and again because this process may still have spoken with a primary that was about to go. */
const ROUNDS_MS = [100, 1_000, 5_000, 15_000] as const
/** Between two rounds, and between two looks at what has grown old. */
const LEAST_PAUSE_MS = 1_000
/** Deletions sent together. */
const PAGE = 500

interface ReplayOptions {
  readonly parts: UpkeepParts
  /** Keeps the service open until a round has ended. */
  readonly background: Background
  /** A session that was ended had come back, and was ended again. */
  readonly onEndedAgain: (handle: Handle) => void
}

/**
 * Repeats the latest ends of sessions when another server may have taken over that never heard of them: replication is asynchronous, so a sign-out
 * that was acknowledged may be lost with a primary, and its session is there again.
 *
 * An end names its session by an id that is never used again, so repeating it can do no more than was asked for already. Where thousands were ended
 * at a time only the instant is remembered, and the user's list says which they were.
 */
export class ReplayDeletes {
  readonly #options: ReplayOptions
  readonly #ends = new RecentEnds()
  /** When the store was last disrupted; `null` after all rounds that follow. */
  #disruptedAt: number | null = null
  #round = 0
  #lastRoundAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #running = false
  #stopped = false

  constructor(options: ReplayOptions) {
    this.#options = options
  }

  /** Remembers an end that the store has acknowledged. */
  remember(end: End): void {
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
  async #replay(ends: readonly End[]): Promise<boolean> {
    const sessions = ends.filter((end) => end.kind === "session" && end.owner === null)
    let isWhole = true
    for (let from = 0; from < sessions.length && !this.#stopped; from += PAGE) {
      isWhole = (await isAcknowledged(this.#endSessions(sessions.slice(from, from + PAGE) as readonly SessionEnd[]))) && isWhole
    }
    for (const end of ends) {
      if (this.#stopped) return false
      if (end.kind === "user") isWhole = (await isAcknowledged(this.#endListed(end))) && isWhole
      else if (end.owner !== null) isWhole = (await isAcknowledged(this.#endOwned(end.handle, end.owner))) && isWhole
    }
    return isWhole
  }

  async #endSessions(ends: readonly SessionEnd[]): Promise<void> {
    const { parts, onEndedAgain } = this.#options
    const existed = await parts.redis.unlink(ends.map(({ handle }) => parts.keys.session(handle)))
    for (const [at, { handle }] of ends.entries()) if (existed[at] === true) onEndedAgain(handle)
  }

  /** The record decides whether it was this user's to end. */
  async #endOwned(handle: Handle, owner: string): Promise<void> {
    const { parts, onEndedAgain } = this.#options
    const due = { session: parts.keys.session(handle), owner: JSON.stringify(owner), newest: null, version: null, verifiers: [] }
    const { status } = await parts.scripts.delete(due, {})
    if (status === "DONE") onEndedAgain(handle)
  }

  async #endListed({ place, cutoff, owner, except }: UserEnd): Promise<void> {
    const { parts, onEndedAgain } = this.#options
    await removeListed(parts, place, { score: cutoff }, { owner, except, onBegin: () => undefined, onEnded: onEndedAgain })
  }
}

/** Why it was not need not be known: it is tried again. */
function isAcknowledged(work: Promise<void>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}
