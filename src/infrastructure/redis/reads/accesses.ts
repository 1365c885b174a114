import { SessionError } from "../../../domain/errors.js"
import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import { deadlinePassed } from "../../call-deadlines.js"
import type { Accessed, DueAccess, SessionScripts } from "../scripts/session-scripts.js"
import { TurnBatch } from "../TurnBatch.js"

/** Sessions in one script: see the same of reads in batch.ts, and of touches in touches.ts. */
const MOST_TOGETHER = 32

/** A session that was read, but whose access the server would not write down. */
export interface Unwritten {
  readonly text: string | null
  readonly failed: unknown
}

/**
 * Reads of which each is an access to be written down, with a touch interval of zero: both in one step, those of one event-loop turn together, and those of one
 * session as one.
 */
export class Accesses {
  readonly #redis: IRedisService
  readonly #scripts: Pick<SessionScripts, "accesses">
  readonly #timeoutMs: number
  readonly #batch: TurnBatch<DueAccess, Accessed | Unwritten>

  /** @param timeoutMs - how long a read may take, in milliseconds */
  constructor(redis: IRedisService, scripts: Pick<SessionScripts, "accesses">, timeoutMs: number) {
    this.#redis = redis
    this.#scripts = scripts
    this.#timeoutMs = timeoutMs
    this.#batch = new TurnBatch({ many: (due) => this.#once(due) }, redis.singleNode ? MOST_TOGETHER : 1)
  }

  /** @throws ERR_STORE_TIMEOUT, of which the access may have been written down, and what else a read throws */
  read(due: DueAccess): Promise<Accessed | Unwritten> {
    return this.#batch.add(due)
  }

  /** Those who bring the same secret of one session share an answer. */
  async #once(due: readonly DueAccess[]): Promise<readonly (Accessed | Unwritten)[]> {
    const places = new Map<string, number>()
    const different: DueAccess[] = []
    const placeOf = due.map((one) => {
      const name = `${one.session} ${one.verifiers.join(" ")}`
      const known = places.get(name)
      if (known !== undefined) return known
      places.set(name, different.length)
      return different.push(one) - 1
    })
    const answers = await this.#send(different)
    return placeOf.map((place) => answers[place] as Accessed | Unwritten)
  }

  async #send(due: readonly DueAccess[]): Promise<readonly (Accessed | Unwritten)[]> {
    const deadline = performance.now() + this.#timeoutMs
    try {
      return await this.#scripts.accesses(due, {})
    } catch (failed) {
      if (SessionError.is(failed, "ERR_STORE_TIMEOUT")) throw deadlinePassed(this.#timeoutMs, true)
      // A server that takes no writes may still be read: nobody is to be logged out because their access cannot be written down.
      const texts = await this.#readAlone(due, deadline)
      return texts.map((text) => ({ text, failed }))
    }
  }

  async #readAlone(due: readonly DueAccess[], deadline: number): Promise<readonly (string | null)[]> {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(deadline - performance.now())))
    try {
      return await this.#redis.mget(
        due.map(({ session }) => session),
        { signal },
      )
    } catch (error) {
      throw signal.aborted ? deadlinePassed(this.#timeoutMs, true) : error
    }
  }
}
