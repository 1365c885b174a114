import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import { requireScope } from "../http/authorization.js"
import type { HttpEnv } from "../http/http-env.js"
import { jsonBody } from "../http/json-body.js"
import { json, refusals } from "./answers.js"
import type { RouteDependencies } from "./dependencies.js"
import { attributes, device, duration, newUserId, noQuery, present, session, token } from "./schemas.js"

const body = z.strictObject({
  userId: newUserId.optional(),
  pendingUserId: newUserId.optional().openapi({ description: "Who has passed the first factor only." }),
  impersonatorId: newUserId.optional().openapi({ description: "Who acts in the name of the user." }),
  authenticatedAt: z.iso
    .datetime({ offset: true, error: "expected an instant, ISO 8601 with its zone" })
    .optional()
    .openapi({ description: "Never in the future; now by default." }),
  attributes: attributes.optional(),
  device: device.optional(),
  idleTimeout: duration.optional(),
  absoluteTimeout: duration.optional(),
  persistent: z.boolean().optional(),
  maxSessionsPerUser: z
    .union([z.int(), z.literal("unlimited")], { error: 'expected a whole number, or "unlimited"' })
    .optional()
    .openapi({ description: "1 to 100 000." }),
  onLimit: z.enum(["evict-oldest", "reject"]).optional(),
  replaces: z.string().optional().openapi({ description: "A session of the same user that you end next: it does not count." }),
})

/** Opens sessions. */
export function createRoutes(app: OpenAPIHono<HttpEnv>, { sessions, bodyLimit }: RouteDependencies): void {
  const create = createRoute({
    method: "post",
    path: "/v1/sessions",
    summary: "Opens a session",
    security: [{ apiKey: ["create"] }],
    middleware: [requireScope("create"), jsonBody(bodyLimit, { required: true })] as const,
    request: { query: noQuery, body: { required: true, content: { "application/json": { schema: body } } } },
    responses: {
      201: json(z.strictObject({ token, session, evicted: z.array(z.string()).openapi({ description: "Handles that the limit ended." }) }), "Opened."),
      ...refusals(400, 401, 403, 409, 413, 415, 503),
    },
  })
  app.openapi(create, async (c) => {
    const { authenticatedAt, ...options } = c.req.valid("json")
    const issued = await sessions.createSession({ ...options, authenticatedAt: authenticatedAt === undefined ? undefined : new Date(authenticatedAt) })
    return c.json({ token: issued.token, session: present(issued.session), evicted: [...issued.evicted] }, 201)
  })
}
