import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type SqliteSessionOptions, SqliteSessionService } from "../../infrastructure/services/session/SqliteSessionService.js"
import { loadDriver, type SqliteConnection } from "../../infrastructure/sqlite/drivers.js"

export type Attributes = Record<string, unknown>

/** A folder of its own for a session file, and everything that was opened on it. */
export interface SessionFile extends AsyncDisposable {
  readonly folder: string
  readonly path: string
  open(options?: SqliteSessionOptions): Promise<SqliteSessionService<Attributes>>
  /** The database beside the service, as another program sees it. */
  raw<T>(work: (connection: SqliteConnection) => T | Promise<T>): Promise<T>
}

export function sessionFile(folder: string = mkdtempSync(join(tmpdir(), "coatcheck-sqlite-"))): SessionFile {
  // Processes of other users look into it.
  chmodSync(folder, 0o755)
  const path = join(folder, "sessions.db")
  const opened: SqliteSessionService<Attributes>[] = []
  return {
    folder,
    path,
    async open(options = {}) {
      const sessions = await SqliteSessionService.open<Attributes>(path, options)
      opened.push(sessions)
      return sessions
    },
    async raw(work) {
      const connection = (await loadDriver()).open(path)
      try {
        return await work(connection)
      } finally {
        connection.close()
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((sessions) => sessions.close()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
