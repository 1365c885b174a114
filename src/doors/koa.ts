import type { Context, Middleware } from "koa"
import type { ActiveUserSession, RequestAuth } from "../application/contract.js"
import { SessionError } from "../domain/errors.js"
import type { CountingName, RateLimitRules, Subject } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { Authenticator, Refusal, RouteRule } from "../web/contract.js"
import { answerTo, type Entered, type EnteredFreely, freeEntrance } from "../web/door.js"
import { type LimitedBy, type RateLimitedOptions, type RateLimiter, rateLimited } from "../web/rate-limited.js"
import type { Entrance } from "./entered-requests.js"
import { nodeEntrance } from "./node-entrance.js"
import { BODY_HEADERS, keepFromCaches, nodeAnswerHead, nodeRequestHead } from "./node-head.js"

/** The door of Koa 3. What this library has no answer for is thrown on, to Koa's handling of errors. */
export interface KoaDoor<A extends object, I extends object> {
  /** Lets only those on who are signed in, with `context.state.session` and `context.state.auth`. @throws ERR_CONFIG_INVALID for the rule, at once */
  requireSession(rule?: RouteRule): Middleware<{ readonly session: ActiveUserSession<A, I>; readonly auth: RequestAuth<A, I> }>
  /** Lets everybody on whose request is no forgery, with `context.state.auth`. No session is read before it is asked for. @throws ERR_CONFIG_INVALID for the rule, at once */
  optionalSession(rule?: RouteRule): Middleware<{ readonly auth: RequestAuth<A, I> }>
  /**
   * Takes a unit of a rule for each request, and answers 429 with a problem document where none is left. Answers have the headers `RateLimit` and
   * `RateLimit-Policy`. `"user"` and `"session"` need `requireSession` before it.
   *
   * @throws ERR_CONFIG_INVALID for a rule that does not exist or hands out leases, for options, and for whom it limits; at once
   */
  rateLimit<R extends RateLimitRules, N extends CountingName<R>>(
    limits: RateLimiter<R>,
    rule: N,
    by?: LimitedBy<Context>,
    options?: RateLimitedOptions,
  ): Middleware
}

/** Makes the door of Koa. */
export function koaDoor<A extends object, I extends object>(authenticator: Authenticator<A, I>): KoaDoor<A, I> {
  const middleware =
    <E extends Entered<A, I> | EnteredFreely<A, I>>(enter: Entrance<E>, rule: RouteRule | undefined): Middleware<Omit<E, "ok">> =>
    async (context, next) => {
      const head = nodeAnswerHead(context.res)
      try {
        const entered = await enter(nodeRequestHead(context.req), head)
        if (!entered.ok) return refuse(context, entered)
        const { ok: _, ...fields } = entered
        Object.assign(context.state, fields)
        await next()
      } catch (error) {
        const refusal = answerTo(authenticator, error, head, rule)
        if (refusal === null) throw error
        refuse(context, refusal)
      }
    }
  return {
    requireSession: (rule) => middleware(nodeEntrance<A, I>(authenticator, rule), rule),
    optionalSession: (rule) => middleware(freeEntrance<A, I>(authenticator, rule), rule),
    rateLimit: (limits, rule, by, options) => {
      const check = rateLimited(authenticator, limits, rule, by, options)
      return async (context, next) => {
        const said = () => (by as (context: Context) => Subject)(context)
        const refusal = await check({
          head: nodeRequestHead(context.req),
          response: nodeAnswerHead(context.res),
          session: () => sessionOf(context.state),
          said,
        })
        if (refusal === null) await next()
        else refuse(context, refusal)
      }
    },
  }
}

function sessionOf({ session }: { readonly session?: ActiveUserSession<object> | undefined }): ActiveUserSession<object> {
  if (session === undefined) throw new SessionError("ERR_CONFIG_INVALID", "Expected requireSession() of this door before rateLimit() by user or session.")
  return session
}

function refuse(context: Pick<Context, "res" | "headerSent" | "remove" | "set" | "status" | "body">, { status, headers, problem }: Refusal): void {
  // Something else has answered meanwhile.
  if (context.headerSent) return
  for (const name of BODY_HEADERS) context.remove(name)
  context.set(headers)
  keepFromCaches(context.res)
  context.status = status
  context.body = JSON.stringify(problem)
}
