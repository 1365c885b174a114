import { describe, expect, it } from "vitest"
import { auditOf, refusalEvent } from "../../../application/audit.js"
import { authSettings } from "../../../application/auth-settings.js"
import { createSessionService } from "../../../config/create-session-service.js"
import { ERROR_CODES, SessionError, type SessionErrorCode } from "../../../domain/errors.js"
import type { SessionAttributes } from "../../../domain/interfaces/session/ISessionService.js"
import { UnexpectedValue } from "../../../shared/assertions.js"
import { ask, codeOf, Tab } from "../../support/request-doubles.js"

describe("a listener", () => {
  const full = new Error("the log is full")
  const throws = (): never => {
    throw full
  }
  it.each([
    ["throws", throws],
    ["rejects", () => Promise.reject(full)],
  ])("that %s breaks nothing", async (_case, listener) => {
    const unhandled: unknown[] = []
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
    process.on("unhandledRejection", onUnhandled)
    auditOf(listener, () => ({}))({ event: "session_created" }, null)
    await new Promise(setImmediate)
    process.removeListener("unhandledRejection", onUnhandled)
    expect(unhandled).toEqual([])
  })

  it("that nobody gave is told nothing, and the device is not asked for", () => {
    auditOf(null, throws)({ event: "session_created" }, null)
  })

  it("hears of whole lives, and never of a token", async () => {
    const sessions = await createSessionService<SessionAttributes>({ store: "memory:" })
    const heard: object[] = []
    const tokens: string[] = []
    const tab = new Tab()
    const request = (): ReturnType<typeof ask>["auth"] => {
      if (tab.cookie !== null) tokens.push(tab.cookie.slice(-43))
      const asked = ask(sessions, tab)
      heard.push(asked.events)
      return asked.auth
    }
    await request().startGuest({ name: "Ada" })
    await request().startPending({ userId: "root" })
    await request().signIn({ userId: "root" })
    await request().reauthenticated("root")
    expect(await codeOf(request().reauthenticated("ada"))).toBe("ERR_NOT_PERMITTED")
    await request().impersonate("ada")
    await request().signOut()
    tab.cookie = `${(await sessions.createSession({})).session.sessionId}.${"A".repeat(43)}`
    await request().session()
    const names = heard.flat().map((event) => (event as { readonly event: string }).event)
    expect(names).toEqual([
      "session_created",
      "session_created",
      "authn_login_success",
      "session_renewed",
      "authz_fail",
      "authz_admin",
      "session_logout",
      "session_use_after_expire",
    ])
    const told = JSON.stringify(heard)
    expect(tokens.filter((secret) => told.includes(secret))).toEqual([])
    expect(tokens.length).toBe(7)
    // Nor of what a session holds.
    expect(told).not.toContain("Ada")
    await sessions.close()
  })

  it("hears of the use of a session that was ended meanwhile, and whose it was", async () => {
    const sessions = await createSessionService<SessionAttributes>({ store: "memory:" })
    const { auth, events } = ask(sessions, new Tab((await sessions.createSession({ userId: "ada" })).token))
    const session = await auth.session()
    await sessions.deleteUserSessions("ada")
    expect(await codeOf(session?.update({ late: true }) ?? Promise.resolve())).toBe("ERR_SESSION_ENDED")
    expect(events).toMatchObject([{ event: "session_use_after_expire", userId: "ada", sessionId: session?.sessionId }])
    await sessions.close()
  })
})

describe("the event of an error", () => {
  const REFUSALS: Partial<Record<SessionErrorCode, string>> = {
    ERR_REQUEST_FORGED: "csrf_rejected",
    ERR_REQUEST_AMBIGUOUS: "ambiguous_credentials",
    ERR_NOT_AUTHENTICATED: "authz_fail",
    ERR_NOT_PERMITTED: "authz_fail",
    ERR_REAUTHENTICATION_NEEDED: "authz_fail",
  }
  it.each(Object.keys(ERROR_CODES) as SessionErrorCode[])("%s", (code) => {
    expect(refusalEvent(new SessionError(code, "x"))?.event ?? null).toBe(REFUSALS[code] ?? null)
  })

  it("of somebody else's error is none", () => {
    expect(refusalEvent(new Error("x"))).toBe(null)
  })
})

describe("the options", () => {
  it("have defaults: 14 and 90 days for who is remembered, 5 minutes and an hour for impersonation, nobody who listens", () => {
    expect(authSettings({})).toEqual({
      remember: { idleTimeout: "14d", absoluteTimeout: "90d" },
      impersonation: { maxAgeMs: 300_000, absoluteTimeout: "1h" },
      onAudit: null,
    })
  })

  it.each([
    { remember: null },
    { remember: true },
    { remember: {} },
    { remember: { idleTimeout: "14d" } },
    { remember: { idleTimeout: "14d", absoluteTimeout: "1001d" } },
    { remember: { idleTimeout: "14d", absoluteTimeout: "90d", more: 1 } },
    { impersonation: null },
    { impersonation: { maxAge: 0 } },
    { impersonation: { maxAge: "366d" } },
    { impersonation: { absoluteTimeout: "1" } },
    { impersonation: { idleTimeout: "1h" } },
    { onAudit: {} },
    { onAudit: null },
  ])("are refused: %j", (options) => {
    expect(() => authSettings(options as never)).toThrow(UnexpectedValue)
  })
})
