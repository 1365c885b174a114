import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { SignOutScope } from "../../../application/contract.js"
import { createSessionService } from "../../../config/create-session-service.js"
import type { OwnedSessionService, SessionAttributes } from "../../../domain/interfaces/session/ISessionService.js"
import { ask, codeOf, Tab, WatchedSessions } from "../../support/request-doubles.js"

let sessions: OwnedSessionService<SessionAttributes, SessionAttributes>

beforeEach(async () => {
  sessions = await createSessionService<SessionAttributes>({ store: "memory:" })
})
afterEach(() => sessions.close())

async function tabOf(options: Parameters<typeof sessions.createSession>[0]): Promise<Tab> {
  return new Tab((await sessions.createSession(options)).token)
}
const lives = async (tab: Tab | string | null): Promise<boolean> => (await sessions.getSession(tab instanceof Tab ? tab.cookie : tab)) !== null

/** Ada on three devices, and Eve. */
async function everybody() {
  const [one, two, three] = [await tabOf({ userId: "ada" }), await tabOf({ userId: "ada" }), await tabOf({ userId: "ada" })]
  const tokens = [one, two, three, await tabOf({ userId: "eve" })].map((tab) => tab.cookie)
  const left = async (): Promise<boolean[]> => Promise.all(tokens.map(lives))
  return { one, two, left }
}

describe("signing out", () => {
  it.each([
    ["here", 1, ["taken"], [false, true, true, true]],
    ["elsewhere", 2, [], [true, false, false, true]],
    ["everywhere", 3, ["taken"], [false, false, false, true]],
  ] as const)("%s ends %i, and takes the cookie when its session has gone", async (where, count, done, expected) => {
    const { one, left } = await everybody()
    const { auth, request, events } = ask(sessions, one)
    expect(await auth.signOut(where)).toBe(count)
    expect([request.done, await left()]).toEqual([done, expected])
    expect((await auth.session()) === null).toBe(where !== "elsewhere")
    expect(events).toMatchObject([{ event: "session_logout", where, ended: count, userId: "ada" }])
  })

  it("is here unless asked otherwise", async () => {
    const { one, left } = await everybody()
    expect(await ask(sessions, one).auth.signOut()).toBe(1)
    expect(await left()).toEqual([false, true, true, true])
  })

  it("of one session by its handle: the user's own, and nobody else's", async () => {
    const { one, two, left } = await everybody()
    const { auth, request } = ask(sessions, one)
    const handleOf = async (tab: Tab): Promise<string> => (await sessions.getSession(tab.cookie))?.sessionId ?? ""
    const eves = await tabOf({ userId: "eve" })
    for (const sessionId of [await handleOf(eves), "no handle", ""]) expect(await auth.signOut({ sessionId })).toBe(0)
    expect(await lives(eves)).toBe(true)
    expect(await auth.signOut({ sessionId: await handleOf(two) })).toBe(1)
    expect([request.done, await left()]).toEqual([[], [true, false, true, true]])
    expect(await auth.signOut({ sessionId: await handleOf(one) })).toBe(1)
    expect([request.done, await left()]).toEqual([["taken"], [false, false, true, true]])
  })

  it("refuses another scope, and does nothing then", async () => {
    const { one, left } = await everybody()
    for (const where of ["nowhere", null, 1, {}, { sessionId: 1 }, { sessionId: "x", everywhere: true }])
      expect(await codeOf(ask(sessions, one).auth.signOut(where as never))).toBe("ERR_INVALID_ARGUMENT")
    expect(await left()).toEqual([true, true, true, true])
  })

  it("does nothing for a request that was forged", async () => {
    const { one, left } = await everybody()
    const watched = new WatchedSessions(sessions)
    const { auth, request, events } = ask(watched.service, one)
    request.forged = true
    for (const where of ["here", "everywhere"] as const) expect(await codeOf(auth.signOut(where))).toBe("ERR_REQUEST_FORGED")
    expect([watched.calls, request.done, await left()]).toEqual([[], [], [true, true, true, true]])
    expect(events.map(({ event }) => event)).toEqual(["csrf_rejected", "csrf_rejected"])
  })

  it("of a guest, and of who owes a second factor, is here only", async () => {
    for (const options of [{}, { pendingUserId: "ada" }]) {
      const tab = await tabOf(options)
      const before = tab.cookie
      for (const where of ["elsewhere", "everywhere", { sessionId: "x" }] as const)
        expect(await codeOf(ask(sessions, tab).auth.signOut(where))).toBe("ERR_NOT_AUTHENTICATED")
      expect(await lives(before)).toBe(true)
      expect(await ask(sessions, tab).auth.signOut()).toBe(1)
      expect([await lives(before), tab.cookie]).toEqual([false, null])
    }
  })

  it("is refused with a token that opens nothing, whose cookie stays", async () => {
    const over = await tabOf({ userId: "ada" })
    const before = over.cookie
    await sessions.deleteUserSessions("ada")
    const { auth, request, events } = ask(sessions, over)
    expect([await codeOf(auth.signOut()), request.done, over.cookie]).toEqual(["ERR_SESSION_ENDED", [], before])
    expect(events.at(-1)).toMatchObject({ event: "logout_failed", code: "ERR_SESSION_ENDED" })
    expect(await codeOf(ask(sessions, new Tab(), { bearer: before ?? "" }).auth.signOut())).toBe("ERR_SESSION_ENDED")
  })

  it("takes the cookie of a session that ended after the request had read it", async () => {
    const tab = await tabOf({ userId: "ada" })
    const { auth } = ask(sessions, tab)
    await auth.session()
    await sessions.deleteUserSessions("ada")
    expect([await auth.signOut(), tab.cookie]).toEqual([0, null])
  })

  it("twice in one request ends nothing more", async () => {
    const { one, left } = await everybody()
    const { auth, request } = ask(sessions, one)
    expect([await auth.signOut(), await auth.signOut(), request.done]).toEqual([1, 0, ["taken"]])
    expect(await left()).toEqual([false, true, true, true])
  })

  it("has nothing to do without a token", async () => {
    const { auth, request } = ask(sessions, new Tab())
    expect([await auth.signOut(), request.done]).toEqual([0, []])
    const everywhere = ask(sessions, new Tab())
    expect(await codeOf(everywhere.auth.signOut("everywhere"))).toBe("ERR_NOT_AUTHENTICATED")
    expect(everywhere.events.map(({ event }) => event)).toEqual(["authz_fail"])
  })

  it("ends a session that cannot be read", async () => {
    const tab = await tabOf({ userId: "ada" })
    const before = tab.cookie
    expect(await ask(new WatchedSessions(sessions).fail("getSession", "ERR_SESSION_CORRUPT").service, tab).auth.signOut()).toBe(1)
    expect([await lives(before), tab.cookie]).toEqual([false, null])
  })

  it("works for a bearer token, and touches no cookie", async () => {
    const { one, left } = await everybody()
    const { auth, request } = ask(sessions, new Tab(), { bearer: one.cookie ?? "" })
    expect(await auth.signOut()).toBe(1)
    expect([request.done, await left()]).toEqual([[], [false, true, true, true]])
  })

  it("right after a sign-in of the same request ends what that opened", async () => {
    const tab = new Tab()
    const { auth, request } = ask(sessions, tab)
    await auth.signIn({ userId: "ada" })
    const token = tab.cookie
    expect(await auth.signOut()).toBe(1)
    expect([request.done, await lives(token)]).toEqual([["given", "taken"], false])
  })

  it.each(["here", "elsewhere", "everywhere", { sessionId: "AAA.AAAAAAAAAAAAAAAAAAAAAA" }] as const)(
    "from an impersonated session reaches only itself, were it asked for %j",
    async (where: SignOutScope) => {
      const { left } = await everybody()
      const tab = await tabOf({ userId: "ada", impersonatorId: "root" })
      const before = tab.cookie
      const itself = where === "here" || where === "everywhere"
      expect(await ask(sessions, tab).auth.signOut(where)).toBe(itself ? 1 : 0)
      expect([await left(), await lives(before), tab.cookie === null]).toEqual([[true, true, true, true], !itself, itself])
    },
  )
})

