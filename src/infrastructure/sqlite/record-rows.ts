import { ENDED, type LiveRecord } from "../../domain/records/record.js"
import type { SqliteConnection } from "./drivers.js"

/**
 * The table of the drop-in stores, made by the first that needs it. Older releases do not look at it, so it is no new layout of the database.
 * `ends` is in milliseconds; a record without `data` is the mark of one that was ended.
 */
const TABLE = `
  CREATE TABLE IF NOT EXISTS records (
    prefix     TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    operations TEXT    NOT NULL,
    ends       INTEGER NOT NULL,
    data       TEXT,
    PRIMARY KEY (prefix, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS records_by_end ON records (prefix, ends);
`
const OWN = "prefix = ? AND name = ?"
/** prefix, name, now */
const FIND = `SELECT version, operations, data FROM records WHERE ${OWN} AND ends >= ?`
/** prefix, name */
const END_OF = `SELECT ends FROM records WHERE ${OWN}`
/** prefix, name, version, operations, ends, data */
const PUT = "INSERT OR REPLACE INTO records (prefix, name, version, operations, ends, data) VALUES (?, ?, ?, ?, ?, ?)"
/** prefix, name after which to go on, now, how many */
const LIVE = "SELECT name, data FROM records WHERE prefix = ? AND name > ? AND ends >= ? AND data IS NOT NULL ORDER BY name LIMIT ?"
/** ends, prefix, name */
const MOVE = `UPDATE records SET ends = MAX(ends, ?) WHERE ${OWN}`
/** ends, prefix, name */
const MARK = `UPDATE records SET data = NULL, ends = ? WHERE ${OWN}`
/** prefix, prefix, now, how many */
const DELETE_SOME_ENDED = "DELETE FROM records WHERE prefix = ? AND name IN (SELECT name FROM records WHERE prefix = ? AND ends < ? ORDER BY ends LIMIT ?)"
/** prefix */
const PROBE = "SELECT 1 AS here FROM records WHERE prefix = ? LIMIT 1"

/** The records of one application: those whose keys have its prefix. All calls block, and belong within a step of `SqliteFile`. */
export class RecordRows {
  readonly #db: SqliteConnection
  readonly #prefix: string

  constructor(db: SqliteConnection, prefix: string) {
    this.#db = db
    this.#prefix = prefix
  }

  prepare(): void {
    this.#db.execute(TABLE)
  }

  find(name: string, now: number): LiveRecord | typeof ENDED | null {
    const [row] = this.#db.all<Omit<LiveRecord, "text"> & { readonly data: string | null }>(FIND, [this.#prefix, name, now])
    if (row === undefined) return null
    return row.data === null ? ENDED : { version: row.version, operations: row.operations, text: row.data }
  }

  put(name: string, { version, operations, text }: LiveRecord, ends: number): void {
    this.#db.run(PUT, [this.#prefix, name, version, operations, ends, text])
  }

  /** Sessions that live, in the order of their names, behind one of them. */
  live(after: string, now: number, howMany: number): readonly { readonly name: string; readonly data: string }[] {
    return this.#db.all(LIVE, [this.#prefix, after, now, howMany])
  }

  /** Until when it is kept, in milliseconds; 0 where there is none. */
  endOf(name: string): number {
    return this.#db.all<{ readonly ends: number }>(END_OF, [this.#prefix, name])[0]?.ends ?? 0
  }

  move(name: string, ends: number): void {
    this.#db.run(MOVE, [ends, this.#prefix, name])
  }

  /** Leaves nothing of the record but that it has ended. */
  mark(name: string, ends: number): void {
    this.#db.run(MARK, [ends, this.#prefix, name])
  }

  deleteSomeEnded(now: number, howMany: number): void {
    this.#db.run(DELETE_SOME_ENDED, [this.#prefix, this.#prefix, now, howMany])
  }

  probe(): void {
    this.#db.all(PROBE, [this.#prefix])
  }
}
