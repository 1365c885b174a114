import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import { untilAborted } from "../../until-aborted.js"

/** Keys in one MGET: so many that a round trip is shared, so few that nobody waits for a large reply. */
const MAX_KEYS = 128

interface Fetch {
  readonly promise: Promise<string | null>
  readonly resolve: (value: string | null) => void
  readonly reject: (error: unknown) => void
}

/**
 * Lets all reads of one event-loop turn travel together, and reads of one key share a fetch.
 *
 * A read joins only a fetch that is not sent yet: one that is under way may have been answered before a change that the caller already knows of.
 */
export class ReadBatch {
  readonly #redis: Pick<IRedisService, "singleNode" | "get" | "mget">
  #waiting = new Map<string, Fetch>()

  constructor(redis: Pick<IRedisService, "singleNode" | "get" | "mget">) {
    this.#redis = redis
  }

  /** The value of a key. Only this caller's wait ends with its signal; the fetch goes on for the others. */
  get(key: string, signal?: AbortSignal): Promise<string | null> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const fetch = this.#waiting.get(key) ?? this.#begin(key)
    return untilAborted(fetch.promise, signal)
  }

  #begin(key: string): Fetch {
    if (this.#waiting.size === 0) setImmediate(() => this.#send())
    let resolve: Fetch["resolve"] = () => {}
    let reject: Fetch["reject"] = () => {}
    const promise = new Promise<string | null>((onValue, onError) => {
      resolve = onValue
      reject = onError
    })
    const fetch = { promise, resolve, reject }
    this.#waiting.set(key, fetch)
    return fetch
  }

  #send(): void {
    const entries = [...this.#waiting]
    // From here on nobody joins these.
    this.#waiting = new Map()
    for (let from = 0; from < entries.length; from += MAX_KEYS) this.#fetch(entries.slice(from, from + MAX_KEYS))
  }

  #fetch(entries: readonly (readonly [string, Fetch])[]): void {
    // On a cluster each read has its own fate: one silent node must not fail the reads of the others. Clients pipeline them anyway.
    if (!this.#redis.singleNode) {
      for (const [key, fetch] of entries) this.#redis.get(key).then(fetch.resolve, fetch.reject)
      return
    }
    const keys = entries.map(([key]) => key)
    const [only] = keys
    const values = keys.length === 1 && only !== undefined ? this.#redis.get(only).then((value) => [value]) : this.#redis.mget(keys)
    values.then(
      (found) => {
        for (const [at, [, fetch]] of entries.entries()) fetch.resolve(found[at] ?? null)
      },
      (error: unknown) => {
        for (const [, fetch] of entries) fetch.reject(error)
      },
    )
  }
}
