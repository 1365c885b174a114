import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { AuditEvent } from "../../../application/audit.js"
import { createSessionService } from "../../../config/create-session-service.js"
import type { OwnedSessionService, SessionAttributes } from "../../../domain/interfaces/session/ISessionService.js"
import { createFakeClock, type FakeClock } from "../../../testing/fake-clock.js"
import { createAuthenticator } from "../../../web/authenticator.js"
import type { Authenticator, AuthenticatorOptions, RouteRule, Verdict } from "../../../web/contract.js"
import { WatchedSessions } from "../../support/request-doubles.js"
import { codeOf, HeldResponse, requestHead } from "./web-doubles.js"

type Options = Partial<AuthenticatorOptions<SessionAttributes, SessionAttributes>>

let clock: FakeClock
let sessions: OwnedSessionService<SessionAttributes, SessionAttributes>
let watched: WatchedSessions
let events: AuditEvent[]

beforeEach(async () => {
  clock = createFakeClock()
  sessions = await createSessionService<SessionAttributes>({ store: "memory:", clock })
  watched = new WatchedSessions(sessions)
  events = []
})
afterEach(() => sessions.close())

function authenticator(options: Options = {}): Authenticator<SessionAttributes> {
  return createAuthenticator({ sessions: watched.service, origin: "https://app.example", onAudit: (event) => events.push(event), ...options })
}

const cookieOf = (token: string): Record<string, string> => ({ cookie: `__Host-Http-sid=${token}` })

/** Knocks with these headers. */
async function knock(headers: Readonly<Record<string, string>>, rule?: RouteRule, method = "GET", options: Options = {}) {
  const door = authenticator(options)
  const head = requestHead(headers, { method })
  const response = new HeldResponse()
  const verdict = await door.authorize(door.authenticate(head, response, rule), head, rule)
  return { verdict, response: response.send() }
}
const brief = (verdict: Verdict<SessionAttributes, SessionAttributes>): unknown =>
  verdict.ok ? verdict.session.userId : [verdict.status, (verdict.problem as { readonly code: string }).code]

describe("who may come in", () => {
  it("is a signed-in user", async () => {
    const { token } = await sessions.createSession({ userId: "ada" })
    const { verdict, response } = await knock(cookieOf(token))
    expect(brief(verdict)).toBe("ada")
    expect([response.values("cache-control"), response.values("set-cookie"), events]).toEqual([["no-store"], [], []])
  })

  it.each([
    ["nobody", null],
    ["a guest", {}],
    ["who owes a second factor", { pendingUserId: "ada" }],
  ])("is not %s: 401 with a challenge, and the cookie stays", async (_case, options) => {
    const headers = options === null ? {} : cookieOf((await sessions.createSession(options)).token)
    const { verdict, response } = await knock(headers)
    expect([brief(verdict), verdict.ok ? null : verdict.headers["WWW-Authenticate"]]).toEqual([[401, "ERR_NOT_AUTHENTICATED"], "Cookie"])
    expect(response.values("set-cookie")).toEqual([])
    expect(events).toMatchObject([{ event: "authz_fail", code: "ERR_NOT_AUTHENTICATED", userId: null, device: { ip: "192.0.2.1" } }])
  })

  it("is not who was signed out: 401, and the cookie stays, for a later answer may have brought a newer one", async () => {
    const { token } = await sessions.createSession({ userId: "ada" })
    await sessions.deleteSession(token)
    const { verdict, response } = await knock(cookieOf(token), undefined, "GET", { bearer: true })
    expect([brief(verdict), verdict.ok ? null : verdict.headers["WWW-Authenticate"]]).toEqual([[401, "ERR_NOT_AUTHENTICATED"], "Bearer"])
    expect(response.values("set-cookie")).toEqual([])
    expect(events.map(({ event }) => event)).toEqual(["session_use_after_expire", "authz_fail"])
  })

  it.each(["ERR_STORE_UNAVAILABLE", "ERR_STORE_TIMEOUT", "ERR_STORE_REFUSED", "ERR_STORE_OVERLOADED", "ERR_CLOSED"] as const)(
    "is not known while the store says %s: 503 with Retry-After, nobody is signed out, and it is no event",
    async (code) => {
      const { token } = await sessions.createSession({ userId: "ada" })
      watched.fail("getSession", code)
      const { verdict, response } = await knock(cookieOf(token))
      expect(brief(verdict)).toEqual([503, code])
      expect(verdict.ok ? null : verdict.headers["Retry-After"]).toMatch(/^\d+$/)
      expect([response.values("set-cookie"), events]).toEqual([[], []])
    },
  )

  it("is asked of one proof: two are 400", async () => {
    const { token } = await sessions.createSession({ userId: "ada" })
    const { verdict } = await knock({ ...cookieOf(token), authorization: `Bearer ${token}` }, undefined, "GET", { bearer: true })
    expect(brief(verdict)).toEqual([400, "ERR_REQUEST_AMBIGUOUS"])
    expect([watched.calls, events.map(({ event }) => event)]).toEqual([[], ["ambiguous_credentials"]])
  })

  it("is a program with nothing but a bearer token, where those are read", async () => {
    const { token } = await sessions.createSession({ userId: "ada" })
    const bearer = { authorization: `Bearer ${token}` }
    expect(brief((await knock(bearer, undefined, "POST", { bearer: true })).verdict)).toBe("ada")
    expect(brief((await knock(bearer)).verdict)).toEqual([401, "ERR_NOT_AUTHENTICATED"])
  })
})

