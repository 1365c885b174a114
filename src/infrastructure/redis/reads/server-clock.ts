/**
 * The server's time between two replies that carried it. A plain GET brings no time, and this machine's clock may be hours off, so the last
 * reading goes on by the local monotonic clock, which nobody sets.
 */
export class ServerClock {
  #micros: number | null = null
  #readAt = 0

  /** @param micros - what `TIME` said, somewhere between sending and the reply; the reading is taken to be of the moment of the reply, so that it is never ahead */
  observe(micros: number): void {
    this.#micros = micros
    this.#readAt = performance.now()
  }

  /** Microseconds, or `null` before the first reading. */
  nowMicros(): number | null {
    return this.#micros === null ? null : Math.floor(this.#micros + (performance.now() - this.#readAt) * 1000)
  }
}
