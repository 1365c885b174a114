import { beforeEach, describe, expect, it } from "vitest"
import type { IssuedSession, SessionToken } from "../../../domain/interfaces/session/ISessionService.js"
import { readTrust } from "../../../web/client-address.js"
import { cookieSettings } from "../../../web/cookie-settings.js"
import { checkedRule } from "../../../web/route-rule.js"
import { WebRequest } from "../../../web/WebRequest.js"
import { codeOf, HeldResponse, requestHead } from "./web-doubles.js"

const SETTINGS = { origins: new Set(["https://app.example"]), cookie: cookieSettings(), bearer: true, trust: readTrust(1), storeAddress: "prefix" } as const
const ATTRIBUTES = "Path=/; HttpOnly; Secure; SameSite=Lax"

let response: HeldResponse

function request(headers: Readonly<Record<string, string>> = {}): WebRequest {
  return new WebRequest(requestHead(headers), response, SETTINGS, checkedRule(undefined))
}

function issued(token: string): Pick<IssuedSession<object>, "token" | "session"> {
  return { token: token as SessionToken, session: { persistent: false } as IssuedSession<object>["session"] }
}

beforeEach(() => {
  response = new HeldResponse()
})

describe("the cookie of an answer", () => {
  it("is put beside those of the application", () => {
    response.append("set-cookie", "theme=dark")
    request().giveToken(issued("one"))
    expect(response.values("set-cookie")).toEqual(["theme=dark", `__Host-Http-sid=one; ${ATTRIBUTES}`])
  })

  it("takes the place of an earlier one of its own, and of nothing else", () => {
    const current = request()
    response.append("set-cookie", "a=1")
    current.giveToken(issued("one"))
    response.append("set-cookie", "__Host-Http-sid-other=2")
    current.giveToken(issued("two"))
    expect(response.values("set-cookie")).toEqual(["a=1", "__Host-Http-sid-other=2", `__Host-Http-sid=two; ${ATTRIBUTES}`])
    current.takeToken()
    expect(response.values("set-cookie")).toEqual(["a=1", "__Host-Http-sid-other=2", `__Host-Http-sid=; Max-Age=0; ${ATTRIBUTES}`])
  })

  it("comes too late once the headers are sent: giving is refused, taking is left", () => {
    response.send()
    expect(codeOf(() => request().refuseLateCookie())).toBe("ERR_ANSWER_SENT")
    expect(codeOf(() => request().giveToken(issued("one")))).toBe("ERR_ANSWER_SENT")
    request().takeToken()
    expect(response.values("set-cookie")).toEqual([])
  })
})

describe("an answer", () => {
  const sent = (touch: (current: WebRequest) => unknown, before: Readonly<Record<string, readonly string[]>> = {}): Record<string, readonly string[]> => {
    touch(request({ cookie: "__Host-Http-sid=x", authorization: "Basic y" }))
    for (const [name, values] of Object.entries(before)) for (const value of values) response.append(name, value)
    response.send()
    return { cache: response.values("cache-control"), vary: response.values("vary") }
  }

  it.each([
    ["looked at", (current: WebRequest) => current.credentials()],
    ["given", (current: WebRequest) => current.giveToken(issued("one"))],
    ["taken", (current: WebRequest) => current.takeToken()],
  ])("for which the session was %s is kept by nobody, whatever the handler set", (_case, touch) => {
    expect(sent(touch, { "cache-control": ["public, max-age=3600"] })).toEqual({ cache: ["no-store"], vary: ["Cookie"] })
  })

  it("for which nobody looked is left alone", () => {
    const untouched = (current: WebRequest): unknown => [codeOf(() => current.refuseForgery()), current.device(), current.refuseLateCookie()]
    expect(sent(untouched, { "cache-control": ["public, max-age=3600"], vary: ["Accept"] })).toEqual({ cache: ["public, max-age=3600"], vary: ["Accept"] })
  })

  it("that is sent holds no session unless it says that it is for one user", () => {
    const [early, late] = [request({ cookie: "__Host-Http-sid=x" }), request({ cookie: "__Host-Http-sid=x" })]
    early.credentials()
    response.send()
    expect(codeOf(() => late.credentials())).toBe("ERR_ANSWER_SENT")
    expect(codeOf(() => late.credentials())).toBe("ERR_ANSWER_SENT")
    expect(early.credentials()).toEqual({ kind: "cookie", token: "x" })
  })

  it.each([
    [["Accept"], ["Accept, Cookie"]],
    [["Accept", "Origin"], ["Accept, Origin, Cookie"]],
    [["Accept, cookie"], ["Accept, cookie"]],
    [["COOKIE"], ["COOKIE"]],
    [["*"], ["*"]],
    [["X-Cookie"], ["X-Cookie, Cookie"]],
    [["Cookie2"], ["Cookie2, Cookie"]],
  ])("keeps what Vary said: %j", (vary, merged) => {
    expect(sent((current) => current.credentials(), { vary }).vary).toEqual(merged)
  })

  it("is marked although the credentials were refused", () => {
    const current = request({ cookie: "__Host-Http-sid=a; __Host-Http-sid=b" })
    expect(codeOf(() => current.credentials())).toBe("ERR_REQUEST_AMBIGUOUS")
    expect(response.send().values("cache-control")).toEqual(["no-store"])
  })
})

it("a session remembers the client behind the proxy, as much of it as is wanted", () => {
  const headers = { "user-agent": "curl/8.5.0", "x-forwarded-for": "1.2.3.4, 203.0.113.7" }
  expect(request(headers).device()).toEqual({ ip: "203.0.113.0/24", userAgent: "curl/8.5.0", label: undefined })
})
