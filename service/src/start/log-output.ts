import { createWriteStream, type WriteStream } from "node:fs"
import { setTimeout as after } from "node:timers/promises"
import { pino } from "pino"

/** Characters that may wait while whoever reads the log is slow. */
const MOST_WAITING = 1_048_576
const LONGEST_END_MS = 1_000

/**
 * Where the lines of the log go. A log that cannot be written, as on a full disk, is no reason to let people wait or to end: lines are dropped until it can, and
 * then one tells how many were.
 */
export class LogOutput {
  readonly #fd: number
  #stream: WriteStream
  #dropped = 0

  /** @param fd - of a file that is open; it stays open */
  constructor(fd: number) {
    this.#fd = fd
    this.#stream = this.#begin()
  }

  write(line: string): void {
    if (this.#stream.writableLength > MOST_WAITING) this.#dropped += 1
    else this.#stream.write(line, (error) => this.#written(error))
  }

  /** Waits until what was written is out, if it can be, and a second at most. */
  async end(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#stream.end(() => resolve()))
    await Promise.race([ended, after(LONGEST_END_MS)])
  }

  #written(error: Error | null | undefined): void {
    if (error) this.#dropped += 1
    else if (this.#dropped > 0) {
      const dropped = this.#dropped
      this.#dropped = 0
      pino({ base: null }, this).warn({ dropped }, "Lines of the log could not be written")
    }
  }

  // One that met an error takes no more.
  #begin(): WriteStream {
    const stream = createWriteStream("", { fd: this.#fd, autoClose: false })
    stream.on("error", () => {
      if (this.#stream === stream) this.#stream = this.#begin()
    })
    return stream
  }
}
