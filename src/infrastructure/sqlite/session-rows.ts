import type { SqliteConnection } from "./drivers.js"
import * as sql from "./statements.js"

/** One stored session. Times in milliseconds, but for `created`: microseconds. */
export interface SessionRow {
  readonly handle: string
  /** Names the list in which the session stands. */
  readonly owner: string | null
  readonly created: number
  /** Whether it counts against its user's limit. */
  readonly counted: boolean
  readonly ends: number
  readonly record: string
}

/** The sessions of one application: those whose keys have its prefix. All calls block, and belong within a step of `SqliteFile`. */
export class SessionRows {
  readonly #db: SqliteConnection
  readonly #prefix: string

  constructor(db: SqliteConnection, prefix: string) {
    this.#db = db
    this.#prefix = prefix
  }

  find(handle: string, now: number): Pick<SessionRow, "owner" | "record"> | null {
    return this.#db.all<Pick<SessionRow, "owner" | "record">>(sql.FIND, [this.#prefix, handle, now])[0] ?? null
  }

  insert(row: SessionRow): void {
    this.#db.run(sql.INSERT, [this.#prefix, row.handle, row.owner, row.created, row.counted ? 1 : 0, row.ends, row.record])
  }

  replace(row: Pick<SessionRow, "handle" | "ends" | "record">): void {
    this.#db.run(sql.REPLACE, [row.ends, row.record, this.#prefix, row.handle])
  }

  delete(handle: string): void {
    this.#db.run(sql.DELETE, [this.#prefix, handle])
  }

  deleteSomeEnded(now: number, howMany: number): void {
    this.#db.run(sql.DELETE_SOME_ENDED, [this.#prefix, this.#prefix, now, howMany])
  }

  /** The handles of a user's live sessions that count, the oldest first. */
  counted(owner: string, now: number): readonly string[] {
    return this.#db.all<Pick<SessionRow, "handle">>(sql.COUNTED, [this.#prefix, owner, now]).map((row) => row.handle)
  }

  /** The highest `created` among a user's sessions, ended ones included; 0 when there is none. */
  newest(owner: string): number {
    return this.#db.all<{ readonly created: number | null }>(sql.NEWEST, [this.#prefix, owner])[0]?.created ?? 0
  }

  /** A user's live sessions, the newest first. */
  page(owner: string, before: number, now: number, limit: number): readonly Pick<SessionRow, "handle" | "created" | "record">[] {
    return this.#db.all(sql.PAGE, [this.#prefix, owner, before, now, limit])
  }

  /** A user's sessions that were created within a span, ended ones included, the oldest first. */
  batch(owner: string, after: number, upTo: number, limit: number): readonly Pick<SessionRow, "handle" | "created" | "ends">[] {
    return this.#db.all(sql.BATCH, [this.#prefix, owner, after, upTo, limit])
  }

  deleteBatch(owner: string, after: number, upTo: number, except: string): void {
    this.#db.run(sql.DELETE_BATCH, [this.#prefix, owner, after, upTo, except])
  }

  /** All sessions in the order of their handles, ended ones included. */
  swept(after: string, limit: number): readonly Pick<SessionRow, "handle" | "ends" | "record">[] {
    return this.#db.all(sql.SWEPT, [this.#prefix, after, limit])
  }

  /** @returns how many were deleted */
  deleteSwept(after: string, upTo: string, now: number): number {
    return this.#db.run(sql.DELETE_SWEPT, [this.#prefix, after, upTo, now])
  }

  probe(): void {
    this.#db.all(sql.PROBE, [this.#prefix])
  }
}
