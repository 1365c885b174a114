import { STATUS_CODES } from "node:http"
import { SessionError, type SessionErrorCode } from "coatcheck"
import { HTTPException } from "hono/http-exception"

/** Errors of the service itself, beside those of the library. */
export const SERVICE_STATUS = {
  ERR_API_KEY: 401,
  ERR_SCOPE: 403,
  ERR_SESSION_NOT_FOUND: 404,
  ERR_RULE_NOT_FOUND: 404,
  ERR_ROUTE_NOT_FOUND: 404,
  ERR_METHOD_NOT_ALLOWED: 405,
  ERR_BODY_TOO_LARGE: 413,
  ERR_MEDIA_TYPE: 415,
  ERR_INTERNAL: 500,
} as const

/** What an application's own requests come to, see `coatcheck/auth`; no call of this service ends so. */
type RequestErrorCode =
  | "ERR_NOT_AUTHENTICATED"
  | "ERR_REAUTHENTICATION_NEEDED"
  | "ERR_NOT_PERMITTED"
  | "ERR_REQUEST_FORGED"
  | "ERR_REQUEST_AMBIGUOUS"
  | "ERR_ANSWER_SENT"
type StoreErrorCode = Exclude<SessionErrorCode, RequestErrorCode>

/** The one place that maps the library's errors to a status. */
export const SESSION_STATUS: Readonly<Record<StoreErrorCode, number>> = {
  ERR_INVALID_ARGUMENT: 400,
  ERR_SESSION_TOO_LARGE: 413,
  ERR_SESSION_CONFLICT: 409,
  ERR_SESSION_LIMIT: 409,
  ERR_SESSION_ENDED: 409,
  ERR_SESSION_CORRUPT: 500,
  ERR_STORE_UNAVAILABLE: 503,
  ERR_STORE_TIMEOUT: 503,
  ERR_STORE_UNKNOWN: 503,
  ERR_STORE_REFUSED: 503,
  ERR_STORE_OVERLOADED: 503,
  ERR_STORE_PROTOCOL: 500,
  ERR_NOT_DURABLE: 503,
  ERR_CONFIG_INVALID: 500,
  ERR_CLOSED: 503,
}
const STORE_CODES = Object.keys(SESSION_STATUS) as StoreErrorCode[]

const RETRY_AFTER_SECONDS = 1

/** The body of every answer that is not a success (RFC 9457). */
export interface ProblemDocument {
  readonly type: "about:blank"
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly retryable: boolean
  readonly outcome: string
  readonly requestId: string
}

/** A refusal by the service. The detail goes to the caller, so it repeats nothing that was sent. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem"
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: keyof typeof SERVICE_STATUS | StoreErrorCode,
    detail: string,
    options: { status?: number; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    this.code = code
    this.status = options.status ?? { ...SESSION_STATUS, ...SERVICE_STATUS }[code]
    this.headers = options.headers ?? {}
  }
}

/** An unknown, expired, revoked, malformed or wrong token, or handle: one and the same answer, so that nobody can tell them apart. */
export function sessionNotFound(): HttpProblem {
  return new HttpProblem("ERR_SESSION_NOT_FOUND", "There is no such session.")
}

/** Turns whatever was thrown into an answer. Only errors whose text is known to be harmless are quoted. */
export function problemResponse(error: unknown, requestId: string): Response {
  const problem = toProblem(error)
  const session = SessionError.is(error) ? error : null
  const document: ProblemDocument = {
    type: "about:blank",
    title: STATUS_CODES[problem.status] ?? "Error",
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    retryable: session?.retryable ?? false,
    outcome: session?.outcome ?? (problem.code === "ERR_INTERNAL" ? "unknown" : "not-applied"),
    requestId,
  }
  const retry: Record<string, string> = problem.status === 503 && document.retryable ? { "Retry-After": String(RETRY_AFTER_SECONDS) } : {}
  return new Response(JSON.stringify(document), {
    status: problem.status,
    headers: { ...problem.headers, ...retry, "Content-Type": "application/problem+json", "X-Request-Id": requestId },
  })
}

function toProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error
  if (SessionError.is(error, ...STORE_CODES)) return new HttpProblem(error.code, error.message)
  if (error instanceof HTTPException && error.status === 400) return new HttpProblem("ERR_INVALID_ARGUMENT", "Expected a body that is well-formed JSON.")
  if (error instanceof HTTPException && error.status === 415) return unsupportedMediaType()
  return new HttpProblem("ERR_INTERNAL", "The service met an error that it did not expect. Its log names this request id.")
}

/** The answer to a body that does not say that it is JSON. */
export function unsupportedMediaType(): HttpProblem {
  return new HttpProblem("ERR_MEDIA_TYPE", "Expected a body with Content-Type application/json.")
}
