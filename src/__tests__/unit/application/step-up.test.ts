import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { authSettings } from "../../../application/auth-settings.js"
import { openSession } from "../../../application/read-session.js"
import { createSessionService } from "../../../config/create-session-service.js"
import type { OwnedSessionService, SessionAttributes } from "../../../domain/interfaces/session/ISessionService.js"
import { createFakeClock, type FakeClock } from "../../../testing/fake-clock.js"
import { ask, codeOf, Tab, WatchedSessions } from "../../support/request-doubles.js"

let clock: FakeClock
let sessions: OwnedSessionService<SessionAttributes, SessionAttributes>

beforeEach(async () => {
  clock = createFakeClock()
  sessions = await createSessionService<SessionAttributes>({ store: "memory:", clock })
})
afterEach(() => sessions.close())

async function tabOf(options: Parameters<typeof sessions.createSession>[0]): Promise<Tab> {
  return new Tab((await sessions.createSession(options)).token)
}

describe("proving again who one is", () => {
  it("keeps the session, moves the proof, makes the changes, and replaces the secret at once", async () => {
    const tab = await tabOf({ userId: "ada", attributes: { theme: "dark" } })
    const before = tab.cookie
    clock.advance("1h")
    const { auth, request, events } = ask(sessions, tab)
    const session = await auth.session()
    expect(await auth.reauthenticated("ada", { mode: "admin" })).toBe(session)
    expect([session?.authenticatedAt, session?.attributes]).toEqual([new Date(clock.now()), { theme: "dark", mode: "admin" }])
    expect(await sessions.getSession(before)).toBe(null)
    expect((await sessions.getSession(tab.cookie))?.sessionId).toBe(session?.sessionId)
    expect([request.done, events.map(({ event }) => event)]).toEqual([["given"], ["session_renewed"]])
    await session?.update({ theme: "light" })
    expect((await sessions.getSession(tab.cookie))?.attributes).toEqual({ theme: "light", mode: "admin" })
  })

  it.each([
    ["without a session", null, "ERR_NOT_AUTHENTICATED"],
    ["as another user", { userId: "eve" }, "ERR_NOT_PERMITTED"],
    ["as a guest", {}, "ERR_NOT_PERMITTED"],
    ["while a second factor is owed", { pendingUserId: "ada" }, "ERR_NOT_PERMITTED"],
    ["in an impersonated session", { userId: "ada", impersonatorId: "root" }, "ERR_NOT_PERMITTED"],
  ] as const)("is refused %s", async (_case, options, code) => {
    const tab = options === null ? new Tab() : await tabOf(options)
    const before = tab.cookie
    const watched = new WatchedSessions(sessions)
    const { auth, events } = ask(watched.service, tab)
    expect(await codeOf(auth.reauthenticated("ada"))).toBe(code)
    expect([watched.calls.filter((name) => name !== "getSession"), tab.cookie]).toEqual([[], before])
    expect(events).toMatchObject([{ event: "authz_fail", code }])
  })

  it("answers what the store says: ended, and replaced by another request", async () => {
    const tab = await tabOf({ userId: "ada" })
    const watched = new WatchedSessions(sessions).before("rotateSession", () => sessions.deleteUserSessions("ada"))
    expect(await codeOf(ask(watched.service, tab).auth.reauthenticated("ada"))).toBe("ERR_SESSION_ENDED")
    const other = await tabOf({ userId: "ada" })
    await sessions.rotateSession(other.cookie ?? "", { grace: "60s" })
    expect(await codeOf(ask(sessions, other).auth.reauthenticated("ada"))).toBe("ERR_SESSION_CONFLICT")
  })
})

