import { UnexpectedValue } from "../shared/assertions.js"

/**
 * Every way in which a call can fail. Expected outcomes are values (`null`, `false`), broken promises are errors.
 *
 * - `retryable`: whether the same call may succeed when it is made again.
 * - `outcome`: whether the call changed anything: `not-applied`, `unknown` when the store's answer did not arrive, or `applied`
 *   for a creation whose session was ended before the call returned, and for a sign-out that may not outlast its server. An error may say more than this table: read it there.
 */
export const ERROR_CODES = {
  ERR_INVALID_ARGUMENT: { retryable: false, outcome: "not-applied" },
  ERR_SESSION_TOO_LARGE: { retryable: false, outcome: "not-applied" },
  ERR_SESSION_CONFLICT: { retryable: true, outcome: "not-applied" },
  ERR_SESSION_LIMIT: { retryable: false, outcome: "not-applied" },
  ERR_SESSION_ENDED: { retryable: false, outcome: "not-applied" },
  ERR_SESSION_CORRUPT: { retryable: false, outcome: "not-applied" },
  ERR_STORE_UNAVAILABLE: { retryable: true, outcome: "not-applied" },
  ERR_STORE_TIMEOUT: { retryable: true, outcome: "unknown" },
  ERR_STORE_UNKNOWN: { retryable: false, outcome: "unknown" },
  ERR_STORE_REFUSED: { retryable: false, outcome: "not-applied" },
  ERR_STORE_OVERLOADED: { retryable: true, outcome: "not-applied" },
  ERR_STORE_PROTOCOL: { retryable: false, outcome: "unknown" },
  ERR_NOT_DURABLE: { retryable: true, outcome: "applied" },
  ERR_CONFIG_INVALID: { retryable: false, outcome: "not-applied" },
  ERR_CLOSED: { retryable: false, outcome: "not-applied" },
  ERR_NOT_AUTHENTICATED: { retryable: false, outcome: "not-applied" },
  ERR_REAUTHENTICATION_NEEDED: { retryable: false, outcome: "not-applied" },
  ERR_NOT_PERMITTED: { retryable: false, outcome: "not-applied" },
  ERR_REQUEST_FORGED: { retryable: false, outcome: "not-applied" },
  ERR_REQUEST_AMBIGUOUS: { retryable: false, outcome: "not-applied" },
  ERR_ANSWER_SENT: { retryable: false, outcome: "not-applied" },
} as const satisfies Record<string, { readonly retryable: boolean; readonly outcome: Outcome }>

export type SessionErrorCode = keyof typeof ERROR_CODES
/** What is known of a failed call's effect. */
export type Outcome = "applied" | "not-applied" | "unknown"

const brand: unique symbol = Symbol.for("coatcheck.SessionError") as never

/** What an error may know beyond its code. */
interface ErrorDetails {
  readonly outcome?: Outcome
  readonly retryable?: boolean
  readonly option?: string | undefined
}

/** The one error class. Its message says what was expected and what was got, and never holds a token, a secret or session data. */
export class SessionError<C extends SessionErrorCode = SessionErrorCode> extends Error {
  override readonly name = "SessionError"
  readonly code: C
  readonly retryable: boolean
  readonly outcome: Outcome
  /** The option that is to be corrected, e.g. `idleTimeout`, where ERR_CONFIG_INVALID is about one. Absent otherwise. */
  declare readonly option?: string
  /** @internal marks errors of every copy of this package */
  readonly [brand] = true

  constructor(code: C, message: string, details?: ErrorDetails) {
    super(message)
    this.code = code
    this.retryable = details?.retryable ?? ERROR_CODES[code].retryable
    this.outcome = details?.outcome ?? ERROR_CODES[code].outcome
    if (details?.option !== undefined) this.option = details.option
  }

  /**
   * Narrows an unknown error to this class and, when codes are given, to those codes.
   * Works across two copies of the package, where `instanceof` does not.
   */
  static is<C extends SessionErrorCode>(error: unknown, ...codes: C[]): error is SessionError<C> {
    if (typeof error !== "object" || error === null || !(brand in error)) return false
    return codes.length === 0 || (codes as string[]).includes((error as SessionError).code)
  }
}

/** Runs the check of options whose author is the programmer. @throws ERR_CONFIG_INVALID for an unexpected value */
export function asConfigError<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw error instanceof UnexpectedValue ? new SessionError("ERR_CONFIG_INVALID", error.message, { option: error.option }) : error
  }
}

/** What a call throws: an unexpected value as ERR_INVALID_ARGUMENT, anything else as it is. */
export function asArgumentError(error: unknown): unknown {
  return error instanceof UnexpectedValue ? new SessionError("ERR_INVALID_ARGUMENT", error.message) : error
}

/** The same error with what is known better here of whether anything was changed. What is none of this library's stays as it is. */
export function withOutcome<E>(error: E, outcome: Outcome): E | SessionError {
  return SessionError.is(error) ? new SessionError(error.code, error.message, { outcome, retryable: error.retryable }) : error
}
