import { SessionError } from "../domain/errors.js"
import type { ActiveSession, ActiveUserSession } from "./contract.js"
import type { OpenSession } from "./OpenSession.js"
import type { RequestPort } from "./RequestPort.js"

/**
 * What comes before anything that hands out a token: nothing is created for a request that was forged or can get no cookie.
 *
 * @throws ERR_REQUEST_FORGED · ERR_REQUEST_AMBIGUOUS · ERR_ANSWER_SENT · ERR_NOT_PERMITTED for a bearer token, whose holder would not look for a cookie
 */
export function refuseWithoutCookie(port: RequestPort): void {
  port.refuseForgery()
  port.refuseLateCookie()
  if (port.credentials().kind === "bearer")
    throw notPermitted("a cookie in answer to a bearer token; call the session service in the handler, and answer with the token")
}

/** @throws ERR_NOT_AUTHENTICATED */
export function signedIn<A extends object, I extends object>(open: OpenSession<A, I> | null): ActiveUserSession<A, I> {
  const session = open?.view ?? null
  if (isUserSession(session)) return session
  throw new SessionError(
    "ERR_NOT_AUTHENTICATED",
    `Expected a signed-in user, got ${session === null ? "no session" : "a session in which nobody is signed in"}.`,
  )
}

export function isUserSession<A extends object, I extends object>(session: ActiveSession<A, I> | null): session is ActiveUserSession<A, I> {
  return session !== null && session.userId !== null
}

export function notPermitted(what: string): SessionError {
  return new SessionError("ERR_NOT_PERMITTED", `Not permitted: ${what}.`)
}
