import { stringifySetCookie } from "cookie"
import { SessionError } from "../domain/errors.js"
import type { IssuedSession, TokenText } from "../domain/interfaces/session/ISessionService.js"
import type { CookieSettings } from "./cookie-settings.js"

const LONGEST_HEADER = 16_384
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
  let found: string | undefined
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + name.length)) {
    const value = valueAt(header, at, at + name.length)
    if (value === undefined) continue
    if (found !== undefined) throw new SessionError("ERR_REQUEST_AMBIGUOUS", "Expected one cookie of the session's name, got more.")
    found = value
  }
  return found
}

/**
 * The value of the cookie whose name stands from `begin` to `end`; `undefined` where that is part of another name, or of a value. Taken literally: with
 * percent-decoding, one token would have many spellings.
 */
function valueAt(header: string, begin: number, end: number): string | undefined {
  const [before, equals] = [skipBlanks(header, begin - 1, -1), skipBlanks(header, end, 1)]
  if ((before >= 0 && header[before] !== ";") || header[equals] !== "=") return undefined
  const next = header.indexOf(";", equals)
  const last = skipBlanks(header, (next === -1 ? header.length : next) - 1, -1)
  return header.slice(skipBlanks(header, equals + 1, 1), last + 1)
}

/** Other white space than blanks and tabs is part of a name or value (RFC 6265, 5.2), and such a name is not guarded by its prefix. */
function skipBlanks(header: string, from: number, step: 1 | -1): number {
  let at = from
  while (header[at] === " " || header[at] === "\t") at += step
  return at
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
