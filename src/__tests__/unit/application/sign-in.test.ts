import type { StandardSchemaV1 } from "@standard-schema/spec"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { PendingOptions, RequestAuth } from "../../../application/contract.js"
import { createSessionService } from "../../../config/create-session-service.js"
import type { OwnedSessionService, SessionAttributes } from "../../../domain/interfaces/session/ISessionService.js"
import { createFakeClock, type FakeClock } from "../../../testing/fake-clock.js"
import { ask, codeOf, Tab, WatchedSessions } from "../../support/request-doubles.js"

type Held = SessionAttributes | null

const DAY = 86_400_000
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
const isOver = async (token: string | null): Promise<boolean> => (await sessions.getSession(token)) === null

describe("signing in", () => {
  it("opens a new session, under another handle and secret, and ends the guest's before it answers", async () => {
    const tab = await tabOf({ attributes: { cart: ["tea"] } })
    const before = tab.cookie
    const guest = await sessions.getSession(before)
    const { auth, request, events } = ask(sessions, tab)
    const session = await auth.signIn({ userId: "ada", attributes: (held: Held) => ({ cart: held?.cart ?? [], email: "ada@example.org" }) })
    expect(session.attributes).toEqual({ cart: ["tea"], email: "ada@example.org" })
    expect(session.sessionId).not.toBe(guest?.sessionId)
    expect(tab.cookie?.slice(27)).not.toBe(before?.slice(27))
    expect([await isOver(before), request.done]).toEqual([true, ["given"]])
    expect(await auth.session()).toBe(session)
    expect(session.device).toEqual({ ip: "192.0.2.1", label: "Laptop" })
    expect(events).toEqual([
      {
        event: "authn_login_success",
        replaced: guest?.sessionId,
        sessionId: session.sessionId,
        userId: "ada",
        pendingUserId: null,
        impersonatorId: null,
        device: { ip: "192.0.2.1", label: "Laptop" },
      },
    ])
  })

  it.each([
    ["a guest's", {}, { cart: ["tea"] }],
    ["the same user's pending one", { pendingUserId: "ada" }, { cart: ["tea"] }],
    ["another user's pending one", { pendingUserId: "eve" }, null],
    ["another user's", { userId: "eve" }, null],
    ["the same user's", { userId: "ada" }, null],
    ["one in which somebody acts as the same user", { userId: "ada", impersonatorId: "root" }, null],
  ])("gets to see, of the session before, %s: %j: %j", async (_case, options, expected) => {
    const tab = await tabOf({ ...options, attributes: { cart: ["tea"] } })
    const before = tab.cookie
    const seen: Held[] = []
    const signedIn = await ask(sessions, tab).auth.signIn({ userId: "ada", attributes: (held: Held) => ({ seen: seen.push(held) }) })
    expect(seen).toEqual([expected])
    expect([signedIn.attributes, await isOver(before)]).toEqual([{ seen: 1 }, true])
  })

  it("carries nothing over that was not asked for", async () => {
    const tab = await tabOf({ attributes: { cart: ["tea"], isAdmin: true } })
    expect((await ask(sessions, tab).auth.signIn({ userId: "ada" })).attributes).toEqual({})
    const other = await tabOf({ attributes: { cart: ["tea"], isAdmin: true } })
    expect((await ask(sessions, other).auth.signIn({ userId: "ada", attributes: { theme: "dark" } })).attributes).toEqual({ theme: "dark" })
  })

  it("needs no session before", async () => {
    const tab = new Tab()
    const seen: Held[] = []
    await ask(sessions, tab).auth.signIn({ userId: "ada", attributes: (held: Held) => ({ seen: seen.push(held) }) })
    expect(seen).toEqual([null])
    expect((await sessions.getSession(tab.cookie))?.userId).toBe("ada")
  })

  it("remembers on request: longer timeouts, which the call may overrule, and a cookie that outlasts the browser", async () => {
    const lives = async (options: object): Promise<unknown> => {
      const session = await ask(sessions, new Tab()).auth.signIn({ userId: "ada", ...options })
      return [session.persistent, session.expiresAt.getTime() - clock.now(), session.absoluteExpiresAt.getTime() - clock.now()]
    }
    expect(await lives({})).toEqual([false, DAY, 30 * DAY])
    expect(await lives({ remember: true })).toEqual([true, 14 * DAY, 90 * DAY])
    expect(await lives({ remember: true, idleTimeout: "1d", absoluteTimeout: undefined })).toEqual([true, DAY, 90 * DAY])
  })

  it("takes the time of a proof that an identity provider gave", async () => {
    const authenticatedAt = new Date(clock.now() - 60_000)
    expect((await ask(sessions, new Tab()).auth.signIn({ userId: "ada", authenticatedAt })).authenticatedAt).toEqual(authenticatedAt)
  })

  it("ends also a session before that cannot be read", async () => {
    const tab = await tabOf({})
    const before = tab.cookie
    await ask(new WatchedSessions(sessions).fail("getSession", "ERR_SESSION_CORRUPT").service, tab).auth.signIn({ userId: "ada" })
    expect(await isOver(before)).toBe(true)
  })

  it.each(["impersonatorId", "impersonatorSessionId", "pendingUserId", "persistent", "device", "isAdmin"])("refuses the option %s", async (option) => {
    const tab = await tabOf({})
    const watched = new WatchedSessions(sessions)
    expect(await codeOf(ask(watched.service, tab).auth.signIn({ userId: "ada", [option]: "root" }))).toBe("ERR_INVALID_ARGUMENT")
    expect(watched.calls).toEqual([])
  })

  it("refuses a user id and a wish to be remembered that are none, and leaves the session before as it was", async () => {
    for (const options of [{ userId: "" }, { userId: undefined }, { userId: "ada", remember: "yes" }, null]) {
      const tab = await tabOf({})
      const before = tab.cookie
      expect(await codeOf(ask(sessions, tab).auth.signIn(options as never))).toBe("ERR_INVALID_ARGUMENT")
      expect([tab.cookie, await isOver(before)]).toEqual([before, false])
    }
    expect((await sessions.getUserSessions("ada")).sessions).toEqual([])
  })
})

