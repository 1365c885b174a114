import { setTimeout as after } from "node:timers/promises"
import { pino } from "pino"
import sonicBoom from "sonic-boom"

/** Bytes that may wait while whoever reads the log is slow, or while the disk is full. */
const MOST_WAITING = 1_048_576
/** So much can be read of a pipe that is full, and is tried again each tenth of a second. */
const LONGEST_END_MS = 2_000

/**
 * Where the lines of the log go. A log that cannot be written, as on a full disk, is no reason to let people wait or to end: lines wait until it can. Those for
 * which there is no room are dropped, and then one tells how many were.
 *
 * pino's own `destination` would write what is left when the process exits, and try that again for ever.
 */
export class LogOutput {
  readonly #out: sonicBoom.SonicBoom
  #dropped = 0
  #told = 0
  #ended: Promise<void> | undefined

  /** @param fd - of a file that is open */
  constructor(fd: number) {
    this.#out = new sonicBoom.SonicBoom({ fd, sync: false, maxLength: MOST_WAITING })
    this.#out.on("drop", () => (this.#dropped += 1))
    // What was to be written waits for the next line, with which it is tried again.
    this.#out.on("error", () => undefined)
    this.#out.on("drain", () => this.#tell())
  }

  /** How many lines there was no room for, since the process began. */
  get dropped(): number {
    return this.#dropped
  }

  write(line: string): void {
    if (this.#ended === undefined) this.#out.write(line)
  }

  /** Waits until what was written is out, if it can be, and two seconds at most. Takes no more lines. */
  end(): Promise<void> {
    this.#ended ??= this.#finish()
    return this.#ended
  }

  async #finish(): Promise<void> {
    const late = after(LONGEST_END_MS)
    if (this.#dropped > this.#told) await Promise.race([this.#heard("drain"), late])
    const finished = this.#heard("finish")
    this.#out.end()
    await Promise.race([finished, late])
  }

  #heard(event: "drain" | "finish"): Promise<void> {
    return new Promise((resolve) => this.#out.once(event, () => resolve()))
  }

  #tell(): void {
    const dropped = this.#dropped - this.#told
    if (dropped === 0) return
    this.#told = this.#dropped
    pino({ base: null }, this.#out).warn({ dropped }, "Lines of the log could not be written")
  }
}