describe("a sign-out that the store does not answer", () => {
  it.each([
    ["here", "deleteUserSession", 1],
    ["elsewhere", "deleteUserSessions", 2],
    ["everywhere", "deleteUserSessions", 3],
    ["everywhere", "deleteUserSession", 1],
  ] as const)("%s, in %s, is an error; the cookie stays, and asked again it is done", async (where, step, rest) => {
    const { one, left } = await everybody()
    const before = one.cookie
    const watched = new WatchedSessions(sessions).fail(step, "ERR_STORE_TIMEOUT")
    const failed = ask(watched.service, one)
    expect(await codeOf(failed.auth.signOut(where))).toBe("ERR_STORE_TIMEOUT")
    expect([failed.request.done, one.cookie, await lives(one)]).toEqual([[], before, true])
    expect(failed.events).toMatchObject([{ event: "logout_failed", code: "ERR_STORE_TIMEOUT", userId: "ada" }])
    expect(await ask(watched.service, one).auth.signOut(where)).toBe(rest)
    expect(await left()).toEqual({ here: [false, true, true, true], elsewhere: [true, false, false, true], everywhere: [false, false, false, true] }[where])
  })

  it.each(["here", "everywhere"] as const)("%s, already at the read, is an error that the log hears of; the cookie stays", async (where) => {
    const { one, left } = await everybody()
    const failed = ask(new WatchedSessions(sessions).fail("getSession", "ERR_STORE_UNAVAILABLE").service, one)
    expect(await codeOf(failed.auth.signOut(where))).toBe("ERR_STORE_UNAVAILABLE")
    expect([failed.request.done, await left()]).toEqual([[], [true, true, true, true]])
    expect(failed.events).toMatchObject([{ event: "logout_failed", code: "ERR_STORE_UNAVAILABLE", sessionId: null }])
  })

  it("because it has too much to do, at the read, is done here all the same, and an error elsewhere", async () => {
    const { one, left } = await everybody()
    const watched = new WatchedSessions(sessions)
    for (const where of ["everywhere", "elsewhere"] as const) {
      watched.fail("getSession", "ERR_STORE_OVERLOADED")
      expect(await codeOf(ask(watched.service, one).auth.signOut(where))).toBe("ERR_STORE_OVERLOADED")
    }
    expect(await left()).toEqual([true, true, true, true])
    watched.fail("getSession", "ERR_STORE_OVERLOADED")
    const { auth, request } = ask(watched.service, one)
    expect([await auth.signOut(), request.done, await left()]).toEqual([1, ["taken"], [false, true, true, true]])
  })

  it("in time to be sure that it lasts is an error, and over: asked for again, it finds nothing to end", async () => {
    const tab = await tabOf({ userId: "ada" })
    const before = tab.cookie
    const watched = new WatchedSessions(sessions).fail("deleteUserSession", "ERR_NOT_DURABLE", "after")
    expect(await codeOf(ask(watched.service, tab).auth.signOut())).toBe("ERR_NOT_DURABLE")
    expect([tab.cookie, await lives(before)]).toEqual([before, false])
    expect(await codeOf(ask(watched.service, tab).auth.signOut())).toBe("ERR_SESSION_ENDED")
  })
})
