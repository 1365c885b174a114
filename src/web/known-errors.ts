import type { SessionErrorCode } from "../domain/errors.js"

/** The status and the words of an answer. Always the same words: an error's own are for the log. */
export interface KnownError {
  readonly status: 400 | 401 | 403 | 409 | 413 | 503
  readonly detail: string
}

const UNAVAILABLE: KnownError = { status: 503, detail: "Sessions cannot be looked at right now. Nobody was signed out." }
const SIGNED_OUT: KnownError = { status: 401, detail: "Sign in first." }

/** How a web application answers the errors of this library; `null` for a mistake of its own, which its framework reports as any other. */
export const KNOWN_ERRORS: Readonly<Record<SessionErrorCode, KnownError | null>> = {
  ERR_INVALID_ARGUMENT: { status: 400, detail: "The request holds something that a session does not take." },
  ERR_SESSION_TOO_LARGE: { status: 413, detail: "This is more than a session holds." },
  ERR_SESSION_CONFLICT: { status: 409, detail: "The session was changed meanwhile. Look again, then decide anew." },
  ERR_SESSION_LIMIT: { status: 409, detail: "There are as many sessions as are allowed. End one first." },
  ERR_SESSION_ENDED: SIGNED_OUT,
  ERR_SESSION_CORRUPT: SIGNED_OUT,
  ERR_STORE_UNAVAILABLE: UNAVAILABLE,
  ERR_STORE_TIMEOUT: UNAVAILABLE,
  ERR_STORE_UNKNOWN: UNAVAILABLE,
  ERR_STORE_REFUSED: UNAVAILABLE,
  ERR_STORE_OVERLOADED: UNAVAILABLE,
  ERR_STORE_PROTOCOL: UNAVAILABLE,
  ERR_NOT_DURABLE: { status: 503, detail: "The sessions have ended, but that may be lost with the server. Ask again." },
  ERR_CONFIG_INVALID: null,
  ERR_CLOSED: UNAVAILABLE,
  ERR_NOT_AUTHENTICATED: SIGNED_OUT,
  ERR_REAUTHENTICATION_NEEDED: { status: 401, detail: "Prove again who you are." },
  ERR_NOT_PERMITTED: { status: 403, detail: "This session may not do that." },
  ERR_REQUEST_FORGED: { status: 403, detail: "The request did not come from a page of this application." },
  ERR_REQUEST_AMBIGUOUS: { status: 400, detail: "The request has more than one proof of who it is from." },
  ERR_ANSWER_SENT: null,
}
