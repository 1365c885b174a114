import { closeSync, constants, fstatSync, ftruncateSync, openSync, rmSync, writeSync } from "node:fs"

/** Room for the log to be written into the database once (see `LOG_PAGES`), and for the change that follows. */
const BYTES = 3 * 1024 * 1024
/** Where symbolic links are followed, somebody else could choose the file that is emptied; Windows does not know the flag. */
const OWN_FILE_ONLY = constants.O_NOFOLLOW ?? 0

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
      this.#open((file) => {
        if (fstatSync(file).size < BYTES) writeAll(file, Buffer.alloc(BYTES))
      })
    } catch {
      this.release()
    }
  }

  /** Gives the space to whatever is written next. */
  release(): void {
    try {
      this.#open((file) => ftruncateSync(file, 0))
    } catch {
      // There is none.
    }
  }

  remove(): void {
    try {
      rmSync(this.#path, { force: true })
    } catch {
      // The next to open the database finds it filled already.
    }
  }

  #open(work: (file: number) => void): void {
    const file = openSync(this.#path, constants.O_RDWR | constants.O_CREAT | OWN_FILE_ONLY, 0o600)
    try {
      work(file)
    } finally {
      closeSync(file)
    }
  }
}

/** A disk that gets full takes a part of what is written without an error. */
function writeAll(file: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written, bytes.length - written, written)
}
