import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi"
import { type IRateLimitingService, type RateLimitDecision, rateLimitHeaders, type Subject } from "coatcheck/rate-limit"
import type { Context } from "hono"
import type { Scope } from "../http/api-keys.js"
import { requireScope } from "../http/authorization.js"
import type { HttpEnv } from "../http/http-env.js"
import { jsonBody } from "../http/json-body.js"
import { HttpProblem } from "../http/problem.js"
import { json, RATE_LIMIT_HEADERS, refusals } from "./answers.js"
import type { RouteDependencies } from "./dependencies.js"
import { cost, decision, presentDecision, presentRule, rule, subject, subjectOf } from "./rate-limit-schemas.js"
import { atMost, duration, noQuery } from "./schemas.js"

const whose = z.strictObject({ subject })
const units = whose.extend({ cost })
const span = whose.extend({ duration })
const several = z.strictObject({ checks: atMost(16, units.extend({ rule: z.string() })).openapi({ description: "1 to 16." }) })

const ofRule = z.strictObject({ rule: z.string() })
const REFUSED = refusals(400, 401, 403, 404, 413, 415, 503)
const DECIDED = { responses: { 200: json(decision, "Allowed or denied.", RATE_LIMIT_HEADERS), ...REFUSED } }

type App = OpenAPIHono<HttpEnv>
/** What a route does for a subject by a rule. */
type Step<B extends z.ZodType, A> = (of: Subject, name: string, body: z.output<B>) => Promise<A>

/** Rate limits by the operator's rules. Subjects stand in bodies: paths end up in logs on the way. */
export function rateLimitRoutes(app: App, dependencies: RouteDependencies): void {
  const { limits } = dependencies
  list(app, dependencies)
  checkSeveral(app, dependencies)

  const decides = decidingRoutes(app, dependencies)
  decides("check", "limit", "Takes units if that many are left", units, (of, name, body) => limits.checkRateLimit(of, name, { cost: body.cost }))
  decides("status", "read", "What a check of one unit would be answered", whose, (of, name) => limits.getRateLimitStatus(of, name))

  const changes = changingRoutes(app, dependencies)
  changes("reward", "limit", "Gives units back", units, (of, name, body) => limits.reward(of, name, body.cost))
  changes("penalize", "limit", "Takes units whether they are left or not", units, (of, name, body) => limits.penalize(of, name, body.cost))
  changes("block", "manage", "Denies everything for a while", span, (of, name, body) => limits.block(of, name, body.duration))
  changes("reset", "manage", "Forgets all that counts, a block too", whose, (of, name) => limits.resetRateLimit(of, name))
}

function list(app: App, { limits }: RouteDependencies): void {
  const route = createRoute({
    method: "get",
    path: "/v1/rate-limits",
    summary: "Lists the rules",
    security: [{ apiKey: ["read"] }],
    middleware: [requireScope("read")] as const,
    request: { query: noQuery },
    responses: { 200: json(z.strictObject({ rules: z.array(rule) }), "All rules."), ...refusals(400, 401, 403) },
  })
  app.openapi(route, (c) => c.json({ rules: Object.entries(limits.rules).map(([name, own]) => presentRule(name, own)) }, 200))
}

function checkSeveral(app: App, { limits, bodyLimit }: RouteDependencies): void {
  const route = createRoute({ ...post("check", "limit", "Takes units of several rules, or of none", several, bodyLimit, z.strictObject({})), ...DECIDED })
  app.openapi(route, async (c) => {
    const checks = c.req.valid("json").checks.map(({ subject: of, ...check }) => ({ ...check, subject: subjectOf(of) }))
    for (const check of checks) assertRule(limits, check.rule)
    const decided = await limits.checkRateLimits(checks)
    return c.json(presentDecision(decided), 200, headersOf(limits, decided))
  })
}

/** Routes that answer a decision: with 200 whatever it is, for the question was answered. */
function decidingRoutes(app: App, { limits, bodyLimit }: RouteDependencies) {
  return <B extends typeof whose>(verb: string, scope: Scope, summary: string, body: B, step: Step<B, RateLimitDecision>): void => {
    const route = createRoute({ ...post(`{rule}/${verb}`, scope, summary, body, bodyLimit, ofRule), ...DECIDED })
    app.openapi(route, async (c) => {
      const decided = await step(...read<B>(c, limits))
      return c.json(presentDecision(decided), 200, headersOf(limits, decided))
    })
  }
}

/** Routes that answer nothing but that it is done. */
function changingRoutes(app: App, { limits, bodyLimit }: RouteDependencies) {
  return <B extends typeof whose>(verb: string, scope: Scope, summary: string, body: B, step: Step<B, void>): void => {
    const route = createRoute({ ...post(`{rule}/${verb}`, scope, summary, body, bodyLimit, ofRule), responses: { 204: { description: "Done." }, ...REFUSED } })
    app.openapi(route, async (c) => {
      await step(...read<B>(c, limits))
      return c.body(null, 204)
    })
  }
}

function post<B extends z.ZodType, P extends z.ZodObject>(path: string, scope: Scope, summary: string, body: B, bodyLimit: number, params: P) {
  return {
    method: "post" as const,
    path: `/v1/rate-limits/${path}`,
    summary,
    security: [{ apiKey: [scope] }],
    middleware: [requireScope(scope), jsonBody(bodyLimit, { required: true })],
    request: { params, query: noQuery, body: { required: true, content: { "application/json": { schema: body } } } },
  }
}

/** What a request for one rule says, once its schemas have passed it. @throws ERR_RULE_NOT_FOUND */
function read<B extends typeof whose>(c: Context<HttpEnv>, limits: IRateLimitingService): Parameters<Step<B, unknown>> {
  const { rule: name } = c.req.valid("param" as never) as z.output<typeof ofRule>
  const body = c.req.valid("json" as never) as z.output<B>
  assertRule(limits, name)
  return [subjectOf(body.subject), name, body]
}

/** @throws ERR_RULE_NOT_FOUND */
function assertRule({ rules }: IRateLimitingService, name: string): void {
  if (Object.hasOwn(rules, name)) return
  const isNone = Object.keys(rules).length === 0
  throw new HttpProblem(
    "ERR_RULE_NOT_FOUND",
    isNone
      ? "There are no rules: set COATCHECK_RATE_LIMITS, as docs/http-api.md shows, and start the service again."
      : "There is no such rule: GET /v1/rate-limits lists them.",
  )
}

function headersOf({ rules }: IRateLimitingService, decided: RateLimitDecision): Record<string, string> {
  const own = rules[decided.rule]
  return own === undefined ? {} : Object.fromEntries(rateLimitHeaders(decided, own))
}
