import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createSessionService, type OwnedSessionService } from "coatcheck"
import Database from "libsql"
import type { Attributes } from "../workloads/RecordedClient.js"

/** A folder for a database, which is removed in the end. */
export class DatabaseFile implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "coatcheck-reliability-sqlite-"))

  get path(): string {
    return join(this.folder, "sessions.db")
  }

  get url(): string {
    return `sqlite:${this.path}`
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function openFile(url: string): Promise<OwnedSessionService<Attributes, Attributes>> {
  return createSessionService<Attributes>({ store: url, touchInterval: "50ms" })
}

/** What SQLite itself finds wrong in a database; empty when it is whole. */
export function faultsOf(path: string): string[] {
  const database = new Database(path)
  try {
    const found = database.prepare("PRAGMA integrity_check").all() as readonly { readonly integrity_check: string }[]
    return found.map(({ integrity_check }) => integrity_check).filter((text) => text !== "ok")
  } finally {
    database.close()
  }
}

/** The version of SQLite, as it tells it. */
export function sqliteVersion(): string {
  const database = new Database(":memory:")
  try {
    const [row] = database.prepare("SELECT sqlite_version() AS version").all() as readonly { readonly version: string }[]
    return `sqlite ${row?.version ?? "?"}`
  } finally {
    database.close()
  }
}
