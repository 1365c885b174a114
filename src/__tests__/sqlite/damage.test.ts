import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { SessionEvent } from "../../domain/interfaces/ports.js"
import type { SqliteSessionService } from "../../infrastructure/services/session/SqliteSessionService.js"
import { createFakeClock } from "../../testing/fake-clock.js"
import { type Attributes, sessionFile } from "./session-file.js"

type Issued = Awaited<ReturnType<SqliteSessionService<Attributes>["createSession"]>>

const CORRUPT = { code: "ERR_SESSION_CORRUPT" }

describe.each([
  ["garbage", "'neither JSON nor a record'"],
  ["an empty text", "''"],
  ["a record that was cut off in its head", "substr(record, 1, 100)"],
  ["a record that was cut off before its body", "substr(record, 1, instr(record, '\"body\"') - 1)"],
  ["a record that was cut off in its body", "substr(record, 1, length(record) - 3)"],
  ["a record with a changed attribute", "replace(record, 'dark', 'park')"],
  ["a record of a future layout", "replace(record, ',1,        1,', ',2,        1,')"],
])("a row with %s", (_name, damaged) => {
  it("harms its own session only, and can be deleted by token, by handle and with all others", async () => {
    await using file = sessionFile()
    const events: SessionEvent[] = []
    const sessions = await file.open({ onEvent: (event) => events.push(event) })
    const torn = [await login(sessions), await login(sessions), await login(sessions)] as const
    const intact = await login(sessions)
    const changed = await file.raw((db) => db.run(`UPDATE sessions SET record = ${damaged} WHERE handle <> ?`, [intact.session.sessionId]))
    expect(changed).toBe(3)
    events.length = 0
    for (const { token } of torn) await expect(sessions.getSession(token)).rejects.toMatchObject(CORRUPT)
    await expect(sessions.updateSession(torn[0].token, { theme: "light" })).rejects.toMatchObject(CORRUPT)
    await expect(sessions.extendSession(torn[0].token)).rejects.toMatchObject(CORRUPT)
    events.length = 0
    const { sessions: listed } = await sessions.getUserSessions("ada")
    expect(listed.map((session) => session.sessionId)).toEqual([intact.session.sessionId])
    expect(events).toEqual(torn.toReversed().map(({ session }) => ({ type: "corrupt", sessionId: session.sessionId })))
    expect(await sessions.cleanupExpiredSessions()).toMatchObject({ scanned: 4, live: 1, pruned: 0 })

    expect(await sessions.deleteUserSession("eve", torn[1].session.sessionId)).toBe(false)
    expect(await sessions.deleteSession(torn[0].token)).toBe(true)
    expect(await sessions.getSession(torn[0].token)).toBeNull()
    expect(await sessions.deleteUserSession("ada", torn[1].session.sessionId)).toBe(true)
    expect(await sessions.deleteUserSessions("ada", { except: intact.session.sessionId })).toBe(1)
    expect((await sessions.getSession(intact.token))?.attributes).toEqual({ theme: "dark" })
  })
})

it("a record whose head can be read is deleted by its own secret only", async () => {
  await using file = sessionFile()
  const sessions = await file.open()
  const { token } = await login(sessions)
  await file.raw((db) => db.run("UPDATE sessions SET record = substr(record, 1, length(record) - 3)", []))
  const other = await login(sessions)
  const guessed = token.slice(0, 27) + other.token.slice(27)
  expect(await sessions.deleteSession(guessed)).toBe(false)
  expect(await sessions.deleteSession(token)).toBe(true)
})

