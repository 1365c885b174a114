import type { DueTouch, Touched } from "../scripts/session-scripts.js"

/** Sends touches that wait: one alone, or many on one node in one step. */
export interface TouchSender {
  one(due: DueTouch): Promise<Touched>
  /** In their order. */
  many(due: readonly DueTouch[]): Promise<readonly Touched[]>
}

interface Pending {
  readonly due: DueTouch
  readonly promise: Promise<Touched>
  readonly resolve: (touched: Touched) => void
  readonly reject: (error: unknown) => void
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
  readonly #sender: TouchSender
  readonly #together: number
  /** By session and verifiers, from when they are asked for until they are answered. */
  readonly #pending = new Map<string, Pending>()
  #waiting: Pending[] = []

  /** @param singleNode - whether one script reaches all sessions */
  constructor(sender: TouchSender, singleNode: boolean) {
    this.#sender = sender
    this.#together = singleNode ? MOST_TOGETHER : 1
  }

  /** @param interval - for how long one access stands for others, in milliseconds; 0: not at all once it is sent */
  touch(due: DueTouch, interval: number): Promise<Touched> {
    const name = [due.session, ...due.verifiers].join(" ")
    const known = this.#pending.get(name)
    if (known !== undefined && (known.sentAt === null || performance.now() - known.sentAt < interval)) return known.promise
    const pending = this.#begin(due)
    this.#pending.set(name, pending)
    const forget = (): void => {
      if (this.#pending.get(name) === pending) this.#pending.delete(name)
    }
    pending.promise.then(forget, forget)
    return pending.promise
  }

  #begin(due: DueTouch): Pending {
    if (this.#waiting.length === 0) setImmediate(() => this.#sendAll())
    let resolve: Pending["resolve"] = () => {}
    let reject: Pending["reject"] = () => {}
    const promise = new Promise<Touched>((onTouched, onError) => {
      resolve = onTouched
      reject = onError
    })
    const pending = { due, promise, resolve, reject, sentAt: null }
    this.#waiting.push(pending)
    return pending
  }

  #sendAll(): void {
    const waiting = this.#waiting
    this.#waiting = []
    const now = performance.now()
    for (const pending of waiting) pending.sentAt = now
    for (let from = 0; from < waiting.length; from += this.#together) this.#send(waiting.slice(from, from + this.#together))
  }

  #send(sent: readonly Pending[]): void {
    const [only] = sent
    if (sent.length === 1 && only !== undefined) {
      this.#sender.one(only.due).then(only.resolve, only.reject)
      return
    }
    this.#sender.many(sent.map(({ due }) => due)).then(
      (touched) => {
        for (const [at, { resolve }] of sent.entries()) resolve(touched[at] as Touched)
      },
      (error: unknown) => {
        for (const { reject } of sent) reject(error)
      },
    )
  }
}
