import { createRequire } from "node:module"
import { SessionError } from "../../domain/errors.js"

/** What a statement may be given. Times in microseconds need 51 bits, so plain numbers hold every integer that is stored. */
export type SqlValue = string | number | null

/** One open database. Every method blocks until SQLite has answered, and throws the driver's own errors. */
export interface SqliteConnection {
  /** Runs statements without parameters; rows that they return are dropped. */
  execute(sql: string): void
  /** Runs one statement, which is kept prepared. @returns how many rows it changed */
  run(sql: string, values: readonly SqlValue[]): number
  /** Runs one statement, which is kept prepared. @returns the rows, whose form the statement promises */
  all<Row>(sql: string, values: readonly SqlValue[]): readonly Row[]
  close(): void
}

/** A way to open databases. */
export interface SqliteDriver {
  readonly name: string
  open(path: string): SqliteConnection
}

/** The first driver that is there: `node:sqlite`, better-sqlite3, libsql. @throws ERR_STORE_REFUSED when there is none */
export async function loadDriver(): Promise<SqliteDriver> {
  const driver = nodeSqlite() ?? (await betterSqlite3()) ?? (await libsql())
  if (driver !== null) return driver
  throw new SessionError("ERR_STORE_REFUSED", "Expected a driver for SQLite, got none: run npm install libsql, or use Node 22.13 or later, which has its own.")
}

/** What is used of a prepared statement of `node:sqlite`. */
interface NodeStatement {
  run(...values: SqlValue[]): { readonly changes: number | bigint }
  all(...values: SqlValue[]): unknown[]
}
interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => { exec(sql: string): void; prepare(sql: string): NodeStatement; close(): void }
}

/** Node's own SQLite, or `null` where this Node has none. */
export function nodeSqlite(): SqliteDriver | null {
  const module = withoutExperimentalWarning(() => process.getBuiltinModule("node:sqlite") as NodeSqlite | undefined)
  if (module === undefined) return null
  return {
    name: "node:sqlite",
    open(path) {
      const database = new module.DatabaseSync(path)
      const prepared = keepPrepared((sql) => database.prepare(sql))
      return {
        execute: (sql) => database.exec(sql),
        run: (sql, values) => Number(prepared(sql).run(...values).changes),
        all: <Row>(sql: string, values: readonly SqlValue[]) => prepared(sql).all(...values) as Row[],
        close: () => database.close(),
      }
    },
  }
}

/**
 * Node 22 warns at the first load that SQLite is experimental, which the user of this library can do nothing about.
 * The load is synchronous, so nobody else's warning can pass meanwhile.
 */
function withoutExperimentalWarning<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
    if (rest[0] !== "ExperimentalWarning") Reflect.apply(emitWarning, process, [warning, ...rest])
  }
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}

/** The interface that better-sqlite3 and libsql share, as far as it is used. */
export type BetterSqlite3Class = new (
  path: string,
) => {
  exec(sql: string): unknown
  prepare(sql: string): { run(values: readonly SqlValue[]): { readonly changes: number }; all(values: readonly SqlValue[]): unknown[] }
  close(): unknown
}

/** A driver over the main export of better-sqlite3 or libsql. */
export function overBetterSqlite3(name: string, Database: BetterSqlite3Class): SqliteDriver {
  return {
    name,
    open(path) {
      const database = new Database(path)
      const prepared = keepPrepared((sql) => database.prepare(sql))
      return {
        execute: (sql) => void database.exec(sql),
        run: (sql, values) => prepared(sql).run(values).changes,
        // Never `get()`: libsql adds a field to its rows.
        all: <Row>(sql: string, values: readonly SqlValue[]) => prepared(sql).all(values) as Row[],
        close: () => void database.close(),
      }
    },
  }
}

/** Built for Node-API 10 since version 13: on an older Node it would end the process, and no exception could stop it. */
const NEEDS_NAPI_10 = 13

async function betterSqlite3(): Promise<SqliteDriver | null> {
  // Not a literal: the package is seldom installed, and has no types of its own.
  const name: string = "better-sqlite3"
  try {
    // Before it is loaded, and not as a JSON module: Node 20 would warn.
    const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { readonly version: string }
    if (Number.parseInt(version, 10) >= NEEDS_NAPI_10 && Number(process.versions.napi) < 10) return null
    const module = (await import(name)) as { readonly default: BetterSqlite3Class }
    return tried(overBetterSqlite3(name, module.default))
  } catch {
    return null
  }
}

async function libsql(): Promise<SqliteDriver | null> {
  try {
    const module = await import("libsql")
    return tried(overBetterSqlite3("libsql", module.default as unknown as BetterSqlite3Class))
  } catch {
    return null
  }
}

/** Native code may be missing for this platform, which shows at the first database only. */
function tried(driver: SqliteDriver): SqliteDriver {
  driver.open(":memory:").close()
  return driver
}

function keepPrepared<Statement>(prepare: (sql: string) => Statement): (sql: string) => Statement {
  const kept = new Map<string, Statement>()
  return (sql) => {
    const known = kept.get(sql)
    if (known !== undefined) return known
    const statement = prepare(sql)
    kept.set(sql, statement)
    return statement
  }
}
