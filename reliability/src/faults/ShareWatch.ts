import { createHash } from "node:crypto"
import { setTimeout as pause } from "node:timers/promises"
import { type ISessionService, SessionError } from "coatcheck"
import { shareOf, slotOfToken } from "../servers/key-slot.js"
import { waitUntil } from "../servers/wait-until.js"
import type { Attributes } from "../workloads/RecordedClient.js"

const EVERY_MS = 10
const NAMES = 1_000

export interface ShareFinding {
  readonly calls: number
  readonly answered: number
  /** Refused with an error that says: not applied, try again. */
  readonly retryable: number
  /** Perhaps applied. */
  readonly unknown: number
  /** Of those without an answer, how many this process itself held up: they say nothing of the share. */
  readonly heldUp: number
  /** Answers that the session is not there. */
  readonly gone: number
  /** The longest time without an answer, in milliseconds. */
  readonly silenceMs: number
}

/** Tells for how long this process stood still. */
interface Clock {
  now(): number
  /** Milliseconds since then. */
  stoodStill(from: number): number
}

const NO_CLOCK: Clock = { now: () => 0, stoodStill: () => 0 }
/** A standstill that may cost a call its answer. */
const HELD_UP_MS = 200

/** One session in each share of a cluster's slots, which is changed again and again: whose share is away, and for how long. */
export class ShareWatch {
  readonly #service: ISessionService<Attributes>
  readonly #tokens: readonly string[]
  readonly #clock: Clock
  #working = true
  #works: readonly Promise<ShareFinding>[] = []

  private constructor(service: ISessionService<Attributes>, tokens: readonly string[], clock: Clock) {
    this.#service = service
    this.#tokens = tokens
    this.#clock = clock
  }

  /** @param shares into how many equal parts the slots are divided */
  static async open(service: ISessionService<Attributes>, shares: number, clock: Clock = NO_CLOCK): Promise<ShareWatch> {
    const tokens: string[] = []
    for (let i = 0; tokens.filter(Boolean).length < shares && i < NAMES; i++) {
      const { token } = await service.createSession({ userId: `share-${createHash("sha256").update(`${i}`).digest("hex")}`, attributes: { text: "-" } })
      tokens[shareOf(slotOfToken(token), shares)] ??= token
    }
    return new ShareWatch(service, tokens, clock)
  }

  begin(): void {
    this.#working = true
    this.#works = this.#tokens.map((token) => this.#watch(token))
  }

  /** @returns what was seen of each share since `begin` */
  async end(): Promise<readonly ShareFinding[]> {
    this.#working = false
    return Promise.all(this.#works)
  }

  /** Waits until every share answers. @throws when one does not in time */
  async answering(withinMs: number): Promise<void> {
    await waitUntil("every share to answer", withinMs, async () => {
      await Promise.all(this.#tokens.map((token) => this.#service.updateSession(token, { text: "answers" })))
      return true
    })
  }

  async #watch(token: string): Promise<ShareFinding> {
    const found = { calls: 0, answered: 0, retryable: 0, unknown: 0, heldUp: 0, gone: 0, silenceMs: 0 }
    let last = performance.now()
    while (this.#working) {
      found.calls += 1
      const from = this.#clock.now()
      try {
        if ((await this.#service.updateSession(token, { text: `${found.calls}` })) === null) {
          found.gone += 1
        } else {
          found.answered += 1
          found.silenceMs = Math.max(found.silenceMs, performance.now() - last)
          last = performance.now()
        }
      } catch (error) {
        if (!SessionError.is(error)) throw error
        if (this.#clock.stoodStill(from) >= HELD_UP_MS) found.heldUp += 1
        else if (error.outcome === "unknown") found.unknown += 1
        else if (error.retryable) found.retryable += 1
      }
      await pause(EVERY_MS)
    }
    found.silenceMs = Math.max(found.silenceMs, performance.now() - last)
    return found
  }
}
