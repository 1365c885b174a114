import type { MiddlewareHandler } from "hono"
import { routePath } from "hono/route"
import type { Logger } from "pino"
import type { HttpEnv } from "./http-env.js"
import type { Metrics } from "./metrics.js"
import type { RefusedRequest } from "./server.js"

/** One line and one measurement a request. Both name the route's pattern, not the path: paths hold user ids. Headers and bodies hold secrets, so neither is here. */
export function requestLog(logger: Logger, metrics: Pick<Metrics, "request">): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const began = performance.now()
    await next()
    const ms = performance.now() - began
    const request = { method: c.req.method, route: routePath(c, -1), status: c.res.status }
    metrics.request(request, ms / 1_000)
    const fields = { requestId: c.var.requestId, ...request, ms: Math.round(ms * 10) / 10, key: c.var.caller?.name }
    if (request.status >= 500) logger.error({ ...fields, failure: describeFailure(c.error) }, "request failed")
    else logger.info(fields, "request")
  }
}

/** The same of a request that no route saw, for its target was refused: what no route is there for has this pattern, too. */
export function refusalLog(logger: Logger, metrics: Pick<Metrics, "request">): (request: RefusedRequest) => void {
  return ({ requestId, method, status }) => {
    const request = { method, route: "/*", status }
    metrics.request(request, 0)
    logger.info({ requestId, ...request, ms: 0 }, "request")
  }
}

/** What may be logged of an error: its code or class and where it was thrown. Messages of foreign errors may quote commands and URLs. */
export function describeFailure(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  if ("code" in error && typeof error.code === "string" && /^ERR_\w+$/.test(error.code)) return error.code
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line))
  return [error.name, ...frames.slice(0, 8).map((line) => line.trim())].join(" | ")
}
