import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { createSessionService } from "../../config/create-session-service.js"
import { SqliteSessionService } from "../../infrastructure/services/session/SqliteSessionService.js"
import { loadDriver, type SqliteConnection, type SqlValue } from "../../infrastructure/sqlite/drivers.js"
import { prepareDatabase } from "../../infrastructure/sqlite/schema.js"
import { compileSources } from "./compiled-sources.js"
import { startProcess } from "./processes.js"
import { sessionFile } from "./session-file.js"

/** Nobody, on every Linux. */
const OTHER_USER = 65_534

it("a file that does not exist is made, for its owner only, and outlasts the service", async () => {
  await using file = sessionFile()
  const store = `sqlite:${file.path}`
  const first = await createSessionService({ store })
  const { token } = await first.createSession({ userId: "ada", attributes: { theme: "dark" } })
  for (const name of readdirSync(file.folder)) expect(statSync(join(file.folder, name)).mode & 0o777).toBe(0o600)
  expect(readdirSync(file.folder)).toContain("sessions.db-wal")
  await first.close()
  const second = await createSessionService({ store })
  expect((await second.getSession(token))?.attributes).toEqual({ theme: "dark" })
  await second.close()
  await expect(second.getSession(token)).rejects.toMatchObject({ code: "ERR_CLOSED" })
})

it("the last to close leaves nothing but the database, and whoever is still there loses nothing", async () => {
  await using file = sessionFile()
  const sources = compileSources()
  try {
    const sessions = await file.open()
    const { token } = await sessions.createSession({ userId: "ada" })
    await using other = startProcess(sources.folder, "open", { file: file.path })
    expect(await other.next()).toEqual({ opened: true })
    // libsql lets go of a closed file only when its process ends.
    await other.kill9()
    expect(readdirSync(file.folder).toSorted()).toEqual(["sessions.db", "sessions.db-reserve", "sessions.db-shm", "sessions.db-wal"])
    expect((await sessions.updateSession(token, { theme: "dark" }))?.version).toBe(2)
    await sessions.close()
    expect(readdirSync(file.folder)).toEqual(["sessions.db"])
  } finally {
    sources.remove()
  }
})

it.each([
  ["an option out of range", { idleTimeout: "1ms" }, "idleTimeout"],
  ["a timeout without a unit", { timeout: "10" }, "timeout"],
  ["a prefix with braces", { keyPrefix: "{a}" }, "keyPrefix"],
])("%s is refused before the file is touched", async (_name, options, message) => {
  await using file = sessionFile()
  await expect(SqliteSessionService.open(file.path, options as never)).rejects.toMatchObject({
    code: "ERR_CONFIG_INVALID",
    message: expect.stringContaining(message),
  })
  expect(readdirSync(file.folder)).toEqual([])
})

it.each([
  ["memory", ":memory:", 'store "memory:"'],
  ["a host", "//sessions.db", "two slashes"],
  ["no text", undefined, "sqlite:./sessions.db"],
  ["a path with a null byte", "a\0b", "sqlite:./sessions.db"],
])("%s in place of a path is refused", async (_name, path, message) => {
  await expect(SqliteSessionService.open(path as string, {})).rejects.toMatchObject({ code: "ERR_CONFIG_INVALID", message: expect.stringContaining(message) })
})

it("a folder that does not exist, or stands in the file's place, cannot be reached", async () => {
  await using file = sessionFile()
  const expected = (message: string) => ({ code: "ERR_STORE_UNAVAILABLE", message: expect.stringContaining(message) })
  await expect(SqliteSessionService.open(join(file.folder, "none", "sessions.db"), {})).rejects.toMatchObject(expected("make the folder first"))
  mkdirSync(file.path)
  await expect(file.open()).rejects.toMatchObject(expected("name a file in it"))
})

