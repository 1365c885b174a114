import type { IRedisService, RedisCallOptions } from "../../../domain/interfaces/redis/IRedisService.js"
import type { Background } from "../upkeep/background.js"

/** A reading older than this is taken anew, in milliseconds: the server's clock may be set, and this machine may have slept. */
const MAX_AGE_MS = 30_000
/** No reply is believed to have been on its way for longer, in microseconds: what is further back was set back. */
const MAX_DELAY_MICROS = 30_000_000

/**
 * The server's time between two replies that carried it. A plain GET brings no time, and this machine's clock may be hours off, so the last
 * reading goes on by the local monotonic clock, which nobody sets.
 */
export class ServerClock {
  readonly #redis: IRedisService
  readonly #background: Background
  /** Server time minus local monotonic time, in microseconds, of the reading in use. */
  #offset: number | null = null
  #readAt = 0
  #asking: Promise<void> | null = null

  constructor(redis: IRedisService, background: Background) {
    this.#redis = redis
    this.#background = background
  }

  /**
   * @param micros - what `TIME` said, somewhere between sending and the reply; it is taken to be of the moment of the reply, so that the clock is never ahead.
   * A reply that came late sets it back, so the least delayed of the last readings is the one in use, unless the server's own clock was set back.
   */
  observe(micros: number): void {
    const now = performance.now()
    const offset = micros - now * 1000
    const late = this.#offset === null ? 0 : this.#offset - offset
    if (late > 0 && late <= MAX_DELAY_MICROS && now - this.#readAt <= MAX_AGE_MS) return
    this.#offset = offset
    this.#readAt = now
  }

  /** Whether `nowMicros` answers at once. */
  get isKnown(): boolean {
    return this.#offset !== null
  }

  /** Microseconds. Asks the server before the first reading; later, where the last one is old, beside the call. */
  nowMicros(options: RedisCallOptions): number | Promise<number> {
    if (this.#offset === null) return this.#firstReading(options)
    const now = performance.now()
    if (now - this.#readAt > MAX_AGE_MS) this.#background.run(this.#ask())
    return Math.floor(this.#offset + now * 1000)
  }

  /**
   * Until when the server may make a change, by its own clock, in microseconds: no longer than a window, and no longer than the call waits for it.
   *
   * @param options `deadline`: when the call's time is up, by `performance.now()`
   */
  notAfter(windowMicros: number, options: RedisCallOptions & { readonly deadline?: number | undefined }): number | Promise<number> {
    const limit = (now: number): number => {
      const left = options.deadline === undefined ? windowMicros : (options.deadline - performance.now()) * 1000
      return now + Math.max(0, Math.floor(Math.min(windowMicros, left)))
    }
    const now = this.nowMicros(options)
    return typeof now === "number" ? limit(now) : now.then(limit)
  }

  async #firstReading(options: RedisCallOptions): Promise<number> {
    await this.#ask()
    options.signal?.throwIfAborted()
    return Math.floor((this.#offset ?? 0) + performance.now() * 1000)
  }

  #ask(): Promise<void> {
    this.#asking ??= this.#redis
      .time()
      .then((micros) => this.observe(micros))
      .finally(() => {
        this.#asking = null
      })
    return this.#asking
  }
}
