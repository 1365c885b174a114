import type { FastifyReply, FastifyRequest, RouteGenericInterface } from "fastify"
import type { ActiveUserSession, RequestAuth } from "../application/contract.js"
import type { CountingName, RateLimitRules, Subject } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { Authenticator, Refusal, RouteRule } from "../web/contract.js"
import { answerTo, type Entered, type EnteredFreely, freeEntrance } from "../web/door.js"
import { type LimitedBy, type RateLimitedOptions, type RateLimiter, rateLimited } from "../web/rate-limited.js"
import { EnteredRequests, type Entrance, withFields } from "./entered-requests.js"
import { nodeEntrance } from "./node-entrance.js"
import { BODY_HEADERS, keepFromCaches, nodeAnswerHead, nodeRequestHead } from "./node-head.js"

type Handler<Extra, G extends RouteGenericInterface> = (request: Omit<FastifyRequest<G>, keyof Extra> & Extra, reply: FastifyReply<G>) => unknown
type Wrapped<G extends RouteGenericInterface> = (request: FastifyRequest<G>, reply: FastifyReply<G>) => Promise<unknown>

/** The door of Fastify 5. What this library has no answer for goes to Fastify's handling of errors. */
export interface FastifyDoor<A extends object, I extends object> {
  /** Calls the handler where somebody is signed in, and answers for it otherwise. @throws ERR_CONFIG_INVALID for the rule, at once */
  requireSession<G extends RouteGenericInterface = RouteGenericInterface>(
    handler: Handler<{ readonly session: ActiveUserSession<A, I>; readonly auth: RequestAuth<A, I> }, G>,
    rule?: RouteRule,
  ): Wrapped<G>
  /** Calls the handler for everybody whose request is no forgery. No session is read before it is asked for. @throws ERR_CONFIG_INVALID for the rule, at once */
  optionalSession<G extends RouteGenericInterface = RouteGenericInterface>(
    handler: Handler<{ readonly auth: RequestAuth<A, I> }, G>,
    rule?: RouteRule,
  ): Wrapped<G>
  /** A hook that lets only those on who are signed in. Their session is found with `sessionOf`, and `answerError` answers for their handlers. @throws ERR_CONFIG_INVALID for the rule, at once */
  guard(rule?: RouteRule): (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  /**
   * Takes a unit of a rule for each request, and answers 429 with a problem document where none is left. Answers have the headers `RateLimit` and
   * `RateLimit-Policy`. `"user"` and `"session"` need `guard` before it.
   *
   * @throws ERR_CONFIG_INVALID for a rule that does not exist or hands out leases, for options, and for whom it limits; at once
   */
  rateLimit<R extends RateLimitRules, N extends CountingName<R>>(
    limits: RateLimiter<R>,
    rule: N,
    by?: LimitedBy<FastifyRequest>,
    options?: RateLimitedOptions,
  ): (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  /** The session that `guard` or `requireSession` let this request in with. @throws ERR_CONFIG_INVALID for a request that passed neither */
  sessionOf(request: Pick<FastifyRequest, "raw">): ActiveUserSession<A, I>
  /** For `setErrorHandler`: answers errors of this library that handlers after a `guard` met, and throws all others on. */
  answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply
}

/** Makes the door of Fastify. */
export function fastifyDoor<A extends object, I extends object>(authenticator: Authenticator<A, I>): FastifyDoor<A, I> {
  const requests = new EnteredRequests<A, I>()

  const answer = (error: unknown, reply: FastifyReply, rule?: RouteRule): FastifyReply => {
    const refusal = answerTo(authenticator, error, nodeAnswerHead(reply.raw), rule)
    if (refusal === null) throw error
    return refuse(reply, refusal)
  }

  const wrapped =
    <E extends Entered<A, I> | EnteredFreely<A, I>, G extends RouteGenericInterface>(
      enter: Entrance<E>,
      handler: Handler<NoInfer<E>, G>,
      rule: RouteRule | undefined,
    ): Wrapped<G> =>
    async (request, reply) => {
      try {
        const entered = await enter(nodeRequestHead(request.raw), nodeAnswerHead(reply.raw))
        if (!entered.ok) return await refuse(reply as FastifyReply, entered)
        requests.remember(request.raw, entered)
        withFields(request, entered)
        return await handler(request as unknown as Omit<FastifyRequest<G>, keyof E> & E, reply)
      } catch (error) {
        return answer(error, reply as FastifyReply, rule)
      }
    }

  return {
    requireSession: (handler, rule) => wrapped(nodeEntrance<A, I>(authenticator, rule), handler, rule),
    optionalSession: (handler, rule) => wrapped(freeEntrance<A, I>(authenticator, rule), handler, rule),
    guard: (rule) => {
      const enter = nodeEntrance(authenticator, rule)
      return async (request, reply) => {
        const entered = await enter(nodeRequestHead(request.raw), nodeAnswerHead(reply.raw))
        // Until it is sent: otherwise Fastify would go on to the handler.
        if (!entered.ok) await refuse(reply, entered)
        else requests.remember(request.raw, entered)
      }
    },
    rateLimit: (limits, rule, by, options) => {
      const check = rateLimited(authenticator, limits, rule, by, options)
      return async (request, reply) => {
        const said = () => (by as (request: FastifyRequest) => Subject)(request)
        const session = () => requests.sessionOf(request.raw)
        const refusal = await check({ head: nodeRequestHead(request.raw), response: nodeAnswerHead(reply.raw), session, said })
        if (refusal !== null) await refuse(reply, refusal)
      }
    },
    sessionOf: (request) => requests.sessionOf(request.raw),
    answerError: (error, _request, reply) => answer(error, reply),
  }
}

function refuse(reply: FastifyReply, { status, headers, problem }: Refusal): FastifyReply {
  // Something else has answered meanwhile.
  if (reply.raw.headersSent) return reply
  for (const name of BODY_HEADERS) reply.removeHeader(name)
  keepFromCaches(reply.raw)
  return reply.code(status).headers(headers).send(JSON.stringify(problem))
}
