import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import { untilAborted } from "../../until-aborted.js"
import { Traffic, turnByTurn } from "../Traffic.js"

/** Keys in one MGET: so many that a round trip is shared, so few that the server answers some while this process reads the answers to others. */
const MOST_KEYS = 32

/** Who reads, and what becomes of that. An object, and not two functions: this is made for every request. */
export interface Reader<T, R> {
  /** What the caller gets of what was found. What it throws is told as it is. */
  answer(value: T | null): R | Promise<R>
  /** What is told of a failed fetch, or of a value that cannot be decoded. */
  refuse(error: unknown): unknown
}

/** One caller's read, and the next of the same key. A class, for a literal may come to lie in the old generation, and whoever waits with it (bench/README.md). */
class Read<P, T> {
  readonly #place: P
  readonly #reader: Reader<T, unknown>
  readonly #resolve: (answer: unknown) => void
  readonly #reject: (error: unknown) => void
  readonly #signal: AbortSignal | undefined
  readonly next: Read<P, T> | undefined

  constructor(
    place: P,
    reader: Reader<T, unknown>,
    resolve: (answer: unknown) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
    next: Read<P, T> | undefined,
  ) {
    this.#place = place
    this.#reader = reader
    this.#resolve = resolve
    this.#reject = reject
    this.#signal = signal
    this.next = next
  }

  /** Whether anybody waits for any of those of one key. */
  static isWaited<P, T>(first: Read<P, T>): boolean {
    for (let read: Read<P, T> | undefined = first; read !== undefined; read = read.next) if (read.#signal?.aborted !== true) return true
    return false
  }

  settle(text: string | null, decode: (place: P, text: string) => T): void {
    let value: T | null
    try {
      value = text === null ? null : decode(this.#place, text)
    } catch (error) {
      this.fail(error)
      return
    }
    try {
      this.#resolve(this.#reader.answer(value))
    } catch (error) {
      this.#reject(error)
    }
  }

  fail(error: unknown): void {
    this.#reject(this.#reader.refuse(error))
  }
}

/**
 * Lets all reads of one event-loop turn travel together, and reads of one key share a fetch.
 *
 * A read joins only a fetch that is not sent yet: one that is under way may have been answered before a change that the caller already knows of.
 */
export class ReadBatch<P, T> {
  readonly #redis: Pick<IRedisService, "singleNode" | "get" | "mget">
  readonly #decode: (place: P, text: string) => T
  readonly #traffic: Traffic
  #waiting = new Map<string, Read<P, T>>()

  /**
   * @param decode - what a value says of a place; asked for each caller, so that none gets what another one has
   * @param traffic - shared with whatever else the same callers wait for
   */
  constructor(redis: Pick<IRedisService, "singleNode" | "get" | "mget">, decode: (place: P, text: string) => T, traffic = new Traffic()) {
    this.#redis = redis
    this.#decode = decode
    this.#traffic = traffic
  }

  /** What lies under a key. Only this caller's wait ends with its signal; the fetch goes on for the others, and is not sent where there is none any more. */
  get(place: P, key: string, signal?: AbortSignal): Promise<T | null> {
    return signal?.aborted ? Promise.reject(signal.reason) : untilAborted(this.ask<T | null>(place, key, AS_IT_IS, signal), signal)
  }

  /**
   * What a reader makes of that which lies under a key, as its fetch arrives: a promise between the two would cost as much as half of the decoding.
   *
   * @param signal - aborted when nobody waits any more; the caller ends its own wait
   */
  ask<R>(place: P, key: string, reader: Reader<T, R>, signal?: AbortSignal): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const next = this.#waiting.get(key)
      this.#waiting.set(key, new Read<P, T>(place, reader, resolve as (answer: unknown) => void, reject, signal, next))
      if (next === undefined) this.#traffic.waits(this.#waiting.size, this.#sendAll)
    })
  }

  readonly #sendAll = (): void => {
    const waiting = this.#waiting
    if (waiting.size === 0) return
    // From here on nobody joins these.
    this.#waiting = new Map()
    const keys: string[] = []
    const reads: Read<P, T>[] = []
    for (const [key, read] of waiting) {
      if (!Read.isWaited(read)) continue
      keys.push(key)
      reads.push(read)
    }
    if (keys.length === 0) return
    if (this.#redis.singleNode) turnByTurn(keys.length, MOST_KEYS, (begin, end) => this.#fetch(keys.slice(begin, end), reads.slice(begin, end)))
    // Each has its own fate there: one silent node must not fail the reads of the others. What goes to one node goes as one pipeline.
    else for (const [at, key] of keys.entries()) this.#fetch([key], reads.slice(at, at + 1))
  }

  #fetch(keys: readonly string[], reads: readonly Read<P, T>[]): void {
    const [only] = keys
    this.#traffic.begun()
    const values = keys.length === 1 && only !== undefined ? this.#redis.get(only).then((value) => [value]) : this.#redis.mget(keys)
    values.then(
      (found) => {
        this.#traffic.ended()
        let at = 0
        for (const first of reads) {
          const text = found[at++] ?? null
          for (let read: Read<P, T> | undefined = first; read !== undefined; read = read.next) read.settle(text, this.#decode)
        }
      },
      (error: unknown) => {
        this.#traffic.ended()
        for (const first of reads) for (let read: Read<P, T> | undefined = first; read !== undefined; read = read.next) read.fail(error)
      },
    )
  }
}

const AS_IT_IS = { answer: <T>(value: T): T => value, refuse: (error: unknown): unknown => error }
