import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import type { HttpEnv } from "../http/http-env.js"
import { json, refusals } from "./answers.js"
import type { RouteDependencies } from "./dependencies.js"
import { noQuery } from "./schemas.js"

/** The routes that need no key. */
export const PUBLIC_PATHS = ["/livez", "/readyz"] as const

const READINESS = z.strictObject({
  status: z.enum(["ready", "degraded"]),
  problems: z.array(z.string()).openapi({
    description: "Names of the checks that found a problem, or examination where the store could not be; the log says more.",
    example: ["eviction"],
  }),
})

export function healthRoutes(app: OpenAPIHono<HttpEnv>, { sessions, health }: RouteDependencies): void {
  const live = createRoute({
    method: "get",
    path: "/livez",
    summary: "Whether the process answers",
    security: [],
    request: { query: noQuery },
    responses: { 200: json(z.strictObject({ status: z.literal("alive") }), "alive"), ...refusals(400) },
  })
  app.openapi(live, (c) => c.json({ status: "alive" as const }, 200))

  const ready = createRoute({
    method: "get",
    path: "/readyz",
    summary: "Whether the store answers",
    security: [],
    request: { query: noQuery },
    responses: { 200: json(READINESS, "ready, or degraded: it serves, but the store has problems"), ...refusals(400, 503) },
  })
  app.openapi(ready, async (c) => {
    await sessions.ping()
    const problems = await health.problems()
    // Still 200: taking every instance out for a problem that all share would turn a risk into an outage.
    return c.json({ status: problems.length === 0 ? ("ready" as const) : ("degraded" as const), problems: [...problems] }, 200)
  })
}
