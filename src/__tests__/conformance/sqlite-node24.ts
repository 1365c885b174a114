// Run by sqlite-node24.test.ts with Node 24 and its own test runner; the first argument names the driver.
import { describe, it } from "node:test"
import { describeSessionService } from "../../exports/testing.js"
import { type BetterSqlite3Class, nodeSqlite, overBetterSqlite3, type SqliteDriver } from "../../infrastructure/sqlite/drivers.js"
import { sqliteSetup } from "../support/sqlite-store.js"

const wanted = process.env.COATCHECK_TEST_DRIVER

async function driver(): Promise<SqliteDriver> {
  if (wanted === "node:sqlite") {
    const found = nodeSqlite()
    if (found === null) throw new Error(`Expected node:sqlite in Node ${process.version}`)
    return found
  }
  // Not a literal: the project's own Node has no such package.
  const name: string = "better-sqlite3"
  const { default: Database } = (await import(name)) as { readonly default: BetterSqlite3Class }
  return overBetterSqlite3(name, Database)
}

describeSessionService({ describe, it }, `sqlite through ${wanted}`, sqliteSetup(await driver()))