describe("proving again who one is, while the head of the answer is sent", () => {
  it("is done, and says so: the old secret opens nothing any more, and nobody got the new one", async () => {
    const tab = await tabOf({ userId: "ada" })
    const before = tab.cookie
    const watched = new WatchedSessions(sessions)
    const { auth, request, events } = ask(watched.service, tab)
    watched.after("rotateSession", async () => {
      request.sent = true
    })
    await expect(auth.reauthenticated("ada")).rejects.toMatchObject({ code: "ERR_ANSWER_SENT", outcome: "applied", retryable: false })
    expect([request.done, tab.cookie, await sessions.getSession(before)]).toEqual([[], before, null])
    expect(events).toMatchObject([{ event: "session_renewed", userId: "ada" }])
  })

  it("is not done where it was sent before", async () => {
    const tab = await tabOf({ userId: "ada" })
    const watched = new WatchedSessions(sessions)
    const { auth, request, events } = ask(watched.service, tab)
    request.sent = true
    await expect(auth.reauthenticated("ada")).rejects.toMatchObject({ code: "ERR_ANSWER_SENT", outcome: "not-applied", retryable: false })
    expect([watched.calls, request.done, events]).toEqual([[], [], []])
    expect((await sessions.getSession(tab.cookie))?.userId).toBe("ada")
  })
})

describe("acting in a user's name", () => {
  it("is a session of its own that shows who acts, lasts an hour at most, and leaves the impersonator's open", async () => {
    const tab = await tabOf({ userId: "root" })
    const own = tab.cookie
    const { auth, events } = ask(sessions, tab)
    const rootId = (await auth.session())?.sessionId
    const session = await auth.impersonate("ada", { theme: "red" })
    expect(session.attributes).toEqual({ theme: "red" })
    expect([session.userId, session.impersonatorId, session.impersonatorSessionId, session.authenticatedAt]).toEqual(["ada", "root", rootId, null])
    expect(session.absoluteExpiresAt.getTime() - clock.now()).toBe(3_600_000)
    expect(await auth.session()).toBe(session)
    expect((await sessions.getSession(own))?.userId).toBe("root")
    expect((await ask(sessions, tab).auth.session())?.impersonatorId).toBe("root")
    expect(events).toMatchObject([{ event: "authz_admin", action: "impersonate", userId: "ada", impersonatorId: "root", sessionId: session.sessionId }])
  })

  it.each([
    ["without a session", null, "ERR_NOT_AUTHENTICATED"],
    ["as a guest", {}, "ERR_NOT_AUTHENTICATED"],
    ["while a second factor is owed", { pendingUserId: "root" }, "ERR_NOT_AUTHENTICATED"],
    ["from within an impersonation", { userId: "bob", impersonatorId: "root" }, "ERR_NOT_PERMITTED"],
    ["of oneself", { userId: "ada" }, "ERR_NOT_PERMITTED"],
  ] as const)("is refused %s", async (_case, options, code) => {
    const tab = options === null ? new Tab() : await tabOf(options)
    expect(await codeOf(ask(sessions, tab).auth.impersonate("ada"))).toBe(code)
    expect((await sessions.getUserSessions("ada")).sessions.filter(({ impersonatorId }) => impersonatorId !== null)).toEqual([])
  })

  it("leaves no session behind whose token nobody got, because the handler answered meanwhile", async () => {
    const tab = await tabOf({ userId: "root" })
    const watched = new WatchedSessions(sessions)
    const { auth, request } = ask(watched.service, tab)
    watched.after("createSession", async () => {
      request.sent = true
    })
    await expect(auth.impersonate("ada")).rejects.toMatchObject({ code: "ERR_ANSWER_SENT", outcome: "applied" })
    expect((await sessions.getUserSessions("ada")).sessions).toEqual([])
  })

  it("needs a proof of the last five minutes, or as long as was set", async () => {
    const tab = await tabOf({ userId: "root" })
    clock.advance("5m")
    const longer = authSettings({ impersonation: { maxAge: "10m", absoluteTimeout: "10m" } })
    expect(await codeOf(ask(sessions, new Tab(tab.cookie)).auth.impersonate("ada"))).toBe(null)
    clock.advance("1s")
    expect(await codeOf(ask(sessions, new Tab(tab.cookie)).auth.impersonate("ada"))).toBe("ERR_REAUTHENTICATION_NEEDED")
    const session = await ask(sessions, new Tab(tab.cookie), { settings: longer }).auth.impersonate("ada")
    expect(session.absoluteExpiresAt.getTime() - clock.now()).toBe(600_000)
  })

  it("judges that by the store's clock, also when the last access is not written down yet", async () => {
    const slow = await createSessionService<SessionAttributes>({ store: "memory:", clock, touchInterval: "1d" })
    const tab = new Tab((await slow.createSession({ userId: "root" })).token)
    clock.advance("6m")
    expect(await codeOf(ask(slow, tab).auth.impersonate("ada"))).toBe("ERR_REAUTHENTICATION_NEEDED")
    await slow.close()
  })
})

