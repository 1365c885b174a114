import { SessionError } from "../../domain/errors.js"
import type { SqliteConnection } from "./drivers.js"

/** Marks a database as coatcheck's, for `file` and for other applications: the letters "coat". */
const APPLICATION_ID = 0x636f6174
/** The layout of the tables that this release makes, and the newest that it knows. */
const SCHEMA_VERSION = 1

// `ends` is when the session is forgotten, in milliseconds; `created` is in microseconds and unique within a user's sessions; `owner` is a hash that names the user.
// They repeat what stands in the record, so that a list can be read, and a session be ended, where a record cannot be read.
const TABLES = `
  CREATE TABLE IF NOT EXISTS sessions (
    prefix  TEXT    NOT NULL,
    handle  TEXT    NOT NULL,
    owner   TEXT,
    created INTEGER NOT NULL,
    counted INTEGER NOT NULL,
    ends    INTEGER NOT NULL,
    record  TEXT    NOT NULL,
    PRIMARY KEY (prefix, handle)
  ) STRICT, WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS sessions_by_owner ON sessions (prefix, owner, created);
  CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (prefix, ends);
`

/** After how many pages, of 4 KiB, the log is written into the database: few, so that nobody waits long for it, and so that the reserve of `reserve.ts` suffices. */
const LOG_PAGES = 500

/**
 * Makes a connection fit for use: settings first, then tables in a database that has none.
 *
 * Safe to repeat, and in several processes at once; throws the driver's error when another one is in the way.
 *
 * @throws ERR_STORE_REFUSED for a database of a newer release or of another application
 */
export function prepareDatabase(connection: SqliteConnection): void {
  // SQLite's own wait for a busy file would block the event loop.
  connection.execute("PRAGMA busy_timeout = 0")
  const prepared = isPreparedByNow(connection)
  settle(connection)
  if (prepared) return
  connection.execute("BEGIN IMMEDIATE")
  try {
    // Another process may have been quicker.
    if (!isPrepared(connection)) {
      connection.execute(TABLES)
      connection.execute(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
    }
    connection.execute("COMMIT")
  } catch (error) {
    rollBack(connection)
    throw error
  }
}

/** With a write-ahead log readers and the writer do not wait for each other. NORMAL outlasts the end of a process at any moment; a power cut may cost the last sessions. */
function settle(connection: SqliteConnection): void {
  connection.execute("PRAGMA journal_mode = WAL")
  connection.execute("PRAGMA synchronous = NORMAL")
  connection.execute(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`)
}

/** The same as of one moment: between two reads another process may make the tables, and would be taken for another application. */
function isPreparedByNow(connection: SqliteConnection): boolean {
  connection.execute("BEGIN")
  try {
    return isPrepared(connection)
  } finally {
    rollBack(connection)
  }
}

/** Whether the tables are there. Refuses a database that is not ours before anything in it is changed. */
function isPrepared(connection: SqliteConnection): boolean {
  const owner = pragma(connection, "application_id")
  const version = pragma(connection, "user_version")
  if (owner === APPLICATION_ID && version === SCHEMA_VERSION) return true
  if (owner === APPLICATION_ID && version > SCHEMA_VERSION) {
    throw refused(`a session database of version ${SCHEMA_VERSION}, got version ${version}: a newer release wrote it; deploy that one here too`)
  }
  const isEmpty = connection.all("SELECT name FROM sqlite_schema LIMIT 1", []).length === 0
  if (owner === 0 && version === 0 && isEmpty) return false
  throw refused("a session database or a file that does not exist yet, got a database of another application: name a file of its own")
}

function rollBack(connection: SqliteConnection): void {
  try {
    connection.execute("ROLLBACK")
  } catch {
    // After some errors SQLite has rolled back by itself; what it said first is what matters.
  }
}

function pragma(connection: SqliteConnection, name: "application_id" | "user_version"): number {
  const [row] = connection.all<Readonly<Record<string, number>>>(`PRAGMA ${name}`, [])
  return row?.[name] ?? 0
}

function refused(what: string): SessionError {
  return new SessionError("ERR_STORE_REFUSED", `Expected ${what}.`)
}
