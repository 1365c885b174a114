import type { Credentials } from "../application/RequestPort.js"
import { SessionError } from "../domain/errors.js"
import type { TokenText } from "../domain/interfaces/session/ISessionService.js"
import { readBearer } from "./bearer.js"
import type { RequestHead } from "./contract.js"
import { readCookie } from "./cookies.js"

/** Where a token may come from. Never from a URL, which ends up in logs, in histories and with other sites (OWASP ASVS 5.0 14.2.1). */
export interface TokenSources {
  readonly cookie: { readonly name: string }
  readonly bearer: boolean
}

const NONE: Credentials = { kind: "none" }

/**
 * Finds how a request proves who it is from.
 *
 * @throws ERR_REQUEST_AMBIGUOUS also for a cookie beside a bearer token, were they equal: whichever were preferred, the other could be smuggled in
 * @source OWASP Session Management Cheat Sheet, "Session ID Exchange Mechanisms" · OWASP ASVS 5.0 15.3.7
 */
export function readCredentials(head: Pick<RequestHead, "header">, sources: TokenSources): Credentials {
  const cookie = readCookie(head.header("cookie"), sources.cookie.name)
  const bearer = sources.bearer ? readBearer(head.header("authorization")) : undefined
  if (bearer === undefined) return cookie === undefined ? NONE : { kind: "cookie", token: cookie as TokenText }
  if (cookie !== undefined) throw new SessionError("ERR_REQUEST_AMBIGUOUS", "Expected either the session's cookie or a bearer token, got both.")
  return { kind: "bearer", token: bearer as TokenText }
}
