import { accessSync, closeSync, constants, openSync, statfsSync, statSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { SessionError, withOutcome } from "../../domain/errors.js"
import { UnexpectedValue } from "../../shared/assertions.js"
import { type Patience, whenFree } from "./busy.js"
import { loadDriver, type SqliteConnection, type SqliteDriver } from "./drivers.js"
import { isBusy, isFull, resultOf, storeFailure } from "./failures.js"
import type { FileFacts } from "./file-rules.js"
import { DiskReserve } from "./reserve.js"
import { prepareDatabase } from "./schema.js"
import { BEGIN, COMMIT, ROLLBACK } from "./statements.js"

/** One database file, shared with other processes. */
export class SqliteFile {
  readonly #connection: SqliteConnection
  readonly #reserve: DiskReserve
  readonly #timeoutMs: number
  readonly #path: string
  /** By which the system knows the file, whatever its path leads to later. */
  readonly #inode: number | null

  private constructor(path: string, connection: SqliteConnection, reserve: DiskReserve, timeoutMs: number) {
    this.#path = path
    this.#inode = known(() => statSync(path).ino)
    this.#connection = connection
    this.#reserve = reserve
    this.#timeoutMs = timeoutMs
  }

  /**
   * Opens a database, and makes it where there is none: readable by its owner only, like the side files that SQLite makes beside it.
   *
   * @param path checked by `checkPath`
   * @throws ERR_STORE_UNAVAILABLE when the file cannot be reached · ERR_STORE_REFUSED when it is not ours, or no driver is installed
   */
  static async open(path: string, timeoutMs: number, driver?: SqliteDriver): Promise<SqliteFile> {
    const { open } = driver ?? (await loadDriver())
    makeFile(path)
    let connection: SqliteConnection | null = null
    try {
      connection = open(path)
      const opened = connection
      await whenFree(() => preparedOrRefused(opened), { timeoutMs })
      const reserve = new DiskReserve(path)
      reserve.fill()
      return new SqliteFile(path, opened, reserve, timeoutMs)
    } catch (error) {
      connection?.close()
      if (SessionError.is(error)) throw new SessionError(error.code, `${error.message} (${path})`, error)
      throw unreachable(path, "one that SQLite cannot open")
    }
  }

  /** Runs queries that need not belong together. @throws as `whenFree` */
  async read<T>(work: (connection: SqliteConnection) => T, options: Omit<Patience, "timeoutMs">): Promise<T> {
    try {
      return await whenFree(() => work(this.#connection), { timeoutMs: this.#timeoutMs, signal: options.signal })
    } catch (error) {
      // What the caller's signal says is told as it is.
      if (error === options.signal?.reason) throw error
      throw withOutcome(error, "not-applied")
    }
  }

  /** Runs changes that belong together: all of them are made, or none. Never awaits within, so nothing of this process comes between. @throws as `whenFree` */
  async transact<T>(work: (connection: SqliteConnection) => T, options: Omit<Patience, "timeoutMs">): Promise<T> {
    return whenFree(() => this.#atomically(work), { timeoutMs: this.#timeoutMs, signal: options.signal })
  }

  /** The same for changes that make nothing longer: they are made on a full disk too. @throws as `whenFree` */
  async transactOnFullDisk<T>(work: (connection: SqliteConnection) => T, options: Omit<Patience, "timeoutMs">): Promise<T> {
    const attempt = (): T => {
      try {
        return this.#atomically(work)
      } catch (error) {
        if (!isFull(error)) throw error
        return this.#fromReserve(work)
      }
    }
    return whenFree(attempt, { timeoutMs: this.#timeoutMs, signal: options.signal })
  }

  /** What is to be known of the file and its disk. @throws as `whenFree` */
  describe(options: Omit<Patience, "timeoutMs">): Promise<FileFacts> {
    return this.read((connection) => {
      const [row] = connection.all<{ readonly version: string }>("SELECT sqlite_version() AS version", [])
      const [journal] = connection.all<{ readonly journal_mode: string }>("PRAGMA journal_mode", [])
      const [safety] = connection.all<{ readonly synchronous: number }>("PRAGMA synchronous", [])
      return {
        version: row?.version ?? "?",
        journal: journal?.journal_mode ?? "?",
        synchronous: safety?.synchronous ?? 0,
        mode: known(() => (process.platform === "win32" ? null : modeOf(this.#path))),
        isInPlace: this.#inode === null ? null : known(() => statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#inode),
        fileSystem: known(() => statfsSync(this.#path).type),
        freeBytes: known(() => freeBytes(this.#path)),
      }
    }, options)
  }

  /** Closes, and leaves nothing but the database where nobody else has it open. */
  close(): void {
    if (this.#isLast()) this.#reserve.remove()
    else this.#emptyLog()
    this.#connection.close()
  }

  /** Only the last connection can leave the log's mode, which removes the log; some drivers would leave its files behind. */
  #isLast(): boolean {
    try {
      const [row] = this.#connection.all<{ readonly journal_mode: string }>("PRAGMA journal_mode = DELETE", [])
      return row?.journal_mode === "delete"
    } catch {
      return false
    }
  }

  #fromReserve<T>(work: (connection: SqliteConnection) => T): T {
    this.#reserve.release()
    this.#emptyLog()
    try {
      return this.#atomically(work)
    } finally {
      // An empty log leaves the room that the reserve had.
      this.#emptyLog()
      this.#reserve.fill()
    }
  }

  #emptyLog(): void {
    try {
      this.#connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    } catch {
      // The log stays as it is: it is read together with the database.
    }
  }

  #atomically<T>(work: (connection: SqliteConnection) => T): T {
    // Not kept prepared: a driver may leave a statement that found the file busy half done, and until it is run again every read would show the same old state.
    this.#connection.execute(BEGIN)
    let committing = false
    try {
      const result = work(this.#connection)
      committing = true
      this.#connection.execute(COMMIT)
      return result
    } catch (error) {
      this.#rollBack()
      throw committing && !isBusy(error) && !isFull(error) ? storeFailure(error, true) : error
    }
  }

  #rollBack(): void {
    try {
      this.#connection.execute(ROLLBACK)
    } catch {
      // After some errors SQLite has rolled back by itself.
    }
  }
}

/** All that is allowed on a database or on the files of its log, which need not be there. */
function modeOf(path: string): number {
  const beside = ["-wal", "-shm"].map((end) => statSync(path + end, { throwIfNoEntry: false })?.mode ?? 0)
  return beside.reduce((mode, one) => mode | one, statSync(path).mode) & 0o777
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

function known<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** @throws UnexpectedValue for what is not the path of a file */
export function checkPath(file: unknown): string {
  if (typeof file !== "string" || file === "" || file.includes("\0"))
    throw new UnexpectedValue('Expected the path of a file after "sqlite:", e.g. sqlite:./sessions.db.')
  // A database in memory has no log, and cannot be shared.
  if (file === ":memory:") throw new UnexpectedValue('Expected the path of a file after "sqlite:", got ":memory:"; for sessions in memory use store "memory:".')
  if (/^\/\/[^/]/.test(file))
    throw new UnexpectedValue("Expected sqlite:FILE, e.g. sqlite:./sessions.db or sqlite:/var/lib/app/sessions.db, got two slashes, which would name a host.")
  // Absolute, so that no driver takes it for the address of a remote database.
  return resolve(file)
}

/**
 * Makes the file where there is none. Asking the system first gives each cause its name; drivers tell most of them alike.
 *
 * A file that is there is never opened here: closing it again would drop the locks that other connections of this process hold on it.
 */
function makeFile(path: string): void {
  try {
    try {
      closeSync(openSync(path, "wx", 0o600))
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error
    }
    if (statSync(path).isDirectory()) throw unreachable(path, causeOf("EISDIR"))
    accessSync(path, constants.R_OK | constants.W_OK)
    accessSync(dirname(path), constants.W_OK)
  } catch (error) {
    throw SessionError.is(error) ? error : unreachable(path, causeOf(codeOf(error)))
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

function causeOf(code: string | undefined): string {
  return CAUSES[code ?? ""] ?? "one that cannot be opened"
}

const CAUSES: Readonly<Record<string, string>> = {
  ENOENT: "one in a folder that does not exist: make the folder first",
  ENOTDIR: "one in a folder that does not exist: make the folder first",
  EISDIR: "a folder: name a file in it",
  EACCES: "one that this user may not write: give it the file and its folder, where SQLite makes further files",
  EPERM: "one that this user may not write: give it the file and its folder, where SQLite makes further files",
  EROFS: "one on a read-only disk: name a file elsewhere",
  ENOSPC: "a full disk: free some space",
}

function unreachable(path: string, what: string): SessionError {
  return new SessionError("ERR_STORE_UNAVAILABLE", `Expected a file for the sessions, got ${what}. (${path})`)
}

function preparedOrRefused(connection: SqliteConnection): void {
  try {
    prepareDatabase(connection)
  } catch (error) {
    if (resultOf(error) !== "NOTADB") throw error
    throw new SessionError("ERR_STORE_REFUSED", "Expected a SQLite database or a file that does not exist yet, got a file of another kind: name another one.")
  }
}
