import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import type { HttpEnv } from "../http/http-env.js"
import { json, refusals } from "./answers.js"
import { noQuery } from "./schemas.js"

/** `GET /openapi.json`: the routes as they are declared. Any key may read it. */
export function apiDescription(app: OpenAPIHono<HttpEnv>, version: string): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", { type: "http", scheme: "bearer" })
  const describe = createRoute({
    method: "get",
    path: "/openapi.json",
    summary: "Describes this API",
    request: { query: noQuery },
    responses: { 200: json(z.looseObject({}), "OpenAPI 3.1."), ...refusals(400, 401) },
  })
  // To make it takes long, and all routes are declared before the first request.
  let description: Record<string, unknown> | undefined
  app.openapi(describe, (c) => {
    description ??= { ...app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "coatcheck", version }, security: [{ apiKey: [] }] }) }
    return c.json(description, 200)
  })
}
