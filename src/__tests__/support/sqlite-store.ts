import { randomUUID } from "node:crypto"
import { rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ConformanceSetup, createFakeClock, type RequestedOptions } from "../../exports/testing.js"
import { SqliteSessionService } from "../../infrastructure/services/session/SqliteSessionService.js"
import type { SqliteDriver } from "../../infrastructure/sqlite/drivers.js"
import { damagedRecord } from "./damaged-record.js"

/** Each store is a file of its own, reached through one driver. */
export function sqliteSetup(driver: SqliteDriver): ConformanceSetup {
  return async (options) => {
    const clock = createFakeClock()
    const path = join(tmpdir(), `coatcheck-${randomUUID()}.db`)
    const open = (wanted: RequestedOptions) => SqliteSessionService.open<Record<string, unknown>>(path, { clock, ...wanted }, driver)
    const service = await open(options)
    return {
      service,
      advance: async (by) => clock.advance(by),
      another: open,
      corrupt: async (sessionId, how) => rewrite(driver, path, sessionId, (record) => damagedRecord(record, how)),
      close: async () => {
        await service.close()
        for (const end of ["", "-wal", "-shm", "-reserve"]) rmSync(path + end, { force: true })
      },
    }
  }
}

function rewrite(driver: SqliteDriver, path: string, handle: string, change: (record: string) => string): void {
  const database = driver.open(path)
  try {
    const [row] = database.all<{ readonly record: string }>("SELECT record FROM sessions WHERE handle = ?", [handle])
    if (row === undefined) throw new Error("Expected a stored session, got none")
    if (database.run("UPDATE sessions SET record = ? WHERE handle = ?", [change(row.record), handle]) !== 1) throw new Error("Expected one changed row")
  } finally {
    database.close()
  }
}
