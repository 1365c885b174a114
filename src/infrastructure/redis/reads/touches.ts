import type { DueTouch, Touched } from "../scripts/session-scripts.js"
import type { Traffic } from "../Traffic.js"
import { TurnBatch } from "../TurnBatch.js"

interface Pending {
  readonly name: string
  readonly due: DueTouch
  promise: Promise<Touched> | null
  /** By `performance.now()`; `null`: it is not sent yet. */
  sentAt: number | null
}

/** Touches in one script: so many that they share a round trip, so few that nobody waits long for the server. */
const MOST_TOGETHER = 32

/**
 * Lets the touches of one event-loop turn travel together, and writes the accesses to one session down once: a touch that waits counts for all who ask for it,
 * and one that was just sent for those who could not know of it yet.
 */
export class Touches {
  readonly #batch: TurnBatch<Pending, Touched>
  /** By session and verifiers, from when they are asked for until they are answered. */
  readonly #pending = new Map<string, Pending>()

  /**
   * @param send - writes accesses down in one script, and answers in their order
   * @param singleNode - whether one script reaches all sessions
   * @param traffic - shared with the reads: what their callers ask for next is sent together with touches
   */
  constructor(send: (due: readonly DueTouch[]) => Promise<readonly Touched[]>, singleNode: boolean, traffic?: Traffic) {
    const sent = (pending: Pending): DueTouch => {
      pending.sentAt = performance.now()
      return pending.due
    }
    const forget = (pending: Pending): void => {
      if (this.#pending.get(pending.name) === pending) this.#pending.delete(pending.name)
    }
    this.#batch = new TurnBatch({ many: (pending) => send(pending.map(sent)).finally(() => pending.forEach(forget)) }, singleNode ? MOST_TOGETHER : 1, traffic)
  }

  /** @param interval - for how long one access stands for others, in milliseconds; 0: not at all once it is sent */
  touch(due: DueTouch, interval: number): Promise<Touched> {
    const name = `${due.session} ${due.verifiers.join(" ")}`
    const known = this.#pending.get(name)
    if (known?.promise && (known.sentAt === null || performance.now() - known.sentAt < interval)) return known.promise
    const pending: Pending = { name, due, promise: null, sentAt: null }
    this.#pending.set(name, pending)
    pending.promise = this.#batch.add(pending)
    return pending.promise
  }
}
