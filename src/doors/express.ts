import type { IncomingMessage, ServerResponse } from "node:http"
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from "express"
import type { ActiveUserSession, RequestAuth } from "../application/contract.js"
import type { CountingName, RateLimitRules, Subject } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { Authenticator, Refusal, ResponseHead, RouteRule } from "../web/contract.js"
import { answerTo, type Entered, type EnteredFreely, freeEntrance } from "../web/door.js"
import { type LimitedBy, type RateLimitedOptions, type RateLimiter, rateLimited } from "../web/rate-limited.js"
import { EnteredRequests, type Entrance } from "./entered-requests.js"
import { shareCompletion, withSharedFields } from "./express-prototypes.js"
import { nodeEntrance } from "./node-entrance.js"
import { nodeAnswerHead, nodeRequestHead, sendRefusal } from "./node-head.js"

// biome-ignore lint/suspicious/noExplicitAny: what Express itself takes bodies for
type Anything = any
type Params = Request["params"]
type Query = Request["query"]
type Handler<Extra, P, B, RB, Q> = (request: Omit<Request<P, B, RB, Q>, keyof Extra> & Extra, response: Response<B>, next: NextFunction) => unknown
/** Typed on `node:http`, so that Express goes on inferring `request.params` from the path. */
type Guard = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

/** The door of Express 5 and 4. What this library has no answer for goes to Express's handling of errors, in Express 4 too. */
export interface ExpressDoor<A extends object, I extends object> {
  /** Calls the handler where somebody is signed in, and answers for it otherwise. @throws ERR_CONFIG_INVALID for the rule, at once */
  requireSession<P = Params, B = Anything, RB = Anything, Q = Query>(
    handler: Handler<{ readonly session: ActiveUserSession<A, I>; readonly auth: RequestAuth<A, I> }, P, B, RB, Q>,
    rule?: RouteRule,
  ): RequestHandler<P, B, RB, Q>
  /** Calls the handler for everybody whose request is no forgery. No session is read before it is asked for. @throws ERR_CONFIG_INVALID for the rule, at once */
  optionalSession<P = Params, B = Anything, RB = Anything, Q = Query>(
    handler: Handler<{ readonly auth: RequestAuth<A, I> }, P, B, RB, Q>,
    rule?: RouteRule,
  ): RequestHandler<P, B, RB, Q>
  /** Lets only those on who are signed in. Their session is found with `sessionOf`, and `answerErrors` answers for the handlers after it. @throws ERR_CONFIG_INVALID for the rule, at once */
  guard(rule?: RouteRule): Guard
  /**
   * Takes a unit of a rule for each request, and answers 429 with a problem document where none is left. Answers have the headers `RateLimit` and
   * `RateLimit-Policy`. `"user"` and `"session"` need `guard` before it.
   *
   * @throws ERR_CONFIG_INVALID for a rule that does not exist or hands out leases, for options, and for whom it limits; at once
   */
  rateLimit<R extends RateLimitRules, N extends CountingName<R>>(limits: RateLimiter<R>, rule: N, by?: LimitedBy<Request>, options?: RateLimitedOptions): Guard
  /** The session that `guard` or `requireSession` let this request in with. @throws ERR_CONFIG_INVALID for a request that passed neither */
  sessionOf(request: IncomingMessage): ActiveUserSession<A, I>
  /** For `app.use`, after the routes: answers errors of this library that handlers after a `guard` met, and hands on all others. */
  answerErrors(): ErrorRequestHandler
}

/** Makes the door of Express. */
export function expressDoor<A extends object, I extends object>(authenticator: Authenticator<A, I>): ExpressDoor<A, I> {
  const requests = new EnteredRequests<A, I>()

  const answering = (response: ServerResponse, next: (error?: unknown) => void, rule?: RouteRule) => (error: unknown) => {
    const refusal = answerTo(authenticator, error, answerHead(response), rule)
    if (refusal === null) next(goesOn(error) ? new Error("Expected a rejection with an error, got one without a reason.", { cause: error }) : error)
    else sendRefusal(response, refusal)
  }

  const isIn = <E extends Entered<A, I> | EnteredFreely<A, I>>(entered: E | Refusal, request: IncomingMessage, response: ServerResponse): entered is E => {
    if (entered.ok) requests.remember(request, entered)
    else sendRefusal(response, entered)
    return entered.ok
  }

  const wrapped =
    <E extends Entered<A, I> | EnteredFreely<A, I>, P, B, RB, Q>(
      enter: Entrance<E>,
      handler: Handler<NoInfer<E>, P, B, RB, Q>,
      rule: RouteRule | undefined,
    ): RequestHandler<P, B, RB, Q> =>
    (request, response, next) => {
      const nextOrAnswer = answering(response, next, rule)
      const run = async (): Promise<void> => {
        const entered = await enter(nodeRequestHead(request), answerHead(response))
        if (!isIn(entered, request, response)) return
        withSharedFields(request, entered)
        const handlersNext = (reason?: unknown): void => (goesOn(reason) ? next(reason) : nextOrAnswer(reason))
        await handler(request as unknown as Omit<Request<P, B, RB, Q>, keyof E> & E, response, handlersNext)
      }
      run().catch(nextOrAnswer)
    }

  return {
    requireSession: (handler, rule) => wrapped(nodeEntrance<A, I>(authenticator, rule), handler, rule),
    optionalSession: (handler, rule) => wrapped(freeEntrance<A, I>(authenticator, rule), handler, rule),
    guard: (rule) => {
      const enter = nodeEntrance(authenticator, rule)
      return (request, response, next) => {
        const run = async (): Promise<boolean> => isIn(await enter(nodeRequestHead(request), answerHead(response)), request, response)
        void run().then((ok) => ok && next(), answering(response, next, rule))
      }
    },
    rateLimit: (limits, rule, by, options) => {
      const check = rateLimited(authenticator, limits, rule, by, options)
      return (request, response, next) => {
        const said = () => (by as (request: IncomingMessage) => Subject)(request)
        const session = () => requests.sessionOf(request)
        const checked = check({ head: nodeRequestHead(request), response: answerHead(response), session, said })
        checked.then((refusal) => (refusal === null ? next() : sendRefusal(response, refusal))).catch(answering(response, next))
      }
    },
    sessionOf: (request) => requests.sessionOf(request),
    answerErrors: () => (error: unknown, _request, response, next) => answering(response, next)(error),
  }
}

function answerHead(response: ServerResponse): ResponseHead {
  shareCompletion(response)
  return nodeAnswerHead(response)
}

/** What Express takes for no error: after a rejection with such a value the next handler would run. */
function goesOn(reason: unknown): boolean {
  return !reason || reason === "route" || reason === "router"
}
