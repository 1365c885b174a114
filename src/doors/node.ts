import type { IncomingMessage, ServerResponse } from "node:http"
import type { ActiveUserSession, RequestAuth } from "../application/contract.js"
import type { CountingName, RateLimitRules, Subject } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { Authenticator, RouteRule } from "../web/contract.js"
import { answerTo, type Entered, type EnteredFreely, freeEntrance } from "../web/door.js"
import { type LimitedBy, type RateLimitedOptions, type RateLimiter, rateLimited } from "../web/rate-limited.js"
import { EnteredRequests, type Entrance, withFields } from "./entered-requests.js"
import { nodeEntrance } from "./node-entrance.js"
import { nodeAnswerHead, nodeRequestHead, sendRefusal } from "./node-head.js"

type Handler<Extra> = (request: IncomingMessage & Extra, response: ServerResponse) => unknown
type Wrapped = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * The door of `node:http`, and of `node:http2` through its compatibility layer.
 *
 * A wrapped handler rejects with what this library has no answer for. Catch it where requests are told apart: Node has no handling of its own, and a
 * rejection that nobody catches ends the process.
 */
export interface NodeDoor<A extends object, I extends object> {
  /** Calls the handler where somebody is signed in, and answers for it otherwise. @throws ERR_CONFIG_INVALID for the rule, at once */
  requireSession(handler: Handler<{ readonly session: ActiveUserSession<A, I>; readonly auth: RequestAuth<A, I> }>, rule?: RouteRule): Wrapped
  /** Calls the handler for everybody whose request is no forgery. No session is read before it is asked for. @throws ERR_CONFIG_INVALID for the rule, at once */
  optionalSession(handler: Handler<{ readonly auth: RequestAuth<A, I> }>, rule?: RouteRule): Wrapped
  /**
   * Takes a unit of a rule for each request and calls `next`, or answers 429 with a problem document where none is left. Answers have the headers `RateLimit`
   * and `RateLimit-Policy`. `"user"` and `"session"` need `requireSession` around it.
   *
   * @throws ERR_CONFIG_INVALID for a rule that does not exist or hands out leases, for options, and for whom it limits; at once
   */
  rateLimit<R extends RateLimitRules, N extends CountingName<R>>(
    limits: RateLimiter<R>,
    rule: N,
    by?: LimitedBy<IncomingMessage>,
    options?: RateLimitedOptions,
  ): (request: IncomingMessage, response: ServerResponse, next: () => unknown) => Promise<void>
}

/** Makes the door of `node:http`. */
export function nodeDoor<A extends object, I extends object>(authenticator: Authenticator<A, I>): NodeDoor<A, I> {
  const requests = new EnteredRequests<A, I>()
  const wrapped =
    <E extends Entered<A, I> | EnteredFreely<A, I>>(enter: Entrance<E>, handler: Handler<NoInfer<E>>, rule: RouteRule | undefined): Wrapped =>
    async (request, response) => {
      const head = nodeAnswerHead(response)
      try {
        const entered = await enter(nodeRequestHead(request), head)
        if (!entered.ok) return sendRefusal(response, entered)
        requests.remember(request, entered)
        withFields(request, entered)
        await handler(request as IncomingMessage & E, response)
      } catch (error) {
        const refusal = answerTo(authenticator, error, head, rule)
        if (refusal === null) throw error
        sendRefusal(response, refusal)
      }
    }
  return {
    requireSession: (handler, rule) => wrapped(nodeEntrance<A, I>(authenticator, rule), handler, rule),
    optionalSession: (handler, rule) => wrapped(freeEntrance<A, I>(authenticator, rule), handler, rule),
    rateLimit: (limits, rule, by, options) => {
      const check = rateLimited(authenticator, limits, rule, by, options)
      return async (request, response, next) => {
        const said = () => (by as (request: IncomingMessage) => Subject)(request)
        const session = () => requests.sessionOf(request)
        const refusal = await check({ head: nodeRequestHead(request), response: nodeAnswerHead(response), session, said })
        if (refusal === null) await next()
        else sendRefusal(response, refusal)
      }
    },
  }
}