describe("an impersonated session", () => {
  /** Root acts as Ada; Root is signed in on a second device, too, since before. */
  async function acting() {
    const elsewhere = await tabOf({ userId: "root" })
    const tab = await tabOf({ userId: "root" })
    const own = tab.cookie
    await ask(sessions, tab).auth.impersonate("ada")
    return { elsewhere, own, tab }
  }

  it.each([
    ["signs out everywhere", (root: string) => sessions.deleteUserSessions(root)],
    ["signs out elsewhere, from another device", async (_root: string, elsewhere: Tab) => ask(sessions, elsewhere).auth.signOut("elsewhere")],
    ["ends the session that it came from", async (_root: string, _elsewhere: Tab, own: string | null) => sessions.deleteSession(own)],
  ])("is over when its impersonator %s, also after a new sign-in", async (_case, end) => {
    const { elsewhere, own, tab } = await acting()
    await end("root", elsewhere, own)
    await sessions.createSession({ userId: "root" })
    const { auth, events } = ask(sessions, tab)
    expect(await auth.session()).toBe(null)
    expect(events).toMatchObject([{ event: "session_expired", reason: "impersonator-signed-out", userId: "ada", impersonatorId: "root" }])
    expect((await sessions.getUserSessions("ada")).sessions).toEqual([])
    expect(await openSession(sessions, tab.cookie ?? "")).toBe(null)
  })

  it("is over when its impersonator's own session, which is not used meanwhile, runs out idle", async () => {
    const own = await tabOf({ userId: "root", idleTimeout: "30m" })
    await ask(sessions, own).auth.impersonate("ada")
    clock.advance("29m")
    expect((await ask(sessions, own).auth.session())?.userId).toBe("ada")
    // A minute more than the touch interval allows.
    clock.advance("3m")
    expect(await ask(sessions, own).auth.session()).toBe(null)
  })

  it("is over for a socket, too", async () => {
    const { own, tab } = await acting()
    expect((await openSession(sessions, tab.cookie ?? ""))?.userId).toBe("ada")
    await sessions.deleteSession(own)
    expect(await openSession(sessions, tab.cookie ?? "")).toBe(null)
  })

  it("stays when another session of its impersonator ends", async () => {
    const { elsewhere, tab } = await acting()
    await ask(sessions, elsewhere).auth.signOut()
    expect((await ask(sessions, tab).auth.session())?.userId).toBe("ada")
  })

  it("is not let in while the store does not tell of its impersonator, and stays", async () => {
    const { tab } = await acting()
    const { auth, request } = ask(new WatchedSessions(sessions).fail("getUserSessions", "ERR_STORE_UNAVAILABLE").service, tab)
    expect(await codeOf(auth.session())).toBe("ERR_STORE_UNAVAILABLE")
    expect((await auth.session())?.userId).toBe("ada")
    expect(request.done).toEqual([])
  })

  it("costs no more reads where nobody acts in another's name", async () => {
    const watched = new WatchedSessions(sessions)
    await ask(watched.service, await tabOf({ userId: "ada" })).auth.session()
    expect(watched.calls).toEqual(["getSession"])
  })
})
