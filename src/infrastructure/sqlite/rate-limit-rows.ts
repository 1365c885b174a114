import type { LimitRecord } from "../../domain/rate-limit/record.js"
import type { LimitTable } from "../../domain/rate-limit/table.js"
import type { SqliteConnection } from "./drivers.js"

// `ends` is when the record may be forgotten, in milliseconds; `record` is JSON. The table is made beside those of sessions by whoever needs it first,
// so that releases that know nothing of it may share the file.
const TABLE = `
  CREATE TABLE IF NOT EXISTS rate_limits (
    name   TEXT    NOT NULL,
    ends   INTEGER NOT NULL,
    record TEXT    NOT NULL,
    PRIMARY KEY (name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS rate_limits_by_end ON rate_limits (ends);
`
/** name */
const FIND = "SELECT record FROM rate_limits WHERE name = ?"
/** name, ends, record */
const PUT = "INSERT INTO rate_limits (name, ends, record) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET ends = excluded.ends, record = excluded.record"
/** name */
const DROP = "DELETE FROM rate_limits WHERE name = ?"
/** now, how many */
const DELETE_SOME_ENDED = "DELETE FROM rate_limits WHERE name IN (SELECT name FROM rate_limits WHERE ends < ? ORDER BY ends LIMIT ?)"

/** Makes the table where there is none. */
export function prepareRateLimits(db: SqliteConnection): void {
  db.execute(TABLE)
}

/** The records of a file. All calls block, and belong within a step of `SqliteFile`. */
export class RateLimitRows implements LimitTable {
  readonly #db: SqliteConnection

  constructor(db: SqliteConnection) {
    this.#db = db
  }

  /** What cannot be read counts nothing, and is written over. */
  get(name: string): LimitRecord | null {
    const [row] = this.#db.all<{ readonly record: string }>(FIND, [name])
    return row === undefined ? null : readRecord(row.record)
  }

  put(name: string, record: LimitRecord, endsAt: number): void {
    this.#db.run(PUT, [name, Math.ceil(endsAt / 1_000), JSON.stringify(record)])
  }

  drop(name: string): void {
    this.#db.run(DROP, [name])
  }

  deleteSomeEnded(nowMicros: number, howMany: number): void {
    this.#db.run(DELETE_SOME_ENDED, [Math.floor(nowMicros / 1_000), howMany])
  }
}

function readRecord(text: string): LimitRecord | null {
  try {
    const { algorithm, blockedUntil, marks, leases } = JSON.parse(text) as LimitRecord
    const isWhole = typeof blockedUntil === "number" && Array.isArray(marks) && marks.every(Number.isFinite) && Array.isArray(leases)
    return isWhole ? { algorithm, blockedUntil, marks, leases } : null
  } catch {
    return null
  }
}
