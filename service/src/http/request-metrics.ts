import type { MiddlewareHandler } from "hono"
import { routePath } from "hono/route"
import type { HttpEnv } from "./http-env.js"
import type { Metrics } from "./Metrics.js"

/** Counts each request under the route's pattern: paths hold user ids, and there would be no end of them. */
export function requestMetrics(metrics: Pick<Metrics, "request">): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const began = performance.now()
    await next()
    metrics.request({ method: c.req.method, route: routePath(c, -1), status: c.res.status }, (performance.now() - began) / 1_000)
  }
}
