import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import { untilAborted } from "../../until-aborted.js"

/** Keys in one MGET: so many that a round trip is shared, so few that nobody waits for a large reply. */
const MAX_KEYS = 128

/** One caller's read, and the next of the same key. */
interface Read<P, T> {
  readonly place: P
  readonly resolve: (value: T | null) => void
  readonly reject: (error: unknown) => void
  readonly next: Read<P, T> | undefined
}

/**
 * Lets all reads of one event-loop turn travel together, and reads of one key share a fetch.
 *
 * A read joins only a fetch that is not sent yet: one that is under way may have been answered before a change that the caller already knows of.
 */
export class ReadBatch<P, T> {
  readonly #redis: Pick<IRedisService, "singleNode" | "get" | "mget">
  readonly #decode: (place: P, text: string) => T
  #waiting = new Map<string, Read<P, T>>()

  /** @param decode - what a value says of a place; asked for each caller, so that none gets what another one has */
  constructor(redis: Pick<IRedisService, "singleNode" | "get" | "mget">, decode: (place: P, text: string) => T) {
    this.#redis = redis
    this.#decode = decode
  }

  /** What lies under a key. Only this caller's wait ends with its signal; the fetch goes on for the others. */
  get(place: P, key: string, signal?: AbortSignal): Promise<T | null> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const value = new Promise<T | null>((resolve, reject) => {
      if (this.#waiting.size === 0) setImmediate(() => this.#send())
      this.#waiting.set(key, { place, resolve, reject, next: this.#waiting.get(key) })
    })
    return signal === undefined ? value : untilAborted(value, signal)
  }

  #send(): void {
    const waiting = this.#waiting
    // From here on nobody joins these.
    this.#waiting = new Map()
    const keys = [...waiting.keys()]
    const reads = [...waiting.values()]
    // On a cluster each read has its own fate: one silent node must not fail the reads of the others. Clients pipeline them anyway.
    const together = this.#redis.singleNode ? MAX_KEYS : 1
    for (let from = 0; from < keys.length; from += together) this.#fetch(keys.slice(from, from + together), reads.slice(from, from + together))
  }

  #fetch(keys: readonly string[], reads: readonly Read<P, T>[]): void {
    const [only] = keys
    const values = keys.length === 1 && only !== undefined ? this.#redis.get(only).then((value) => [value]) : this.#redis.mget(keys)
    values.then(
      (found) => {
        for (const [at, read] of reads.entries()) this.#settle(read, found[at] ?? null)
      },
      (error: unknown) => {
        for (const first of reads) for (let read: Read<P, T> | undefined = first; read !== undefined; read = read.next) read.reject(error)
      },
    )
  }

  #settle(first: Read<P, T>, text: string | null): void {
    for (let read: Read<P, T> | undefined = first; read !== undefined; read = read.next) {
      try {
        read.resolve(text === null ? null : this.#decode(read.place, text))
      } catch (error) {
        read.reject(error)
      }
    }
  }
}
