import { statSync, truncateSync, writeFileSync } from "node:fs"

/** Room for the log to be written into the database once (see `LOG_PAGES`), and for the change that follows. */
const BYTES = 2 * 1024 * 1024

/**
 * Disk space that is kept for sign-outs: without it, a full disk would refuse to end sessions, since SQLite needs room even to delete.
 * A file of zeros beside the database, `FILE-reserve`, shared by all processes.
 */
export class DiskReserve {
  readonly #path: string

  constructor(databasePath: string) {
    this.#path = `${databasePath}-reserve`
  }

  /** Takes the space, if there is enough; otherwise none. */
  fill(): void {
    try {
      if (statSync(this.#path, { throwIfNoEntry: false })?.size === BYTES) return
      writeFileSync(this.#path, Buffer.alloc(BYTES), { mode: 0o600 })
    } catch {
      this.release()
    }
  }

  /** Gives the space to whatever is written next. */
  release(): void {
    try {
      truncateSync(this.#path, 0)
    } catch {
      // There is none.
    }
  }
}
