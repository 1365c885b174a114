import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import { requireScope } from "../http/authorization.js"
import type { HttpEnv } from "../http/http-env.js"
import { refusals } from "./answers.js"
import type { RouteDependencies } from "./dependencies.js"
import { noQuery } from "./schemas.js"

/** `GET /metrics`, for Prometheus. It has a scope of its own, so that whoever scrapes holds a key that opens nothing else. */
export function metricsRoute(app: OpenAPIHono<HttpEnv>, { metrics }: RouteDependencies): void {
  const scrape = createRoute({
    method: "get",
    path: "/metrics",
    summary: "Counts of requests, rate limits and sessions",
    security: [{ apiKey: ["metrics"] }],
    middleware: [requireScope("metrics")] as const,
    request: { query: noQuery },
    responses: { 200: { description: "Prometheus text.", content: { "text/plain": { schema: z.string() } } }, ...refusals(400, 401, 403) },
  })
  app.openapi(scrape, async (c) => c.body(await metrics.text(), 200, { "Content-Type": metrics.contentType }) as never)
}
