import type { Duration } from "../../shared/durations.js"

/** Thrown when a busy machine let a moment pass before it could be looked at, or its clock was set meanwhile: the scenario says nothing and is played again. */
export class MomentMissed extends Error {
  override readonly name = "MomentMissed"
}

export interface Pace {
  readonly unitMs: number
  /** Real waits need room for scheduling; a fake clock can be judged to the millisecond. */
  readonly fake: boolean
}

/** Lets a scenario say "just before ten units" and "just after", on a fake clock and on a real one. */
export class Timeline {
  readonly #advance: (by: Duration) => Promise<void>
  readonly #pace: Pace
  readonly #marginMs: number
  #moved = 0
  #startedAt = performance.now()
  #clockAhead = clockAhead()

  constructor(advance: (by: Duration) => Promise<void>, pace: Pace) {
    this.#advance = advance
    this.#pace = pace
    this.#marginMs = pace.fake ? 2 : 2 * pace.unitMs
  }

  /** Runs an action and counts all later moments from it. */
  async from<T>(action: () => Promise<T>): Promise<T> {
    this.#moved = 0
    this.#startedAt = performance.now()
    this.#clockAhead = clockAhead()
    const result = await action()
    if (!this.#pace.fake && this.#elapsed() > this.#marginMs / 2) throw new MomentMissed("The first step took too long.")
    return result
  }

  /** Looks at a moment shortly before `units` have passed. */
  async before<T>(units: number, look: () => Promise<T>): Promise<T> {
    await this.#reach(units * this.#pace.unitMs - this.#marginMs)
    // What is looked at may be the first step of what comes next, so the count may begin anew meanwhile.
    const startedAt = this.#startedAt
    return this.#judge(look, () => (performance.now() - startedAt >= units * this.#pace.unitMs ? `${units} units had passed already.` : null))
  }

  /** Looks at a moment shortly after `units` have passed. */
  async after<T>(units: number, look: () => Promise<T>): Promise<T> {
    await this.#reach(units * this.#pace.unitMs + this.#marginMs)
    return this.#judge(look, () => null)
  }

  /** An assertion that fails after its moment has passed says nothing about the service. */
  async #judge<T>(look: () => Promise<T>, missed: () => string | null): Promise<T> {
    const before = this.#clockAhead
    const [outcome] = await Promise.allSettled([look()])
    if (!this.#pace.fake) {
      // Servers count by it, and it may be set: a virtual machine that was stopped and goes on is told the time anew.
      const wasSet = Math.abs(clockAhead() - before) > this.#marginMs / 2
      const why = wasSet ? "The machine's clock was set meanwhile." : missed()
      if (why !== null) throw new MomentMissed(why)
    }
    if (outcome.status === "rejected") throw outcome.reason
    return outcome.value
  }

  async #reach(targetMs: number): Promise<void> {
    const missing = Math.ceil(targetMs - this.#elapsed())
    if (missing <= 0) return
    await this.#advance(`${missing}ms`)
    this.#moved += missing
  }

  #elapsed(): number {
    return this.#pace.fake ? this.#moved : performance.now() - this.#startedAt
  }
}

/** How far the clock that can be set is ahead of the one that cannot. */
function clockAhead(): number {
  return Date.now() - performance.now()
}
