import { execFile } from "node:child_process"
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { SHIFTED_CLOCK_SOURCE } from "./shifted-clock-source.js"

/** A wall clock for servers that are started with its `environment`; it can be set while they run. Their monotonic clock stays as it is. */
export class ServerClock implements Disposable {
  readonly environment: Readonly<Record<string, string>>
  readonly #folder: string
  readonly #file: string

  private constructor(folder: string, file: string, library: string) {
    this.#folder = folder
    this.#file = file
    this.environment = { LD_PRELOAD: library, CLOCK_SHIFT_FILE: file }
  }

  /** @throws when gcc is missing */
  static async build(): Promise<ServerClock> {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-reliability-clock-"))
    const [source, library, file] = [join(folder, "clock.c"), join(folder, "clock.so"), join(folder, "shift")]
    writeFileSync(source, SHIFTED_CLOCK_SOURCE)
    const clock = new ServerClock(folder, file, library)
    writeFileSync(file, Buffer.alloc(8))
    try {
      await promisify(execFile)("gcc", ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", library, source])
      return clock
    } catch (error) {
      clock[Symbol.dispose]()
      throw error
    }
  }

  /** Sets the clock this far ahead of the machine's, or behind it. */
  shift(ms: number): void {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(ms) * 1_000_000n)
    // Written in place: the servers have the file mapped.
    const place = openSync(this.#file, "r+")
    try {
      writeSync(place, bytes, 0, bytes.length, 0)
    } finally {
      closeSync(place)
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
