import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import { requireScope } from "../http/authorization.js"
import type { HttpEnv } from "../http/http-env.js"
import { jsonBody } from "../http/json-body.js"
import { sessionNotFound } from "../http/problem.js"
import { json, refusals } from "./answers.js"
import type { RouteDependencies } from "./dependencies.js"
import { noQuery, present, session } from "./schemas.js"

const userId = z.string().openapi({ description: "Percent-encoded; it is decoded once." })
const page = z.strictObject({
  cursor: z.string({ error: "expected the cursor of a page" }).optional().openapi({ description: "The cursor of the page before." }),
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, "expected a whole number from 1 to 200")
    .transform(Number)
    .optional()
    .openapi({ type: "integer", minimum: 1, maximum: 200, default: 50 }),
})

const listing = z.strictObject({
  sessions: z.array(session),
  unreadable: z.array(z.string()).optional().openapi({ description: "Sessions that are there and cannot be read, by this release at least." }),
  cursor: z.string().optional(),
})

/** A user's sessions, by handle and never by token. */
export function userRoutes(app: OpenAPIHono<HttpEnv>, dependencies: RouteDependencies): void {
  list(app, dependencies)
  endOne(app, dependencies)
  endAll(app, dependencies)
}

function list(app: OpenAPIHono<HttpEnv>, { sessions }: RouteDependencies): void {
  const route = createRoute({
    method: "get",
    path: "/v1/users/{userId}/sessions",
    summary: "Lists a user's sessions, newest first",
    security: [{ apiKey: ["read"] }],
    middleware: [requireScope("read")] as const,
    request: { params: z.strictObject({ userId }), query: page },
    responses: { 200: json(listing, "A page."), ...refusals(400, 401, 403, 503) },
  })
  app.openapi(route, async (c) => {
    const found = await sessions.getUserSessions(c.req.valid("param").userId, c.req.valid("query"))
    return c.json({ sessions: found.sessions.map(present), unreadable: found.unreadable?.slice(), cursor: found.cursor }, 200)
  })
}

function endOne(app: OpenAPIHono<HttpEnv>, { sessions }: RouteDependencies): void {
  const route = createRoute({
    method: "delete",
    path: "/v1/users/{userId}/sessions/{sessionId}",
    summary: "Ends one session of a user",
    security: [{ apiKey: ["manage"] }],
    middleware: [requireScope("manage")] as const,
    request: { params: z.strictObject({ userId, sessionId: z.string() }), query: noQuery },
    responses: { 204: { description: "Ended." }, ...refusals(400, 401, 403, 404, 503) },
  })
  app.openapi(route, async (c) => {
    const { userId: user, sessionId } = c.req.valid("param")
    if (!(await sessions.deleteUserSession(user, sessionId))) throw sessionNotFound()
    return c.body(null, 204)
  })
}

function endAll(app: OpenAPIHono<HttpEnv>, { sessions, bodyLimit }: RouteDependencies): void {
  const route = createRoute({
    method: "post",
    path: "/v1/users/{userId}/sign-out",
    summary: "Ends all sessions of a user, or all but one",
    security: [{ apiKey: ["manage"] }],
    middleware: [requireScope("manage"), jsonBody(bodyLimit, { required: false })] as const,
    request: {
      params: z.strictObject({ userId }),
      query: noQuery,
      body: {
        required: false,
        content: {
          "application/json": { schema: z.strictObject({ except: z.string().optional().openapi({ description: "The handle of one that stays." }) }) },
        },
      },
    },
    responses: { 200: json(z.strictObject({ ended: z.int() }), "How many were ended."), ...refusals(400, 401, 403, 413, 415, 503) },
  })
  app.openapi(route, async (c) => {
    const ended = await sessions.deleteUserSessions(c.req.valid("param").userId, { except: c.req.valid("json").except })
    return c.json({ ended }, 200)
  })
}
