import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import { type SessionAttributes, SessionError } from "coatcheck"
import { requireScope } from "../http/authorization.js"
import type { HttpEnv } from "../http/http-env.js"
import { etagOf, versionOf } from "../http/if-match.js"
import { jsonBody } from "../http/json-body.js"
import { HttpProblem, sessionNotFound } from "../http/problem.js"
import { ETAG, json, refusals } from "./answers.js"
import type { RouteDependencies } from "./dependencies.js"
import { attributes, duration, noQuery, present, session, token, tokenHeader, unset } from "./schemas.js"

const changes = z
  .strictObject({ attributes: attributes.optional(), unset: unset.optional() })
  .refine((body) => body.attributes !== undefined || body.unset !== undefined, "expected attributes, unset, or both")
const rotation = z.strictObject({
  grace: duration.optional().openapi({ description: "How long the old token still works, 0 to 60 s." }),
  reauthenticated: z.boolean().optional().openapi({ description: "Moves authenticatedAt to now." }),
  attributes: attributes.optional(),
  unset: unset.optional(),
})
const optionalBody = <T extends z.ZodType>(schema: T) => ({ required: false, content: { "application/json": { schema } } }) as const

/** The session of the token in `X-Session-Token`. */
export function sessionRoutes(app: OpenAPIHono<HttpEnv>, dependencies: RouteDependencies): void {
  readAndEnd(app, dependencies)
  update(app, dependencies)
  extendAndRotate(app, dependencies)
}

function readAndEnd(app: OpenAPIHono<HttpEnv>, { sessions }: RouteDependencies): void {
  const read = createRoute({
    method: "get",
    path: "/v1/session",
    summary: "Reads the session and moves its idle deadline",
    security: [{ apiKey: ["read"] }],
    middleware: [requireScope("read")] as const,
    request: { query: noQuery, headers: tokenHeader },
    responses: { 200: json(z.strictObject({ session }), "Found.", ETAG), ...refusals(400, 401, 403, 404, 503) },
  })
  app.openapi(read, async (c) => {
    const found = await presence(sessions.getSession(c.req.valid("header")["x-session-token"]))
    return c.json({ session: present(found) }, 200, { ETag: etagOf(found.version) })
  })

  const end = createRoute({
    method: "delete",
    path: "/v1/session",
    summary: "Signs out",
    security: [{ apiKey: ["manage"] }],
    middleware: [requireScope("manage")] as const,
    request: { query: noQuery, headers: tokenHeader },
    responses: { 204: { description: "Ended." }, ...refusals(400, 401, 403, 404, 503) },
  })
  app.openapi(end, async (c) => {
    if (!(await sessions.deleteSession(c.req.valid("header")["x-session-token"]))) throw sessionNotFound()
    return c.body(null, 204)
  })
}

function update(app: OpenAPIHono<HttpEnv>, { sessions, bodyLimit }: RouteDependencies): void {
  const patch = createRoute({
    method: "patch",
    path: "/v1/session",
    summary: "Changes attributes",
    security: [{ apiKey: ["manage"] }],
    middleware: [requireScope("manage"), jsonBody(bodyLimit, { required: true })] as const,
    request: {
      query: noQuery,
      headers: tokenHeader.extend({ "if-match": z.string().optional().openapi({ description: "The ETag of a read: change only this version." }) }),
      body: { required: true, content: { "application/json": { schema: changes } } },
    },
    responses: { 200: json(z.strictObject({ session }), "Changed.", ETAG), ...refusals(400, 401, 403, 404, 409, 412, 413, 415, 503) },
  })
  app.openapi(patch, async (c) => {
    const { "x-session-token": offered, "if-match": ifMatch } = c.req.valid("header")
    const body = c.req.valid("json")
    const ifVersion = versionOf(ifMatch)
    const written = await presence(
      sessions.updateSession(offered, body.attributes ?? {}, { ifVersion, unset: body.unset }).catch((error: unknown) => {
        if (ifVersion === undefined || !SessionError.is(error, "ERR_SESSION_CONFLICT")) throw error
        throw new HttpProblem("ERR_SESSION_CONFLICT", "The session was changed since it had this ETag: read it again.", { status: 412 })
      }),
    )
    return c.json({ session: present(written) }, 200, { ETag: etagOf(written.version) })
  })
}

function extendAndRotate(app: OpenAPIHono<HttpEnv>, { sessions, bodyLimit }: RouteDependencies): void {
  const middleware = () => [requireScope("manage"), jsonBody(bodyLimit, { required: false })]
  const extend = createRoute({
    method: "post",
    path: "/v1/session/extend",
    summary: "Moves the idle deadline now",
    security: [{ apiKey: ["manage"] }],
    middleware: middleware(),
    request: { query: noQuery, headers: tokenHeader, body: optionalBody(z.strictObject({ idleTimeout: duration.optional() })) },
    responses: { 200: json(z.strictObject({ session }), "Extended."), ...refusals(400, 401, 403, 404, 413, 415, 503) },
  })
  app.openapi(extend, async (c) => {
    const extended = await presence(sessions.extendSession(c.req.valid("header")["x-session-token"], c.req.valid("json").idleTimeout))
    return c.json({ session: present(extended) }, 200)
  })

  const rotate = createRoute({
    method: "post",
    path: "/v1/session/rotate",
    summary: "Replaces the token",
    security: [{ apiKey: ["manage"] }],
    middleware: middleware(),
    request: { query: noQuery, headers: tokenHeader, body: optionalBody(rotation) },
    responses: { 200: json(z.strictObject({ token, session }), "Rotated."), ...refusals(400, 401, 403, 404, 409, 413, 415, 503) },
  })
  app.openapi(rotate, async (c) => {
    const { attributes: written, unset: removed, ...options } = c.req.valid("json")
    const issued = await presence(sessions.rotateSession(c.req.valid("header")["x-session-token"], { ...options, changes: rotationChanges(written, removed) }))
    return c.json({ token: issued.token, session: present(issued.session) }, 200)
  })
}

/** The contract removes attributes in a rotation only through its function form. */
function rotationChanges(written: SessionAttributes | undefined, removed: readonly string[] | undefined) {
  if (removed === undefined) return written
  return (own: SessionAttributes): SessionAttributes => Object.fromEntries(Object.entries({ ...own, ...written }).filter(([name]) => !removed.includes(name)))
}

/** Absent sessions are one and the same 404; so is a record that cannot be read, whose holder has to sign in again. */
async function presence<T>(found: Promise<T | null>): Promise<T> {
  const session = await found.catch((error: unknown) => {
    if (SessionError.is(error, "ERR_SESSION_CORRUPT")) return null
    throw error
  })
  if (session === null) throw sessionNotFound()
  return session
}