describe("where a change comes from", () => {
  it("is looked at before anything is read", async () => {
    const { token } = await sessions.createSession({ userId: "ada" })
    const { verdict } = await knock({ ...cookieOf(token), "sec-fetch-site": "cross-site" }, undefined, "POST")
    expect([brief(verdict), watched.calls]).toEqual([[403, "ERR_REQUEST_FORGED"], []])
    expect(events).toMatchObject([{ event: "csrf_rejected", device: { ip: "192.0.2.1" } }])
  })

  it("does not matter on a route that proves it otherwise", async () => {
    const { token } = await sessions.createSession({ userId: "ada" })
    const { verdict } = await knock({ ...cookieOf(token), "sec-fetch-site": "cross-site" }, { csrf: false }, "POST")
    expect(brief(verdict)).toBe("ada")
  })

  it("is all that matters where no session is needed", () => {
    const door = authenticator()
    expect(door.admit(requestHead({}, { method: "GET" }))).toBe(null)
    expect(door.admit(requestHead({ "sec-fetch-site": "same-origin" }, { method: "POST" }))).toBe(null)
    expect(door.admit(requestHead({}, { method: "POST" }))?.status).toBe(403)
    expect([watched.calls, events.map(({ event }) => event)]).toEqual([[], ["csrf_rejected"]])
  })
})

describe("a recent proof", () => {
  const RULE = { maxAge: "5m" } as const

  it("passes to the last moment, and not after, by the store's clock; the answer says how recent it has to be", async () => {
    const { token } = await sessions.createSession({ userId: "ada" })
    clock.advance("5m")
    expect(brief((await knock(cookieOf(token), RULE)).verdict)).toBe("ada")
    clock.advance("1s")
    const { verdict } = await knock(cookieOf(token), RULE)
    expect(brief(verdict)).toEqual([401, "ERR_REAUTHENTICATION_NEEDED"])
    expect(verdict.ok ? null : verdict.headers["WWW-Authenticate"]).toBe('Bearer error="insufficient_user_authentication", max_age="300"')
    expect(events).toMatchObject([{ event: "authz_fail", code: "ERR_REAUTHENTICATION_NEEDED", userId: "ada" }])
    expect(brief((await knock(cookieOf(token))).verdict)).toBe("ada")
  })

  it("is not mistaken for one because accesses are not written down at once", async () => {
    const slow = await createSessionService<SessionAttributes>({ store: "memory:", clock, touchInterval: "1d" })
    const { token } = await slow.createSession({ userId: "ada" })
    clock.advance("6m")
    for (const touch of [true, false])
      expect(brief((await knock(cookieOf(token), { ...RULE, touch }, "GET", { sessions: slow })).verdict)).toEqual([401, "ERR_REAUTHENTICATION_NEEDED"])
    await slow.close()
  })

  it("is never that of who acts in another's name", async () => {
    const { token } = await sessions.createSession({ userId: "ada", impersonatorId: "root" })
    expect(brief((await knock(cookieOf(token), { maxAge: "365d" })).verdict)).toEqual([401, "ERR_REAUTHENTICATION_NEEDED"])
  })

  it("of a session that ends while it is looked at is none: 401", async () => {
    const { token } = await sessions.createSession({ userId: "ada" })
    watched.before("extendSession", () => sessions.deleteSession(token))
    expect(brief((await knock(cookieOf(token), RULE)).verdict)).toEqual([401, "ERR_SESSION_ENDED"])
  })
})

describe("a connection that outlasts its request", () => {
  it("is still open as long as its session is that of a signed-in user, and looking is neither a touch nor an event", async () => {
    const { token, session } = await sessions.createSession({ userId: "ada" })
    const guest = await sessions.createSession({})
    const door = authenticator()
    const open = (given: string): Promise<boolean> => door.stillOpen(requestHead(cookieOf(given), { method: "GET" }))
    clock.advance("5m")
    expect(await open(token)).toBe(true)
    expect((await sessions.getSession(token, { touch: false }))?.lastAccessedAt).toEqual(session.lastAccessedAt)
    expect(await open(guest.token)).toBe(false)
    expect(await door.stillOpen(requestHead({}, { method: "GET" }))).toBe(false)
    await sessions.deleteSession(token)
    expect(await open(token)).toBe(false)
    expect(events).toEqual([])
  })
})

describe("what is none of this library's errors", () => {
  it("is for the framework", async () => {
    const door = authenticator()
    const failure = new Error("the handler's own")
    expect(door.refuse(failure)).toBe(null)
    const head = requestHead()
    const broken = { ...door.authenticate(head, new HeldResponse()), session: () => Promise.reject(failure) }
    await expect(door.authorize(broken as never, head)).rejects.toBe(failure)
  })
})

describe("the options", () => {
  it.each([
    ["no service", { sessions: undefined }],
    ["a service that is none", { sessions: {} }],
    ["no origin", { origin: undefined }],
    ["a misspelt option", { cookies: {} }],
    ["a text for bearer", { bearer: "yes" }],
    ["a listener that is none", { onAudit: "log" }],
    ["half of the timeouts of who is remembered", { remember: { idleTimeout: "1d" } }],
    ["an impersonation for ever", { impersonation: { absoluteTimeout: "1001d" } }],
    [
      "an option that throws when it is read",
      Object.defineProperty({}, "origin", {
        enumerable: true,
        get: () => {
          throw new Error("x")
        },
      }),
    ],
  ])("are refused at the start: %s", (_case, options) => {
    const all = { sessions, origin: "https://app.example" }
    const given = Object.defineProperties(all, Object.getOwnPropertyDescriptors(options))
    expect(codeOf(() => createAuthenticator(given as never))).toBe("ERR_CONFIG_INVALID")
  })
})
