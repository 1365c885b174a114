import type { SessionErrorCode } from "../domain/errors.js"
import { SessionError } from "../domain/errors.js"
import type { Device, SessionData, SessionId } from "../domain/interfaces/session/ISessionService.js"

/** Whose session an event is about; `null` where there is none, or nobody. */
export interface AuditActor {
  readonly sessionId: SessionId | null
  readonly userId: string | null
  /** Who has passed the first factor only. */
  readonly pendingUserId: string | null
  /** Who acts in the name of `userId`. */
  readonly impersonatorId: string | null
}

/**
 * What happened. Where OWASP's logging vocabulary has a word for it, that is its name.
 *
 * - `authn_login_success`: somebody signed in; `replaced` is the session that this request came with.
 * - `session_created`: a guest's session began, or one that waits for a second factor.
 * - `session_renewed`: the user proved again who they are.
 * - `authz_admin`: somebody began to act in a user's name.
 * - `session_logout`: sessions were ended on request. `logout_failed`: they were not, or it is not known.
 * - `session_use_after_expire`: a token opened nothing (its session ran out, was ended, or never was), or a session was ended while it was used.
 * - `session_expired`: an impersonated session was refused and ended, because the session that it came from is over.
 * - `authz_fail`: a request was refused: nobody signed in, not recently enough, or not permitted.
 * - `csrf_rejected`: a request came from somewhere else. `ambiguous_credentials`: it had two answers to who it is from.
 *
 * @source OWASP Logging Vocabulary Cheat Sheet · OWASP ASVS 5.0 16.3.1 to 16.3.3
 */
export type AuditDetail =
  | { readonly event: "authn_login_success"; readonly replaced: SessionId | null }
  | { readonly event: "session_created" | "session_renewed" | "session_use_after_expire" | "csrf_rejected" | "ambiguous_credentials" }
  | { readonly event: "authz_admin"; readonly action: "impersonate" }
  | { readonly event: "session_logout"; readonly where: "here" | "elsewhere" | "everywhere" | "one"; readonly ended: number }
  | { readonly event: "session_expired"; readonly reason: "impersonator-signed-out" }
  /** `code` is `null` for an error that is not this library's. */
  | { readonly event: "logout_failed"; readonly code: SessionErrorCode | null }
  | { readonly event: "authz_fail"; readonly code: SessionErrorCode }

/** What happened, to whom, and from where. No event ever holds a token. Ids and devices come from the outside: write them as JSON. */
export type AuditEvent = AuditDetail & AuditActor & { readonly device: Device }
/** Hears of events at once, in their order. What it throws is dropped. */
export type AuditListener = (event: AuditEvent) => unknown
/** Tells of an event of one request. */
export type Audit = (detail: AuditDetail, session: SessionData<object> | null) => void

/** @param device asked only when somebody listens */
export function auditOf(listener: AuditListener | null, device: () => Device): Audit {
  if (listener === null) return () => undefined
  return (detail, session) => {
    try {
      const returned = listener({ ...detail, ...actorOf(session), device: device() })
      if (returned instanceof Promise) returned.catch(() => undefined)
    } catch {
      // A broken listener must break no request.
    }
  }
}

function actorOf(session: SessionData<object> | null): AuditActor {
  const { sessionId = null, userId = null, pendingUserId = null, impersonatorId = null } = session ?? {}
  return { sessionId, userId, pendingUserId, impersonatorId }
}

/** What the refusal of a request is called; `null` for an error that refuses nobody. */
export function refusalEvent(error: unknown): AuditDetail | null {
  if (SessionError.is(error, "ERR_REQUEST_FORGED")) return { event: "csrf_rejected" }
  if (SessionError.is(error, "ERR_REQUEST_AMBIGUOUS")) return { event: "ambiguous_credentials" }
  if (SessionError.is(error, "ERR_NOT_AUTHENTICATED", "ERR_NOT_PERMITTED", "ERR_REAUTHENTICATION_NEEDED")) return { event: "authz_fail", code: error.code }
  return null
}
