import Database from "libsql"
import { describe, it } from "vitest"
import { describeSessionService } from "../../exports/testing.js"
import { type BetterSqlite3Class, overBetterSqlite3 } from "../../infrastructure/sqlite/drivers.js"
import { sqliteSetup } from "../support/sqlite-store.js"

describeSessionService({ describe, it }, "sqlite through libsql", sqliteSetup(overBetterSqlite3("libsql", Database as unknown as BetterSqlite3Class)))