describe("signing in again at the limit", () => {
  const limit = { maxSessionsPerUser: 2, onLimit: "reject" } as const

  it("puts the new session in the place of the browser's own: it is not refused, and no other is ended for it", async () => {
    const [tab, other] = [await tabOf({ userId: "ada" }), await tabOf({ userId: "ada" })]
    const before = tab.cookie
    await ask(sessions, tab).auth.signIn({ userId: "ada", ...limit })
    await ask(sessions, tab).auth.signIn({ userId: "ada", ...limit, onLimit: "evict-oldest" })
    expect([await isOver(before), await isOver(other.cookie), (await sessions.getUserSessions("ada")).sessions.length]).toEqual([true, false, 2])
  })

  it("as somebody else, makes no room there", async () => {
    const tab = await tabOf({ userId: "eve" })
    for (let n = 0; n < 2; n += 1) await tabOf({ userId: "ada" })
    expect(await codeOf(ask(sessions, tab).auth.signIn({ userId: "ada", ...limit }))).toBe("ERR_SESSION_LIMIT")
  })
})

describe("a failure while signing in", () => {
  it.each(["deleteSession", "deleteUserSession"] as const)("of the old session's end (%s): nobody is signed in, and the cookie stays", async (step) => {
    const tab = await tabOf(step === "deleteSession" ? {} : { userId: "eve" })
    const before = tab.cookie
    const watched = new WatchedSessions(sessions).fail(step, "ERR_STORE_TIMEOUT")
    const { auth, request, events } = ask(watched.service, tab)
    expect(await codeOf(auth.signIn({ userId: "ada" }))).toBe("ERR_STORE_TIMEOUT")
    expect([tab.cookie, request.done, await isOver(before)]).toEqual([before, [], false])
    expect((await sessions.getUserSessions("ada")).sessions).toEqual([])
    expect(events).toEqual([])
  })

  it("of that and of the new session's end: the call still says the first, and nobody has the token", async () => {
    const tab = await tabOf({})
    const before = tab.cookie
    const watched = new WatchedSessions(sessions).fail("deleteSession", "ERR_STORE_TIMEOUT").fail("deleteUserSession", "ERR_STORE_UNAVAILABLE")
    expect(await codeOf(ask(watched.service, tab).auth.signIn({ userId: "ada" }))).toBe("ERR_STORE_TIMEOUT")
    expect(tab.cookie).toBe(before)
  })

  it("of the creation: the session before stays", async () => {
    const tab = await tabOf({ userId: "ada" })
    const before = tab.cookie
    await tabOf({ userId: "ada" })
    const options = { userId: "ada", maxSessionsPerUser: 1, onLimit: "reject" } as const
    expect(await codeOf(ask(sessions, tab).auth.signIn(options))).toBe("ERR_SESSION_LIMIT")
    expect([tab.cookie, await isOver(before)]).toEqual([before, false])
  })

  it("to outlast the server counts as an end: the old session is over", async () => {
    const tab = await tabOf({})
    const before = tab.cookie
    const watched = new WatchedSessions(sessions).fail("deleteSession", "ERR_NOT_DURABLE", "after")
    await ask(watched.service, tab).auth.signIn({ userId: "ada" })
    expect([await isOver(before), tab.cookie !== before]).toEqual([true, true])
  })

  it.each(["createSession", "deleteSession"] as const)(
    "to set the cookie, because the head of the answer was sent during %s: the new session is ended again, and the old one is over",
    async (step) => {
      const tab = await tabOf({})
      const before = tab.cookie
      const watched = new WatchedSessions(sessions)
      const { auth, request, events } = ask(watched.service, tab)
      watched.after(step, async () => {
        request.sent = true
      })
      await expect(auth.signIn({ userId: "ada" })).rejects.toMatchObject({ code: "ERR_ANSWER_SENT", outcome: "applied", retryable: false })
      expect((await sessions.getUserSessions("ada")).sessions).toEqual([])
      expect([await isOver(before), tab.cookie, request.done, events]).toEqual([true, before, [], []])
    },
  )

  it("to end the old session, while the head of the answer was sent as well: nothing was done", async () => {
    const tab = await tabOf({})
    const before = tab.cookie
    const watched = new WatchedSessions(sessions).fail("deleteSession", "ERR_STORE_UNAVAILABLE")
    const { auth, request } = ask(watched.service, tab)
    watched.after("createSession", async () => {
      request.sent = true
    })
    await expect(auth.signIn({ userId: "ada" })).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
    expect([await isOver(before), (await sessions.getUserSessions("ada")).sessions]).toEqual([false, []])
  })
})

