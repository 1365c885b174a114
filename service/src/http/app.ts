import { OpenAPIHono } from "@hono/zod-openapi"
import { methodNotAllowed } from "hono/method-not-allowed"
import { requestId } from "hono/request-id"
import type { Logger } from "pino"
import { apiDescription } from "../routes/api-description.js"
import { createRoutes } from "../routes/create.js"
import type { RouteDependencies } from "../routes/dependencies.js"
import { healthRoutes, PUBLIC_PATHS } from "../routes/health.js"
import { metricsRoute } from "../routes/metrics.js"
import { rateLimitRoutes } from "../routes/rate-limits.js"
import { sessionRoutes } from "../routes/session.js"
import { userRoutes } from "../routes/users.js"
import type { ApiKeys } from "./api-keys.js"
import { requireKey } from "./authorization.js"
import type { HttpEnv } from "./http-env.js"
import { refuseInvalid } from "./invalid-input.js"
import type { Metrics } from "./metrics.js"
import { HttpProblem, problemResponse } from "./problem.js"
import { requestLog } from "./request-log.js"

export interface AppDependencies extends RouteDependencies {
  readonly metrics: Metrics
  readonly keys: ApiKeys
  readonly logger: Logger
  readonly version: string
}

/** Longer ids are replaced, so that a token sent in the wrong header (70 characters, with dots) is not repeated. */
const REQUEST_ID_LENGTH = 36

/** The whole HTTP API as a function from requests to responses. It expects targets that passed `refuseTarget`. */
export function createApp(dependencies: AppDependencies): OpenAPIHono<HttpEnv> {
  const app = new OpenAPIHono<HttpEnv>({ getPath: rawPath, defaultHook: refuseInvalid })
  app.use(requestId({ limitLength: REQUEST_ID_LENGTH }), requestLog(dependencies.logger, dependencies.metrics))
  app.use(async (c, next) => {
    await next()
    c.header("Cache-Control", "no-store")
    c.header("X-Content-Type-Options", "nosniff")
  })
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        const problem = new HttpProblem("ERR_METHOD_NOT_ALLOWED", "Expected one of the methods in Allow.", { headers: { Allow: methods.join(", ") } })
        return problemResponse(problem, c.var.requestId)
      },
    }),
  )
  app.use(requireKey(dependencies.keys, { except: PUBLIC_PATHS }))
  app.onError((error, c) => problemResponse(error, c.var.requestId))
  app.notFound((c) => problemResponse(new HttpProblem("ERR_ROUTE_NOT_FOUND", "There is no such route."), c.var.requestId))

  createRoutes(app, dependencies)
  sessionRoutes(app, dependencies)
  userRoutes(app, dependencies)
  rateLimitRoutes(app, dependencies)
  healthRoutes(app, dependencies)
  metricsRoute(app, dependencies)
  apiDescription(app, dependencies.version)
  return app
}

/** The path as it was sent. Routes match it undecoded, and each parameter is then decoded exactly once. */
function rawPath(request: Request): string {
  const start = request.url.indexOf("/", request.url.indexOf("://") + 3)
  const end = request.url.indexOf("?", start)
  return request.url.slice(start, end < 0 ? undefined : end)
}
