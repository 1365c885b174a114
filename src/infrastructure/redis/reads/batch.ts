import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import { untilAborted } from "../../until-aborted.js"
import { soon } from "../TurnBatch.js"

/** Keys in one MGET: so many that a round trip is shared, so few that the server answers some while this process reads the answers to others. */
const MOST_KEYS = 32
/** Fetches that begin in one turn of the event loop; the others of the same reads follow turn by turn, so that answers are read between them. */
const FETCHES_A_TURN = 2

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
  readonly next: Read<P, T> | undefined

  constructor(place: P, reader: Reader<T, unknown>, resolve: (answer: unknown) => void, reject: (error: unknown) => void, next: Read<P, T> | undefined) {
    this.#place = place
    this.#reader = reader
    this.#resolve = resolve
    this.#reject = reject
    this.next = next
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
  #waiting = new Map<string, Read<P, T>>()
  #underWay = 0

  /** @param decode - what a value says of a place; asked for each caller, so that none gets what another one has */
  constructor(redis: Pick<IRedisService, "singleNode" | "get" | "mget">, decode: (place: P, text: string) => T) {
    this.#redis = redis
    this.#decode = decode
  }

  get isUnderWay(): boolean {
    return this.#underWay > 0
  }

  /** What lies under a key. Only this caller's wait ends with its signal; the fetch goes on for the others. */
  get(place: P, key: string, signal?: AbortSignal): Promise<T | null> {
    return signal?.aborted ? Promise.reject(signal.reason) : untilAborted(this.ask<T | null>(place, key, AS_IT_IS), signal)
  }

  /** What a reader makes of that which lies under a key, as its fetch arrives: a promise between the two would cost as much as half of the decoding. */
  ask<R>(place: P, key: string, reader: Reader<T, R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (this.#waiting.size === 0) soon(() => this.#sendAll(), this.#underWay > 0)
      this.#waiting.set(key, new Read<P, T>(place, reader, resolve as (answer: unknown) => void, reject, this.#waiting.get(key)))
    })
  }

  #sendAll(): void {
    const waiting = this.#waiting
    // From here on nobody joins these.
    this.#waiting = new Map()
    this.#sendFrom(0, [...waiting.keys()], [...waiting.values()])
  }

  #sendFrom(begin: number, keys: readonly string[], reads: readonly Read<P, T>[]): void {
    const { singleNode } = this.#redis
    // On a cluster each read has its own fate: one silent node must not fail the reads of the others. Clients pipeline them anyway.
    const together = singleNode ? MOST_KEYS : 1
    const end = singleNode ? begin + FETCHES_A_TURN * together : keys.length
    for (let from = begin; from < Math.min(end, keys.length); from += together)
      this.#fetch(keys.slice(from, from + together), reads.slice(from, from + together))
    if (end < keys.length) setImmediate(() => this.#sendFrom(end, keys, reads))
  }

  #fetch(keys: readonly string[], reads: readonly Read<P, T>[]): void {
    const [only] = keys
    this.#underWay += 1
    const values = keys.length === 1 && only !== undefined ? this.#redis.get(only).then((value) => [value]) : this.#redis.mget(keys)
    values.then(
      (found) => {
        this.#underWay -= 1
        let at = 0
        for (const first of reads) {
          const text = found[at++] ?? null
          for (let read: Read<P, T> | undefined = first; read !== undefined; read = read.next) read.settle(text, this.#decode)
        }
      },
      (error: unknown) => {
        this.#underWay -= 1
        for (const first of reads) for (let read: Read<P, T> | undefined = first; read !== undefined; read = read.next) read.fail(error)
      },
    )
  }
}

const AS_IT_IS = { answer: <T>(value: T): T => value, refuse: (error: unknown): unknown => error }
