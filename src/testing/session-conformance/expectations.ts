import assert from "node:assert/strict"
import { ERROR_CODES, SessionError, type SessionErrorCode } from "../../domain/errors.js"
import type { SessionData, SessionId, SessionToken } from "../../domain/interfaces/session/ISessionService.js"
import type { ServiceUnderTest } from "./conformance-setup.js"

/** Tag of 16 bits, id of 128, secret of 256, each in base64url whose unused last bits are zero. */
const TOKEN = /^[\w-]{2}[AEIMQUYcgkosw048]\.[\w-]{21}[AQgw]\.[\w-]{42}[AEIMQUYcgkosw048]$/

export function assertToken(token: string, sessionId: string): void {
  assert.match(token, TOKEN)
  assert.equal(token.length, 70)
  assert.equal(token.slice(0, 26), sessionId)
}

export function secretOf(token: string): string {
  return token.slice(27)
}

/** The same handle with a secret that is well-formed and wrong. */
export function withWrongSecret(token: string): SessionToken {
  const first = token.charAt(27) === "A" ? "B" : "A"
  return `${token.slice(0, 27)}${first}${token.slice(28)}` as SessionToken
}

/** Well-formed, and nobody's. */
export const NOBODYS_TOKEN = `AAA.${"A".repeat(22)}.${"A".repeat(43)}` as SessionToken
export const NOBODYS_ID = `AAA.${"A".repeat(22)}` as SessionId

/** Fails unless the call is refused with this code, in the form that every error has. */
export async function refuses(code: SessionErrorCode, call: () => Promise<unknown>, hidden: readonly string[] = []): Promise<SessionError> {
  // Outside of `try`: a method that throws instead of rejecting breaks callers that chain.
  const answer = call()
  let error: unknown
  try {
    const value = await answer
    assert.fail(`Expected ${code}, got an answer: ${value === null ? "null" : typeof value}.`)
  } catch (caught) {
    if (caught instanceof assert.AssertionError) throw caught
    error = caught
  }
  assert.ok(SessionError.is(error), `Expected ${code}, got ${String(error)}.`)
  assert.equal(error.code, code, error.message)
  assert.equal(error.name, "SessionError")
  // A conflict may be worth another try after a read, or never: a token that was replaced stays replaced.
  if (code === "ERR_SESSION_CONFLICT") assert.equal(typeof error.retryable, "boolean", "retryable")
  else assert.equal(error.retryable, ERROR_CODES[code].retryable, "retryable")
  assert.equal(error.outcome, ERROR_CODES[code].outcome, "outcome")
  assert.notEqual(error.message, "")
  const written = [error.message, String(error), JSON.stringify(error)].join("\n")
  for (const text of hidden) assert.ok(!written.includes(text), "the error holds what it must not")
  return error
}

/** Narrows an answer that must be there. */
export function present<T>(answer: T | null | undefined, what = "the session"): T {
  assert.ok(answer !== null && answer !== undefined, `${what} is missing`)
  return answer
}

/** All handles of a user's sessions, newest first, over all pages. */
export async function listAll(service: ServiceUnderTest, userId: string, limit = 50): Promise<SessionId[]> {
  const found: SessionId[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < 500; pages += 1) {
    const page = await service.getUserSessions(userId, { cursor, limit })
    assert.ok(page.sessions.length <= limit, `a page of ${page.sessions.length} for a limit of ${limit}`)
    found.push(...page.sessions.map((session) => session.sessionId))
    if (page.cursor === undefined) return found
    cursor = page.cursor
  }
  return assert.fail("the list has no end")
}

/** Fails unless the session is as it was, whatever was tried on it. */
export async function assertUnchanged(service: ServiceUnderTest, token: SessionToken, before: SessionData): Promise<void> {
  assert.deepEqual(await service.getSession(token, { touch: false }), before)
}

/** Times of a session relative to its creation, in milliseconds. */
export function lifetimes(session: SessionData): { readonly idle: number; readonly absolute: number } {
  return {
    idle: session.expiresAt.getTime() - session.lastAccessedAt.getTime(),
    absolute: session.absoluteExpiresAt.getTime() - session.createdAt.getTime(),
  }
}

export function ms(date: Date | null | undefined): number {
  return present(date, "the date").getTime()
}

/** The creation time is counted in microseconds and rounded down; what is computed from it may be a millisecond off. */
export function assertNear(actual: number, wanted: number, toleranceMs: number, what: string): void {
  assert.ok(Math.abs(actual - wanted) <= toleranceMs, `${what}: expected ${wanted} ± ${toleranceMs}, got ${actual}`)
}

/** Listeners of an application that fail in both ways; a rejection that nobody catches ends the tests. */
export function failingListeners(): readonly (() => void)[] {
  const failure = new Error("of the application's own listener")
  return [
    () => {
      throw failure
    },
    () => Promise.reject(failure),
  ]
}
