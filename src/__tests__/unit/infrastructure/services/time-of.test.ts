import { setImmediate as nextTurn } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createRateLimitingService } from "../../../../config/create-rate-limiting-service.js"
import { createSessionService } from "../../../../config/create-session-service.js"
import type { OwnedSessionService, SessionAttributes } from "../../../../domain/interfaces/session/ISessionService.js"
import { timeOf } from "../../../../infrastructure/services/time-of.js"
import { type SessionFile, sessionFile } from "../../../sqlite/session-file.js"

type Sessions = OwnedSessionService<SessionAttributes, SessionAttributes>

const BROKEN = (): number => {
  throw new Error("what an application may say of itself")
}
const MISTAKEN = { code: "ERR_CONFIG_INVALID", outcome: "not-applied", message: expect.stringMatching(/^Expected clock/) }
const CALLS: Readonly<Record<string, (sessions: Sessions, token: string) => Promise<unknown>>> = {
  createSession: (sessions) => sessions.createSession({ userId: "eve" }),
  getSession: (sessions, token) => sessions.getSession(token),
  "getSession without a touch": (sessions, token) => sessions.getSession(token, { touch: false }),
  updateSession: (sessions, token) => sessions.updateSession(token, { seen: true }),
  extendSession: (sessions, token) => sessions.extendSession(token, "1h"),
  rotateSession: (sessions, token) => sessions.rotateSession(token),
  deleteSession: (sessions, token) => sessions.deleteSession(token),
  getUserSessions: (sessions) => sessions.getUserSessions("ada"),
  deleteUserSessions: (sessions) => sessions.deleteUserSessions("ada"),
  cleanupExpiredSessions: (sessions) => sessions.cleanupExpiredSessions(),
}

/** A clock that breaks after so many looks at it. */
class BreakingClock {
  left = Number.POSITIVE_INFINITY

  now(): number {
    this.left -= 1
    return this.left < 0 ? BROKEN() : Date.now()
  }
}

let file: SessionFile
beforeAll(() => {
  file = sessionFile()
})
afterAll(() => file[Symbol.asyncDispose]())

it.each([
  ["one that throws", BROKEN],
  ["no number", () => "1767225600000" as never],
  ["NaN", () => Number.NaN],
  ["a time before 1970", () => -1],
  ["a time after 2250", () => Date.UTC(2250, 0) + 1],
])("of an application's clock %s is refused, and what it said is not passed on", (_what, now) => {
  expect(() => timeOf({ now })).toThrow(expect.objectContaining(MISTAKEN))
  expect(() => timeOf({ now })).not.toThrow(/application may say/)
})

it("reads a clock as it is, between two milliseconds too", () => {
  expect([0, 1.5, Date.UTC(2250, 0)].map((time) => timeOf({ now: () => time }))).toEqual([0, 1.5, Date.UTC(2250, 0)])
})

describe.each(["memory", "sqlite"] as const)("a clock that breaks, on %s", (kind) => {
  const store = (): "memory:" | `sqlite:${string}` => (kind === "memory" ? "memory:" : `sqlite:${file.path}`)

  it.each(Object.entries(CALLS))("at any look at it fails %s, which changes nothing, and counts as over", async (_name, call) => {
    const clock = new BreakingClock()
    const sessions = await createSessionService({ store: store(), clock })
    const { token, session } = await sessions.createSession({ userId: "ada", attributes: { seen: false } })
    let looks = 0
    for (; ; looks += 1) {
      clock.left = looks
      const answer = await call(sessions, token).catch((error: unknown) => error)
      const isBroken = clock.left < 0
      clock.left = Number.POSITIVE_INFINITY
      if (!isBroken) break
      expect(answer).toMatchObject(MISTAKEN)
      expect(await sessions.getSession(token, { touch: false })).toMatchObject({ attributes: { seen: false }, version: session.version })
      expect((await sessions.getUserSessions("eve")).sessions).toEqual([])
    }
    expect(looks).toBeGreaterThan(0)
    await sessions.deleteUserSessions("ada")
    await sessions.deleteUserSessions("eve")
    let isClosed = false
    void sessions.close().then(() => (isClosed = true))
    for (let turns = 0; turns < 100 && !isClosed; turns += 1) await nextTurn()
    expect(isClosed).toBe(true)
  })

  it("is no outage of rate limits, and takes nothing", async () => {
    const clock = new BreakingClock()
    const rules = { login: { limit: 1, window: "1h", onOutage: "open" } } as const
    await using limits = await createRateLimitingService({ store: store(), rules, clock })
    clock.left = 0
    await expect(limits.checkRateLimit({ userId: "ada" }, "login")).rejects.toMatchObject(MISTAKEN)
    clock.left = Number.POSITIVE_INFINITY
    expect(await limits.checkRateLimit({ userId: "ada" }, "login")).toMatchObject({ allowed: true, remaining: 0 })
  })
})
