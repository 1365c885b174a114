import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { SessionError } from "../../../domain/errors.js"
import type { IssuedSession, SessionToken } from "../../../domain/interfaces/session/ISessionService.js"
import type { CookieOptions } from "../../../web/contract.js"
import { cookieSettings } from "../../../web/cookie-settings.js"
import { givingCookie, readCookie, takingCookie } from "../../../web/cookies.js"
import { codeOf } from "./web-doubles.js"

const NAME = "__Host-Http-sid"
const TOKEN = `abc.${"A".repeat(22)}.${"b".repeat(42)}A` as SessionToken

/** A session of so many days to come. */
function issued(persistent: boolean, days = 1): Pick<IssuedSession<object>, "token" | "session"> {
  const lastAccessedAt = new Date("2030-01-01T00:00:00Z")
  const absoluteExpiresAt = new Date(lastAccessedAt.getTime() + days * 86_400_000)
  return { token: TOKEN, session: { persistent, lastAccessedAt, absoluteExpiresAt } as IssuedSession<object>["session"] }
}

describe("Set-Cookie", () => {
  const GOLDEN: readonly (readonly [string, CookieOptions, string, string])[] = [
    ["by default", {}, "__Host-Http-sid", "Path=/; HttpOnly; Secure; SameSite=Lax"],
    ["under a name of one's own", { name: "login" }, "__Host-Http-login", "Path=/; HttpOnly; Secure; SameSite=Lax"],
    ["with the older prefix", { prefix: "__Host-" }, "__Host-sid", "Path=/; HttpOnly; Secure; SameSite=Lax"],
    ["strict", { sameSite: "strict" }, "__Host-Http-sid", "Path=/; HttpOnly; Secure; SameSite=Strict"],
    ["for subdomains", { domain: "example.com" }, "__Secure-sid", "Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax"],
    ["embedded", { embedded: true }, "__Host-Http-sid", "Path=/; HttpOnly; Secure; Partitioned; SameSite=None"],
    ["in development", { insecureDevelopment: true }, "dev-sid", "Path=/; HttpOnly; SameSite=Lax"],
  ]

  it.each(GOLDEN)("%s: until the browser is closed, for as long as is left, and gone", (_case, options, name, attributes) => {
    const settings = cookieSettings(options)
    const domainFirst = attributes.startsWith("Domain")
    expect(givingCookie(settings, issued(false))).toBe(`${name}=${TOKEN}; ${attributes}`)
    expect(givingCookie(settings, issued(true))).toBe(`${name}=${TOKEN}; Max-Age=86400; ${attributes}`)
    expect(takingCookie(settings)).toBe(`${name}=; Max-Age=0; ${attributes}`)
    expect(domainFirst).toBe(options.domain !== undefined)
  })

  it("lasts 400 days at most, as browsers would have it", () => {
    const settings = cookieSettings()
    expect(givingCookie(settings, issued(true, 400))).toContain("; Max-Age=34560000;")
    expect(givingCookie(settings, issued(true, 900))).toContain("; Max-Age=34560000;")
    expect(givingCookie(settings, issued(true, 90.000001))).toContain("; Max-Age=7776000;")
  })
})

describe("readCookie", () => {
  it.each([
    [undefined, undefined],
    ["", undefined],
    [`${NAME}=${TOKEN}`, TOKEN],
    [`a=b; ${NAME}=${TOKEN}; c=d`, TOKEN],
    [`a=b;${NAME}=${TOKEN}`, TOKEN],
    [`; ;=;${NAME}=${TOKEN}; flag`, TOKEN],
    [`${NAME}`, undefined],
    [`x${NAME}=${TOKEN}`, undefined],
    [`__HOST-http-sid=${TOKEN}`, undefined],
    [`__Host-Http-SID=${TOKEN}`, undefined],
    [`__Host-sid=${TOKEN}; sid=${TOKEN}; dev-sid=${TOKEN}`, undefined],
    [`a=${NAME}=${TOKEN}`, undefined],
    [`${NAME}=a%2Eb`, "a%2Eb"],
    [`${NAME}="quoted"`, '"quoted"'],
    [`__proto__=x; ${NAME}=${TOKEN}`, TOKEN],
    // A subdomain may set such a cookie, for a browser knows no prefix in its name. It is another name, and takes nothing away.
    [`${NAME}=${TOKEN};\u00a0${NAME}=planted`, TOKEN],
    [`\u00a0${NAME}=planted; \ufeff${NAME}\v=planted;\t${NAME} =${TOKEN}`, TOKEN],
    [`\u00a0${NAME}=planted`, undefined],
  ])("in %j finds %j", (header, found) => {
    expect(readCookie(header, NAME)).toBe(found)
  })

  it.each([
    `${NAME}=a; ${NAME}=b`,
    `${NAME}=b; ${NAME}=a`,
    `${NAME}=same; ${NAME}=same`,
    `${NAME}=;${NAME}=a`,
    `${NAME} =a; x=y;\t${NAME}\t=b`,
    `${NAME}=a; x="; ${NAME}=b`,
  ])("refuses two of the name: %j", (header) => {
    expect(codeOf(() => readCookie(header, NAME))).toBe("ERR_REQUEST_AMBIGUOUS")
  })

  it("looks through 16 384 characters, and no more", () => {
    const header = `${NAME}=${TOKEN}; x=`
    expect(readCookie(header.padEnd(16_384, "y"), NAME)).toBe(TOKEN)
    expect(codeOf(() => readCookie(header.padEnd(16_385, "y"), NAME))).toBe("ERR_REQUEST_AMBIGUOUS")
  })

  it("says nothing of a value when it refuses", () => {
    expect(() => readCookie(`${NAME}=${TOKEN}; ${NAME}=other`, NAME)).toThrow(expect.objectContaining({ message: expect.not.stringContaining(TOKEN) }))
  })

  const noise = fc.stringMatching(/^[ -~\t]{0,40}$/)

  it("answers or refuses, whatever the header", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom(NAME, "=", ";", " ", "\t", '"', "%", ",", "a"), { maxLength: 30 }).map((parts) => parts.join("")),
        ),
        (header) => {
          try {
            const found = readCookie(header, NAME)
            if (found !== undefined) expect(header).toContain(`=`)
          } catch (error) {
            expect(SessionError.is(error, "ERR_REQUEST_AMBIGUOUS")).toBe(true)
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it("never lets two of the name through, whatever stands between and around", () => {
    const value = noise.map((text) => text.replaceAll(";", ""))
    fc.assert(
      fc.property(noise, value, noise, value, noise, (before, first, between, second, after) => {
        const header = `${before};${NAME}=${first};${between};${NAME}=${second};${after}`
        expect(codeOf(() => readCookie(header, NAME))).toBe("ERR_REQUEST_AMBIGUOUS")
      }),
      { numRuns: 1_000 },
    )
  })
})
