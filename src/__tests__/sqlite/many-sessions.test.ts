import { setImmediate as nextTurn } from "node:timers/promises"
import { expect, it } from "vitest"
import type { SqliteConnection } from "../../infrastructure/sqlite/drivers.js"
import type { Duration } from "../../shared/durations.js"
import { createFakeClock } from "../../testing/fake-clock.js"
import { sessionFile } from "./session-file.js"

const rowsOf = (db: SqliteConnection): number => db.all<{ readonly n: number }>("SELECT count(*) AS n FROM sessions", [])[0]?.n ?? 0

it("without any cleanup the file holds little more than the live sessions", async () => {
  await using file = sessionFile()
  const clock = createFakeClock()
  const sessions = await file.open({ clock, idleTimeout: "1m" })
  for (let minute = 0; minute < 10; minute += 1) {
    for (let i = 0; i < 60; i += 1) {
      await sessions.createSession({ userId: `user-${i % 5}` })
      clock.advance("1s")
    }
    // Those of the last 66 seconds live (the idle timeout and its slack), and what a creation finds ended it deletes.
    if (minute > 2) expect(await file.raw(rowsOf)).toBeLessThanOrEqual(70)
  }
})

it("a cleanup goes through all sessions, a part at a time, and goes on where it was stopped", async () => {
  await using file = sessionFile()
  const clock = createFakeClock()
  const sessions = await file.open({ clock, idleTimeout: "1h" })
  for (let i = 0; i < 250; i += 1) await sessions.createSession({ userId: "ada", idleTimeout: i % 2 === 0 ? "1m" : "1h" })
  clock.advance("10m")
  const controller = new AbortController()
  const stopped = await sessions.cleanupExpiredSessions({ signal: controller.signal, onProgress: () => controller.abort() })
  expect(stopped).toMatchObject({ scanned: 200, cursor: expect.any(String) })
  const rest = await sessions.cleanupExpiredSessions({ cursor: stopped.cursor })
  expect(rest.cursor).toBeUndefined()
  expect(stopped.scanned + rest.scanned).toBe(250)
  expect([stopped.live + rest.live, stopped.pruned + rest.pruned]).toEqual([125, 125])
  expect(await file.raw(rowsOf)).toBe(125)
  await expect(sessions.cleanupExpiredSessions({ cursor: "elsewhere" })).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
})

it("a cleanup goes on behind a row whose handle is longer than any that this library makes", async () => {
  await using file = sessionFile()
  const sessions = await file.open()
  for (let i = 0; i < 201; i += 1) await sessions.createSession({ userId: "ada" })
  await file.raw((db) => db.run("UPDATE sessions SET handle = handle || ?", ["x".repeat(300)]))
  const controller = new AbortController()
  const stopped = await sessions.cleanupExpiredSessions({ signal: controller.signal, onProgress: () => controller.abort() })
  expect(await sessions.cleanupExpiredSessions({ cursor: stopped.cursor })).toMatchObject({ scanned: 1 })
})

it("ending all of a user's sessions goes in parts, and leaves alone what is created meanwhile and what was asked to stay", async () => {
  await using file = sessionFile()
  // A clock that stands still and then goes back: the cut-off must not depend on it.
  let now = Date.parse("2026-01-01T00:00:00Z")
  const clock = { now: () => now }
  const ended: string[] = []
  const sessions = await file.open({ clock, onEvent: (event) => event.type === "ended" && ended.push(event.sessionId) })
  const made: string[] = []
  for (let i = 0; i < 1_201; i += 1) made.push((await sessions.createSession({ userId: "ada" })).session.sessionId)
  const except = made[700] ?? ""
  now -= 3_600_000
  const ending = sessions.deleteUserSessions("ada", { except })
  let turns = 0
  const counting = setInterval(() => (turns += 1), 0)
  await nextTurn()
  const meanwhile = await sessions.createSession({ userId: "ada" })
  expect(await ending).toBe(1_200)
  clearInterval(counting)
  expect(turns).toBeGreaterThan(0)
  expect(new Set(ended)).toEqual(new Set(made.filter((handle) => handle !== except)))
  expect(ended).toHaveLength(1_200)
  const { sessions: left } = await sessions.getUserSessions("ada")
  expect(left.map((session) => session.sessionId as string)).toEqual([meanwhile.session.sessionId, except])
})

it("ended sessions are neither listed, nor counted as ended by a call, nor in the way of a limit", async () => {
  await using file = sessionFile()
  const clock = createFakeClock()
  const sessions = await file.open({ clock, idleTimeout: "1m", maxSessionsPerUser: 2, onLimit: "reject" })
  for (let i = 0; i < 2; i += 1) await sessions.createSession({ userId: "ada" })
  await expect(sessions.createSession({ userId: "ada" })).rejects.toMatchObject({ code: "ERR_SESSION_LIMIT" })
  clock.advance("2m")
  expect((await sessions.getUserSessions("ada")).sessions).toEqual([])
  expect(await file.raw(rowsOf)).toBe(2)
  expect(await sessions.deleteUserSessions("ada")).toBe(0)
  expect(await file.raw(rowsOf)).toBe(0)
  expect((await sessions.createSession({ userId: "ada" })).session.userId).toBe("ada")
})

it("ending all of a user's sessions that meets a busy file midway says that nothing was done while none of them has ended, and otherwise leaves it open", async () => {
  await using file = sessionFile()
  const clock = createFakeClock()
  const ended: string[] = []
  const sessions = await file.open({ clock, timeout: "100ms", onEvent: (event) => event.type === "ended" && ended.push(event.sessionId) })
  const make = async (count: number, idleTimeout: Duration): Promise<void> => {
    for (let i = 0; i < count; i += 1) await sessions.createSession({ userId: "ada", idleTimeout })
  }
  const meetBusyFile = async (): Promise<unknown> =>
    file.raw(async (db) => {
      // Set first, so this turn comes after the first part and before the second.
      const turn = nextTurn()
      const ending = sessions.deleteUserSessions("ada").catch((error: unknown) => error)
      await turn
      db.execute("BEGIN IMMEDIATE")
      const answer = await ending
      db.execute("ROLLBACK")
      return answer
    })
  await make(520, "1m")
  clock.advance("10m")
  await make(2, "1h")
  expect(await meetBusyFile()).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
  expect(ended).toEqual([])
  expect((await sessions.getUserSessions("ada")).sessions).toHaveLength(2)
  await make(500, "1h")
  expect(await meetBusyFile()).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "unknown" })
  expect(ended.length).toBeGreaterThan(0)
})