it("a folder that may not be written cannot be reached, with or without a file in it", async () => {
  await using file = sessionFile()
  const sources = compileSources()
  const isRoot = process.geteuid?.() === 0
  try {
    const attempt = async (): Promise<unknown> => {
      // Root may write everywhere, so somebody else tries.
      await using other = startProcess(sources.folder, "open", { file: file.path, ...(isRoot ? { uid: OTHER_USER } : {}) })
      return await other.next()
    }
    const refused = { error: { code: "ERR_STORE_UNAVAILABLE", message: expect.stringContaining("may not write") } }
    chmodSync(file.folder, 0o555)
    expect(await attempt()).toEqual(refused)
    chmodSync(file.folder, 0o755)
    await (await file.open()).close()
    chmodSync(file.path, 0o666)
    chmodSync(file.folder, 0o555)
    expect(await attempt()).toEqual(refused)
  } finally {
    chmodSync(file.folder, 0o755)
    sources.remove()
  }
})

it("a file of another kind is refused and left as it is", async () => {
  await using file = sessionFile()
  writeFileSync(file.path, "a letter to a friend\n".repeat(500))
  await expect(file.open()).rejects.toMatchObject({ code: "ERR_STORE_REFUSED", message: expect.stringContaining("name another one") })
  expect(statSync(file.path).size).toBe(10_500)
})

it("a database of another application is refused and left as it is", async () => {
  await using file = sessionFile()
  await file.raw((db) => db.execute("CREATE TABLE sessions (mine TEXT)"))
  await expect(file.open()).rejects.toMatchObject({ code: "ERR_STORE_REFUSED", message: expect.stringContaining("another application") })
  expect(await file.raw((db) => db.all("SELECT name FROM sqlite_schema", []))).toEqual([{ name: "sessions" }])
  expect(await file.raw((db) => db.all("PRAGMA journal_mode", []))).toEqual([{ journal_mode: "delete" }])
})

it.each([1, 2, 3])("a file whose tables another process makes after read %i of this one's look at it is not taken for another application's", async (after) => {
  await using file = sessionFile()
  const driver = await loadDriver()
  const [mine, theirs] = [driver.open(file.path), driver.open(file.path)]
  let reads = 0
  let tried = false
  const prepareTheirs = (): void => {
    tried = true
    try {
      prepareDatabase(theirs)
    } catch (error) {
      // It has to wait its turn.
      expect(String(error)).toMatch(/locked|busy/i)
    }
  }
  const watched: SqliteConnection = {
    execute: (sql) => mine.execute(sql),
    run: (sql, values) => mine.run(sql, values),
    close: () => mine.close(),
    all: <Row>(sql: string, values: readonly SqlValue[]) => {
      const rows = mine.all<Row>(sql, values)
      reads += 1
      if (reads === after) prepareTheirs()
      return rows
    },
  }
  try {
    prepareDatabase(watched)
    expect(tried).toBe(true)
    prepareDatabase(theirs)
    expect(theirs.all("SELECT name FROM sqlite_schema WHERE type = 'table'", [])).toContainEqual({ name: "sessions" })
  } finally {
    mine.close()
    theirs.close()
  }
})

it("a database of a newer release is refused and left as it is", async () => {
  await using file = sessionFile()
  await (await file.open()).close()
  await file.raw((db) => db.execute("PRAGMA user_version = 2"))
  await expect(file.open()).rejects.toMatchObject({ code: "ERR_STORE_REFUSED", retryable: false, message: expect.stringContaining("deploy that one here too") })
})

it("applications with different prefixes share a file and see nothing of each other", async () => {
  await using file = sessionFile()
  const [plain, shop, shopping] = await Promise.all([file.open(), file.open({ keyPrefix: "shop:" }), file.open({ keyPrefix: "shop:p" })])
  const { token, session } = await shop.createSession({ userId: "ada" })
  for (const other of [plain, shopping]) {
    expect(await other.getSession(token)).toBeNull()
    expect((await other.getUserSessions("ada")).sessions).toEqual([])
    expect(await other.deleteUserSession("ada", session.sessionId)).toBe(false)
    expect(await other.deleteUserSessions("ada")).toBe(0)
    expect((await other.cleanupExpiredSessions()).scanned).toBe(0)
  }
  expect((await shop.getSession(token))?.userId).toBe("ada")
})
