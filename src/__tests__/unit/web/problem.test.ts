import { describe, expect, it } from "vitest"
import { ERROR_CODES, SessionError, type SessionErrorCode } from "../../../domain/errors.js"
import { refusalOf } from "../../../web/problem.js"
import { checkedRule } from "../../../web/route-rule.js"
import { codeOf } from "./web-doubles.js"

const CODES = Object.keys(ERROR_CODES) as SessionErrorCode[]
const SECRET = "redis://user:password@10.0.0.1:6379"

const refusal = (code: SessionErrorCode, asked = { bearer: false }, details = {}) => refusalOf(new SessionError(code, SECRET, details), asked)

describe("the answer to an error", () => {
  const STATUS: Readonly<Record<SessionErrorCode, number | null>> = {
    ERR_INVALID_ARGUMENT: 400,
    ERR_SESSION_TOO_LARGE: 413,
    ERR_SESSION_CONFLICT: 409,
    ERR_SESSION_LIMIT: 409,
    ERR_SESSION_ENDED: 401,
    ERR_SESSION_CORRUPT: 401,
    ERR_STORE_UNAVAILABLE: 503,
    ERR_STORE_TIMEOUT: 503,
    ERR_STORE_UNKNOWN: 503,
    ERR_STORE_REFUSED: 503,
    ERR_STORE_OVERLOADED: 503,
    ERR_STORE_PROTOCOL: 503,
    ERR_NOT_DURABLE: 503,
    ERR_CONFIG_INVALID: null,
    ERR_CLOSED: 503,
    ERR_NOT_AUTHENTICATED: 401,
    ERR_REAUTHENTICATION_NEEDED: 401,
    ERR_NOT_PERMITTED: 403,
    ERR_REQUEST_FORGED: 403,
    ERR_REQUEST_AMBIGUOUS: 400,
    ERR_ANSWER_SENT: null,
  }

  it.each(CODES)("%s has its status, says nothing of the store, and is kept by nobody", (code) => {
    const answer = refusal(code)
    expect(answer?.status ?? null).toBe(STATUS[code])
    if (answer === null) return
    expect(JSON.stringify(answer)).not.toContain("redis")
    expect(answer.problem).toMatchObject({ type: "about:blank", status: answer.status, code, title: expect.any(String), detail: expect.any(String) })
    expect(answer.headers).toMatchObject({ "Content-Type": "application/problem+json", "Cache-Control": "no-store" })
    expect("WWW-Authenticate" in answer.headers).toBe(answer.status === 401)
    expect("Retry-After" in answer.headers).toBe(answer.status === 503)
    expect("Set-Cookie" in answer.headers).toBe(false)
  })

  it("challenges with the scheme that is read", () => {
    expect(refusal("ERR_NOT_AUTHENTICATED")?.headers["WWW-Authenticate"]).toBe("Cookie")
    expect(refusal("ERR_NOT_AUTHENTICATED", { bearer: true })?.headers["WWW-Authenticate"]).toBe("Bearer")
  })

  it("asks for a newer proof as RFC 9470 does", () => {
    const challenge = 'Bearer error="insufficient_user_authentication"'
    expect(refusal("ERR_REAUTHENTICATION_NEEDED")?.headers["WWW-Authenticate"]).toBe(challenge)
    const error = new SessionError("ERR_REAUTHENTICATION_NEEDED", "x")
    expect(refusalOf(error, { bearer: false, maxAge: 300 })?.headers["WWW-Authenticate"]).toBe(`${challenge}, max_age="300"`)
  })

  it("says when to come again: soon, or when somebody has mended it", () => {
    expect(refusal("ERR_STORE_UNAVAILABLE")?.headers["Retry-After"]).toBe("1")
    expect(refusal("ERR_STORE_REFUSED")?.headers["Retry-After"]).toBe("30")
  })

  it.each([new Error(SECRET), null, undefined, "ERR_NOT_AUTHENTICATED", { code: "ERR_NOT_AUTHENTICATED" }])("%s is the framework's", (error) => {
    expect(refusalOf(error, { bearer: true })).toBeNull()
  })
})

describe("a route's rule", () => {
  it.each([
    [undefined, { maxAgeMs: null, touch: true, csrf: true }],
    [{}, { maxAgeMs: null, touch: true, csrf: true }],
    [
      { maxAge: "5m", touch: false, csrf: false },
      { maxAgeMs: 300_000, touch: false, csrf: false },
    ],
    [{ maxAge: 60 }, { maxAgeMs: 60_000, touch: true, csrf: true }],
  ] as const)("%j is taken", (rule, checked) => {
    expect(checkedRule(rule)).toEqual(checked)
  })

  it.each([{ maxage: "5m" }, { maxAge: "5" }, { maxAge: 0 }, { maxAge: "5m", csfr: false }, { csrf: "no" }, { touch: 0 }, null, 5, () => ({})])(
    "%s is refused",
    (rule) => {
      expect(codeOf(() => checkedRule(rule as never))).toBe("ERR_CONFIG_INVALID")
    },
  )

  it("is looked through once: what is changed later changes nothing", () => {
    const rule = { csrf: true }
    const checked = checkedRule(rule)
    rule.csrf = false
    expect(checkedRule(rule)).toBe(checked)
    expect(checkedRule(rule).csrf).toBe(true)
  })
})