const HANDS_OUT: Readonly<Record<string, (auth: RequestAuth<SessionAttributes>) => Promise<unknown>>> = {
  signIn: (auth) => auth.signIn({ userId: "ada" }),
  startGuest: (auth) => auth.startGuest({}),
  startPending: (auth) => auth.startPending({ userId: "ada" }),
  reauthenticated: (auth) => auth.reauthenticated("ada"),
  impersonate: (auth) => auth.impersonate("bob"),
}

describe.each(Object.entries(HANDS_OUT))("%s", (_name, call) => {
  it.each([
    ["that was forged", "ERR_REQUEST_FORGED", { forged: true }],
    ["whose answer is sent", "ERR_ANSWER_SENT", { sent: true }],
    ["that was forged, whatever else", "ERR_REQUEST_FORGED", { forged: true, sent: true }],
  ] as const)("does nothing for a request %s", async (_case, code, state) => {
    const tab = await tabOf({ userId: "ada" })
    const watched = new WatchedSessions(sessions)
    const { auth, request } = ask(watched.service, tab)
    Object.assign(request, state)
    await expect(call(auth)).rejects.toMatchObject({ code, outcome: "not-applied" })
    expect([watched.calls, request.done]).toEqual([[], []])
  })

  it("does nothing for a request with a bearer token, which a cookie would not answer", async () => {
    const tab = await tabOf({ userId: "ada" })
    const watched = new WatchedSessions(sessions)
    const { auth, request, events } = ask(watched.service, new Tab(), { bearer: tab.cookie ?? "" })
    expect(await codeOf(call(auth))).toBe("ERR_NOT_PERMITTED")
    expect([watched.calls, request.done, events.map(({ event }) => event)]).toEqual([[], [], ["authz_fail"]])
  })
})

