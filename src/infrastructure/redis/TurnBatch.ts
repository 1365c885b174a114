import { emptyList } from "../../shared/empty-list.js"
import { onAbort } from "../abort-hub.js"
import { Traffic, turnByTurn } from "./Traffic.js"

/** A claim whose answer is awaited. A class, for a literal may come to lie in the old generation, and whoever waits with it (bench/README.md). */
class Waiting<C, A> {
  readonly claim: C
  readonly signal: AbortSignal | undefined
  readonly resolve: (answer: A) => void
  readonly reject: (reason: unknown) => void

  constructor(claim: C, signal: AbortSignal | undefined, resolve: (answer: A) => void, reject: (reason: unknown) => void) {
    this.claim = claim
    this.signal = signal
    this.resolve = resolve
    this.reject = reject
  }
}

/** Sends claims: several in one step, and one alone in its own way where there is one. The signal is aborted when nobody waits for any of them any more. */
export interface ClaimSender<C, A> {
  one?(claim: C, signal: AbortSignal | undefined): Promise<A>
  /** Answers in the order of the claims. */
  many(claims: readonly C[], signal: AbortSignal | undefined): Promise<readonly A[]>
}

/**
 * Lets what is asked for in one turn of the event loop travel together. What is more than one step goes turn by turn. Each claim has an answer of its own; what becomes of a round trip becomes of all that
 * share it. A claim whose caller went away before it was sent is never sent; after that its caller ends its own wait.
 */
export class TurnBatch<C, A> {
  readonly #sender: ClaimSender<C, A>
  readonly #most: number
  readonly #traffic: Traffic
  #waiting: Waiting<C, A>[] = emptyList()

  /**
   * @param most - claims in one step, from 1
   * @param traffic - shared with whatever else the same callers wait for: what is alone travels with that
   */
  constructor(sender: ClaimSender<C, A>, most: number, traffic = new Traffic()) {
    this.#sender = sender
    this.#most = most
    this.#traffic = traffic
  }

  add(claim: C, signal?: AbortSignal): Promise<A> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(new Waiting<C, A>(claim, signal, resolve, reject))
      this.#traffic.waits(this.#waiting.length, this.#sendAll)
    })
  }

  readonly #sendAll = (): void => {
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = emptyList()
    // What cannot travel together need not wait for each other.
    if (this.#most === 1) for (const one of waiting) this.#send([one])
    else turnByTurn(waiting.length, this.#most, (begin, end) => this.#send(waiting.slice(begin, end)))
  }

  #send(waiting: readonly Waiting<C, A>[]): void {
    const sent = waiting.filter(isStillWaited)
    if (sent.length === 0) return
    this.#traffic.begun()
    const { signal, release } = unlessAllAborted(sent.map((one) => one.signal))
    const ended = (): void => {
      this.#traffic.ended()
      release()
    }
    this.#answers(sent, signal).then(
      (answers) => {
        ended()
        for (const [at, { resolve }] of sent.entries()) resolve(answers[at] as A)
      },
      (error: unknown) => {
        ended()
        // The wait of all was ended by the last of them: each is told what ended its own.
        const isEnded = signal?.aborted === true && error === signal.reason
        for (const one of sent) one.reject(isEnded ? one.signal?.reason : error)
      },
    )
  }

  #answers(sent: readonly Waiting<C, A>[], signal: AbortSignal | undefined): Promise<readonly A[]> {
    const [first] = sent
    if (sent.length === 1 && first !== undefined && this.#sender.one !== undefined) return this.#sender.one(first.claim, signal).then((answer) => [answer])
    return this.#sender.many(
      sent.map(({ claim }) => claim),
      signal,
    )
  }
}

function isStillWaited<C, A>({ signal, reject }: Waiting<C, A>): boolean {
  if (signal?.aborted !== true) return true
  reject(signal.reason)
  return false
}

/** Aborted once each of the signals is, with the reason of the last; `undefined` where one caller has none. `release` lets go of them. */
function unlessAllAborted(signals: readonly (AbortSignal | undefined)[]): { readonly signal: AbortSignal | undefined; release(): void } {
  // Calls of one turn mostly share the signal of their deadline.
  const [first, ...others] = new Set(signals)
  if (first === undefined || others.length === 0) return { signal: first, release: () => {} }
  if (others.includes(undefined)) return { signal: undefined, release: () => {} }
  const all = [first, ...others] as readonly AbortSignal[]
  const controller = new AbortController()
  const forget = all.map((signal) =>
    onAbort(signal, () => {
      if (all.every(({ aborted }) => aborted)) controller.abort(signal.reason)
    }),
  )
  return {
    signal: controller.signal,
    release: () => {
      for (const one of forget) one()
    },
  }
}
