import type fc from "fast-check"
import type { SessionToken } from "../../domain/interfaces/session/ISessionService.js"
import type { ServiceUnderTest } from "../../exports/testing.js"
import type { SessionModel } from "./session-model.js"

/** The service beside the model: tokens by session, the oldest first, and both clocks. */
export interface Real {
  readonly service: ServiceUnderTest
  /** Milliseconds on the clock that the model is told. */
  now(): number
  advance(milliseconds: number): Promise<void>
  /** Every token of each session that was opened, the latest last. */
  readonly tokens: SessionToken[][]
  readonly idleMs: number
  readonly absoluteMs: number
  /** How far times may differ, and how long a call may take before nothing can be said of it. */
  readonly toleranceMs: number
  /** What came to pass: a run in which nothing ever did proves nothing. */
  readonly met: Set<"absent" | "conflict" | "full" | "evicted" | "expired" | "grace">
}

/** Thrown when a call took so long that the model cannot tell what it should have answered. */
export class TooSlow extends Error {}

type Run = (model: SessionModel, real: Real, now: number) => Promise<void>

/** One call on both, at a moment of which the model is sure. */
export class Command implements fc.AsyncCommand<SessionModel, Real> {
  readonly #text: string
  readonly #run: Run
  readonly #takesTime: boolean

  constructor(text: string, run: Run, takesTime = false) {
    this.#text = text
    this.#run = run
    this.#takesTime = takesTime
  }

  check(): boolean {
    return true
  }

  async run(model: SessionModel, real: Real): Promise<void> {
    for (let waits = 0; !model.isSure(real.now()); waits += 1) {
      if (waits === 200) throw new TooSlow("no quiet moment")
      await real.advance(Math.ceil(real.idleMs / 50))
    }
    const now = real.now()
    const [outcome] = await Promise.allSettled([this.#run(model, real, now)])
    if (!this.#takesTime && real.now() - now > real.toleranceMs) throw new TooSlow(this.#text)
    if (outcome.status === "rejected") throw outcome.reason
  }

  toString(): string {
    return this.#text
  }
}
