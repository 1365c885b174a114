import { z } from "@hono/zod-openapi"

const problem = z
  .strictObject({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.int(),
    code: z.string().openapi({ description: "What went wrong, for programs.", example: "ERR_SESSION_NOT_FOUND" }),
    detail: z.string().openapi({ description: "What was expected, for people." }),
    retryable: z.boolean().openapi({ description: "Whether the same request may succeed later." }),
    outcome: z.enum(["applied", "not-applied", "unknown"]).openapi({ description: "Whether the request changed anything." }),
    requestId: z.string(),
  })
  .openapi("Problem")

const WHEN = {
  400: "The request is not what was expected.",
  401: "No valid API key.",
  403: "The API key lacks the scope.",
  404: "There is no such session, or no such rule.",
  409: "The session or its user's limit stands against it.",
  412: "If-Match names another version.",
  413: "The body or the attributes are too large.",
  415: "The body is not JSON.",
  500: "The service or a stored record is broken.",
  503: "The store could not answer.",
} as const

/** The refusals of a route: those it names, and those that every route has. */
export function refusals<S extends keyof typeof WHEN>(...statuses: S[]) {
  const entries = ([...statuses, 500] as const).map((status) => [
    status,
    { description: WHEN[status], content: { "application/problem+json": { schema: problem } } },
  ])
  return Object.fromEntries(entries) as Record<S | 500, { description: string; content: { "application/problem+json": { schema: typeof problem } } }>
}

/** A success with a body. */
export function json<T extends z.ZodType>(schema: T, description: string, headers?: Record<string, { description: string; schema: { type: "string" } }>) {
  return { description, content: { "application/json": { schema } }, ...(headers && { headers }) }
}

export const ETAG = { ETag: { description: "The session's version, for If-Match.", schema: { type: "string" } } } as const

const field = (description: string) => ({ description, schema: { type: "string" } }) as const
export const RATE_LIMIT_HEADERS = {
  "RateLimit-Policy": field("The policy of the rule that decided."),
  RateLimit: field("What is left of it."),
  "Retry-After": field("Seconds after which it would be allowed; where it is denied."),
} as const