it("a session whose attributes are of a newer release is extended by an older one, which says so, and that it cannot read it", async () => {
  await using file = sessionFile()
  const clock = createFakeClock()
  const newer = await file.open({ clock, schemaVersion: 2 })
  const older = await file.open({ clock, schemaVersion: 1 })
  const { token, session } = await login(newer)
  clock.advance("10m")
  await expect(older.extendSession(token, "3h")).rejects.toMatchObject({ ...CORRUPT, outcome: "applied" })
  const extended = await newer.getSession(token, { touch: false })
  expect(extended?.lastAccessedAt.getTime()).toBe(session.lastAccessedAt.getTime() + 600_000)
  expect(extended?.expiresAt.getTime()).toBe(clock.now() + 3 * 3_600_000)
  expect(extended?.attributes).toEqual({ theme: "dark" })
})

it("a damaged database file is told as such, without its path and without data", async () => {
  await using file = sessionFile()
  const sessions = await file.open()
  for (let i = 0; i < 200; i += 1) await login(sessions, { filling: "x".repeat(1_000) })
  const { token } = await login(sessions)
  await sessions.close()
  const { size } = statSync(file.path)
  truncateSync(file.path, 4_096)
  writeFileSync(file.path, Buffer.alloc(size - 4_096, 0x5a), { flag: "a" })
  const damaged = await file.open()
  const error: unknown = await damaged.getSession(token).catch((reason: unknown) => reason)
  // Whoever only reads changes nothing.
  expect(error).toMatchObject({ code: "ERR_STORE_PROTOCOL", outcome: "not-applied", message: expect.stringContaining("damaged") })
  expect(String(error)).not.toContain(file.folder)
  expect(String(error)).not.toContain("ZZ")
})

// A small disk can only be made by root; elsewhere the reason stands in the report.
const isRoot = process.geteuid?.() === 0
it.skipIf(!isRoot)(
  `a full disk refuses new sessions, loses none, and still lets people sign out${isRoot ? "" : " (because only root can mount a small disk)"}`,
  async () => {
    const disk = mkdtempSync(join(tmpdir(), "coatcheck-full-"))
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], { encoding: "utf8" })
    try {
      expect(mounted.stderr).toBe("")
      await onFullDisk(disk)
    } finally {
      // Lazily: some drivers keep files open after close().
      spawnSync("umount", ["--lazy", disk])
      rmSync(disk, { recursive: true, force: true })
    }
  },
)

async function onFullDisk(disk: string): Promise<void> {
  const file = sessionFile(disk)
  const clock = createFakeClock()
  const sessions = await file.open({ clock })
  const made: Issued[] = []
  // As soon as there is room again, others take it.
  for (let round = 0; round < 5; round += 1) {
    made.push(...(await fillUp(sessions)))
    const [first, second, ...rest] = made
    expect(await sessions.deleteSession(first?.token)).toBe(true)
    expect(await sessions.deleteUserSession("ada", second?.session.sessionId ?? "")).toBe(true)
    made.splice(0, 2)
    clock.advance("5m")
    const touched = await sessions.getSession(rest[0]?.token)
    expect(touched?.lastAccessedAt.getTime()).toBe(clock.now())
  }
  expect(made.length).toBeGreaterThan(500)
  for (const { token } of made) expect((await sessions.getSession(token))?.userId).toBe("ada")
  await fillUp(sessions, "eve")
  expect(await sessions.deleteUserSessions("ada")).toBe(made.length)
  await login(sessions)
  await sessions.close()
  expect(await file.raw((db) => db.all("PRAGMA integrity_check", []))).toEqual([{ integrity_check: "ok" }])
}

/** Creates sessions until the disk is full. */
async function fillUp(sessions: SqliteSessionService<Attributes>, userId = "ada"): Promise<readonly Issued[]> {
  const made: Issued[] = []
  for (let i = 0; i < 20_000; i += 1) {
    try {
      made.push(await sessions.createSession({ userId, attributes: { filling: "x".repeat(500) } }))
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_STORE_REFUSED", outcome: "not-applied", message: expect.stringContaining("free some space") })
      return made
    }
  }
  throw new Error("Expected a disk that gets full.")
}

function login(sessions: SqliteSessionService<Attributes>, attributes: Attributes = { theme: "dark" }): Promise<Issued> {
  return sessions.createSession({ userId: "ada", attributes })
}
