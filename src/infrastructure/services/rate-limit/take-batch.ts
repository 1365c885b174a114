import type { Judgement } from "../../../domain/rate-limit/record.js"
import type { PlacedClaim } from "./rate-limit-store.js"

/** Claims that are decided together. */
export interface TakeCall {
  readonly claims: readonly PlacedClaim[]
  /** See `RateLimitStore.take`. */
  readonly isProvisional: boolean
}

/** A call whose judgements are awaited. A class, for a literal may come to lie in the old generation, and whoever waits with it (bench/README.md). */
class Waiting implements TakeCall {
  readonly claims: readonly PlacedClaim[]
  readonly isProvisional: boolean
  readonly signal: AbortSignal | undefined
  readonly resolve: (judgements: readonly Judgement[]) => void
  readonly reject: (reason: unknown) => void

  constructor(
    { claims, isProvisional }: TakeCall,
    signal: AbortSignal | undefined,
    resolve: (judgements: readonly Judgement[]) => void,
    reject: (reason: unknown) => void,
  ) {
    this.claims = claims
    this.isProvisional = isProvisional
    this.signal = signal
    this.resolve = resolve
    this.reject = reject
  }
}

/** Claims in one script: so many that calls share a round trip, so few that the server decides some while this process writes the next. */
const MOST_CLAIMS = 32

/** Lets the claims of all calls of one event-loop turn travel together. Each call is decided for itself; what becomes of a round trip becomes of all that share it. */
export class TakeBatch {
  readonly #send: (calls: readonly TakeCall[]) => Promise<readonly (readonly Judgement[])[]>
  #waiting: Waiting[] = []

  /** @param send - decides calls in one round trip, in their order */
  constructor(send: (calls: readonly TakeCall[]) => Promise<readonly (readonly Judgement[])[]>) {
    this.#send = send
  }

  /** @param signal - of a caller who may go away: what is not sent by then never is */
  take(claims: readonly PlacedClaim[], isProvisional: boolean, signal: AbortSignal | undefined): Promise<readonly Judgement[]> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#sendAll())
      this.#waiting.push(new Waiting({ claims, isProvisional }, signal, resolve, reject))
    })
  }

  #sendAll(): void {
    const waiting = this.#waiting
    this.#waiting = []
    let together: Waiting[] = []
    let size = 0
    for (const one of waiting) {
      if (one.signal?.aborted) {
        one.reject(one.signal.reason)
        continue
      }
      if (size > 0 && size + one.claims.length > MOST_CLAIMS) {
        this.#decide(together)
        together = []
        size = 0
      }
      together.push(one)
      size += one.claims.length
    }
    if (size > 0) this.#decide(together)
  }

  #decide(together: readonly Waiting[]): void {
    this.#send(together).then(
      (judgements) => {
        for (const [at, one] of together.entries()) one.resolve(judgements[at] ?? [])
      },
      (error: unknown) => {
        for (const one of together) one.reject(error)
      },
    )
  }
}
