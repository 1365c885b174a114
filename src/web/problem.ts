import { SessionError } from "../domain/errors.js"
import type { Refusal } from "./contract.js"
import { KNOWN_ERRORS, type KnownError } from "./known-errors.js"
import { NO_STORE } from "./targeted-caches.js"

const TITLES: Readonly<Record<KnownError["status"], string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  409: "Conflict",
  413: "Content Too Large",
  503: "Service Unavailable",
}
/** Of every answer that is a problem document (RFC 9457). */
export const PROBLEM_HEADERS = { "Content-Type": "application/problem+json", "Cache-Control": NO_STORE }
/** After what will not mend itself, somebody has to do something first. */
const RETRY_AFTER_S = { soon: "1", later: "30" }

/** What the answer to a refused request depends on, beside its error. */
export interface Asked {
  /** Whether the application reads bearer tokens. */
  readonly bearer: boolean
  /** How long ago the route lets the proof be, in whole seconds. */
  readonly maxAge?: number | undefined
}

/**
 * Turns an error into an answer that says nothing of store, session or request.
 *
 * @returns `null` for what the application's framework has to report
 * @source RFC 9457 · RFC 9110, 15.5.2 (a 401 has a challenge) · RFC 9470, 3 · OWASP ASVS 5.0 16.5.1
 */
export function refusalOf(error: unknown, asked: Asked): Refusal | null {
  if (!SessionError.is(error)) return null
  const known = KNOWN_ERRORS[error.code] ?? null
  if (known === null) return null
  const { status, detail } = known
  return {
    ok: false,
    status,
    headers: {
      ...PROBLEM_HEADERS,
      ...(status === 401 && { "WWW-Authenticate": error.code === "ERR_REAUTHENTICATION_NEEDED" ? stepUp(asked) : challenge(asked) }),
      ...(status === 503 && { "Retry-After": error.retryable ? RETRY_AFTER_S.soon : RETRY_AFTER_S.later }),
    },
    problem: { type: "about:blank", title: TITLES[status], status, code: error.code, detail, retryable: error.retryable },
  }
}

/** No scheme is registered for cookies; this one means a page that sets one, and browsers pass over it without a dialogue. */
function challenge({ bearer }: Asked): string {
  return bearer ? "Bearer" : "Cookie"
}

/** Always as Bearer, the scheme that RFC 9470 speaks of: scripts read it alike. */
function stepUp({ maxAge }: Asked): string {
  return `Bearer error="insufficient_user_authentication"${maxAge === undefined ? "" : `, max_age="${maxAge}"`}`
}
