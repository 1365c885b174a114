import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import type { HttpEnv } from "../http/http-env.js"
import { json, refusals } from "./answers.js"
import type { RouteDependencies } from "./dependencies.js"
import { noQuery } from "./schemas.js"

/** The routes that need no key. */
export const PUBLIC_PATHS = ["/livez", "/readyz"] as const

export function healthRoutes(app: OpenAPIHono<HttpEnv>, { sessions }: RouteDependencies): void {
  const answer = (word: string) => json(z.strictObject({ status: z.literal(word) }), word)
  const live = createRoute({
    method: "get",
    path: "/livez",
    summary: "Whether the process answers",
    security: [],
    request: { query: noQuery },
    responses: { 200: answer("alive"), ...refusals(400) },
  })
  app.openapi(live, (c) => c.json({ status: "alive" }, 200))

  const ready = createRoute({
    method: "get",
    path: "/readyz",
    summary: "Whether the store answers",
    security: [],
    request: { query: noQuery },
    responses: { 200: answer("ready"), ...refusals(400, 503) },
  })
  app.openapi(ready, async (c) => {
    await sessions.ping()
    return c.json({ status: "ready" }, 200)
  })
}
