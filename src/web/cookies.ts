import { parseCookie, stringifySetCookie } from "cookie"
import { SessionError } from "../domain/errors.js"
import type { IssuedSession, TokenText } from "../domain/interfaces/session/ISessionService.js"
import type { CookieSettings } from "./cookie-settings.js"

const LONGEST_HEADER = 16_384
const BLANK = /^[ \t]*$/
/** Browsers keep no cookie longer (draft-ietf-httpbis-rfc6265bis, 5.5). */
const LONGEST_LIFE_S = 400 * 86_400

/**
 * Finds the session's cookie.
 *
 * Exactly one of exactly this name: of two, one was put there by somebody else, and nothing tells which.
 *
 * @param header all `Cookie` headers, joined by `"; "`
 * @throws ERR_REQUEST_AMBIGUOUS for two of this name, and for a header longer than 16 384 characters
 */
export function readCookie(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined
  if (header.length > LONGEST_HEADER)
    throw new SessionError("ERR_REQUEST_AMBIGUOUS", `Expected at most ${LONGEST_HEADER} characters of cookies, got ${header.length}.`)
  const found = countOf(header, name)
  if (found > 1) throw new SessionError("ERR_REQUEST_AMBIGUOUS", `Expected one cookie of the session's name, got ${found}.`)
  // Taken literally: with percent-decoding, one token would have many spellings.
  return found === 0 ? undefined : parseCookie(header, { decode: (value) => value })[name]
}

function countOf(header: string, name: string): number {
  return header.includes(name) ? header.split(";").filter((pair) => isNamed(pair, name)).length : 0
}

/** Other white space than blanks and tabs is part of a name (RFC 6265, 5.2), and such a name is not guarded by its prefix. */
function isNamed(pair: string, name: string): boolean {
  const given = pair.slice(0, Math.max(0, pair.indexOf("=")))
  const at = given.indexOf(name)
  return at !== -1 && BLANK.test(given.slice(0, at)) && BLANK.test(given.slice(at + name.length))
}

/** The `Set-Cookie` that hands a session to the browser: until it is closed, or as long as a persistent session can last, 400 days at most. */
export function givingCookie(settings: CookieSettings, { token, session }: { token: TokenText; session: IssuedSession<object>["session"] }): string {
  if (!session.persistent) return stringifySetCookie({ ...settings, value: token })
  // By the clock of the store, to which both belong.
  const left = Math.floor((session.absoluteExpiresAt.getTime() - session.lastAccessedAt.getTime()) / 1000)
  return stringifySetCookie({ ...settings, value: token, maxAge: Math.min(left, LONGEST_LIFE_S) })
}

/** The `Set-Cookie` that takes it back. With other attributes browsers would keep the cookie. */
export function takingCookie(settings: CookieSettings): string {
  return stringifySetCookie({ ...settings, value: "", maxAge: 0 })
}