describe("a guest's session", () => {
  it("begins when the handler wants it, with what it holds", async () => {
    const tab = new Tab()
    const { auth, events } = ask(sessions, tab)
    const guest = await auth.startGuest({ cart: [] })
    await guest.update({ cart: ["tea"] })
    expect((await sessions.getSession(tab.cookie))?.attributes).toEqual({ cart: ["tea"] })
    expect([guest.userId, events.map(({ event }) => event)]).toEqual([null, ["session_created"]])
  })

  it("takes the place of whatever was before", async () => {
    const tab = await tabOf({ userId: "ada", attributes: { secret: 1 } })
    const before = tab.cookie
    expect((await ask(sessions, tab).auth.startGuest({})).attributes).toEqual({})
    expect(await isOver(before)).toBe(true)
  })
})

describe("a sign-in with two factors", () => {
  it("goes from guest over pending to user, under a new handle each time, and keeps what signIn asks for", async () => {
    const tab = await tabOf({ attributes: { cart: ["tea"], visits: 3 } })
    const tokens = [tab.cookie]
    const { auth, events } = ask(sessions, tab)
    const pending = await auth.startPending({ userId: "ada" })
    tokens.push(tab.cookie)
    expect([pending.userId, pending.pendingUserId, pending.attributes]).toEqual([null, "ada", { cart: ["tea"], visits: 3 }])
    await ask(sessions, tab).auth.signIn({ userId: "ada", attributes: (held: Held) => ({ cart: held?.cart ?? [] }) })
    expect((await sessions.getSession(tab.cookie))?.attributes).toEqual({ cart: ["tea"] })
    expect(await Promise.all(tokens.map(isOver))).toEqual([true, true])
    expect(new Set([...tokens, tab.cookie].map((token) => token?.slice(0, 26))).size).toBe(3)
    expect(events).toMatchObject([{ event: "session_created", userId: null, pendingUserId: "ada" }])
  })

  it("may say what the pending session holds, as a schema may want it", async () => {
    const attributes = (held: Held): SessionAttributes => ({ kind: "pending", cart: held?.cart ?? [] })
    const tab = await tabOf({ attributes: { cart: ["tea"] } })
    expect((await ask(sessions, tab).auth.startPending({ userId: "ada", attributes })).attributes).toEqual({ kind: "pending", cart: ["tea"] })
    for (const options of [{ userId: "ada", isAdmin: true }, { userId: undefined }, { userId: "" }])
      expect(await codeOf(ask(sessions, tab).auth.startPending(options as never))).toBe("ERR_INVALID_ARGUMENT")
  })

  it("has to say what the pending session holds where a guest's attributes, or none, need not do", async () => {
    type Cart = { readonly items: readonly string[] }
    type Visits = { readonly visits?: number }
    type VisitsAsText = { readonly visits?: string }
    const said = <A extends object, I extends object = A>(options: PendingOptions<A, I>): PendingOptions<A, I> => options
    said<Visits>({ userId: "ada" })
    said<Cart>({ userId: "ada", attributes: (guest) => ({ items: guest?.items ?? [] }) })
    // @ts-expect-error nothing may have been there before, and nothing is no cart
    said<Cart>({ userId: "ada" })
    // @ts-expect-error
    said<Cart>({ userId: "ada", attributes: undefined })
    // @ts-expect-error what a schema made of a guest's attributes is not what it takes
    said<Visits, VisitsAsText>({ userId: "ada" })

    const schema: StandardSchemaV1<Cart> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) => ("items" in (value as object) ? { value: value as Cart } : { issues: [{ message: "" }] }),
      },
    }
    await using carts = await createSessionService({ store: "memory:", schema })
    const auth = (): RequestAuth<SessionAttributes> => ask(carts as never, new Tab()).auth
    expect(await codeOf(auth().startPending({ userId: "ada" }))).toBe("ERR_INVALID_ARGUMENT")
    expect((await auth().startPending({ userId: "ada", attributes: { items: [] } })).attributes).toEqual({ items: [] })
  })

  it("starts with nothing of a user who was signed in", async () => {
    for (const userId of ["ada", "eve"]) {
      const tab = await tabOf({ userId, attributes: { secret: 1 } })
      expect((await ask(sessions, tab).auth.startPending({ userId: "ada" })).attributes).toEqual({})
    }
  })
})
