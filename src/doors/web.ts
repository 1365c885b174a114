import type { ActiveUserSession, RequestAuth } from "../application/contract.js"
import type { CountingName, RateLimitRules, Subject } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import { Kept } from "../shared/Kept.js"
import type { Authenticator, RouteRule } from "../web/contract.js"
import { answerTo, type Entered, type EnteredFreely, entrance, freeEntrance } from "../web/door.js"
import { assertAddressIsFound, type LimitedBy, type RateLimitedOptions, type RateLimiter, rateLimited } from "../web/rate-limited.js"
import { EnteredRequests, type Entrance } from "./entered-requests.js"
import { checkedRemoteAddress, completed, refusalResponse, WebAnswerHead, webRequestHead } from "./web-head.js"

type Handler<Extra, Rest extends unknown[]> = (request: Request, context: Extra, ...rest: Rest) => Response | Promise<Response>
type Wrapped<Rest extends unknown[]> = (request: Request, ...rest: Rest) => Promise<Response>

export interface WebDoorOptions {
  /** Where a request came from; a `Request` itself does not say. `undefined` by default: sessions then have no address, unless a trusted proxy says it. */
  readonly remoteAddress?: ((request: Request) => string | undefined) | undefined
}

/** The door of functions from a Web `Request` to a `Response`. They reject with what this library has no answer for. */
export interface WebDoor<A extends object, I extends object> {
  /** Calls the handler where somebody is signed in, and answers for it otherwise. @throws ERR_CONFIG_INVALID for the rule, at once */
  requireSession<Rest extends unknown[] = []>(
    handler: Handler<{ readonly session: ActiveUserSession<A, I>; readonly auth: RequestAuth<A, I> }, Rest>,
    rule?: RouteRule,
  ): Wrapped<Rest>
  /** Calls the handler for everybody whose request is no forgery. No session is read before it is asked for. @throws ERR_CONFIG_INVALID for the rule, at once */
  optionalSession<Rest extends unknown[] = []>(handler: Handler<{ readonly auth: RequestAuth<A, I> }, Rest>, rule?: RouteRule): Wrapped<Rest>
  /**
   * Takes a unit of a rule for each request and answers with what `next` does, or 429 with a problem document where none is left. Answers have the headers
   * `RateLimit` and `RateLimit-Policy`. `"user"` and `"session"` need `requireSession` around it.
   *
   * @throws ERR_CONFIG_INVALID for a rule that does not exist or hands out leases, for options, for whom it limits, and for a limit by address where the
   * address cannot be found: without `remoteAddress` of this door and a number of proxies as `trustProxy` of the authenticator; at once
   */
  rateLimit<R extends RateLimitRules, N extends CountingName<R>>(
    limits: RateLimiter<R>,
    rule: N,
    by?: LimitedBy<Request>,
    options?: RateLimitedOptions,
  ): (request: Request, next: () => Response | Promise<Response>) => Promise<Response>
}

/** One for each request that is being answered, so that of two doors, one inside the other, not each hands out a cookie. */
const heads = new Kept<WebAnswerHead>()

/** Makes the door of Web requests: Next.js, SvelteKit, Bun and such. @throws ERR_CONFIG_INVALID for its options */
export function webDoor<A extends object, I extends object>(authenticator: Authenticator<A, I>, options: WebDoorOptions = {}): WebDoor<A, I> {
  const remoteAddress = checkedRemoteAddress(options, "webDoor")
  const requests = new EnteredRequests<A, I>()
  const wrapped =
    <E extends Entered<A, I> | EnteredFreely<A, I>, Rest extends unknown[]>(
      enter: Entrance<E>,
      handler: Handler<NoInfer<E>, Rest>,
      rule: RouteRule | undefined,
    ): Wrapped<Rest> =>
    async (request, ...rest) => {
      const outer = heads.of(request)
      const head = outer ?? new WebAnswerHead()
      heads.keep(request, head)
      const answer = async (): Promise<Response> => {
        try {
          const entered = await enter(webRequestHead(request, remoteAddress?.(request)), head)
          if (!entered.ok) return refusalResponse(entered)
          requests.remember(request, entered)
          return await handler(request, entered, ...rest)
        } catch (error) {
          const refusal = answerTo(authenticator, error, head, rule)
          if (refusal === null) throw error
          return refusalResponse(refusal)
        } finally {
          if (outer === undefined) heads.drop(request)
        }
      }
      try {
        return completed(await answer(), head)
      } finally {
        if (outer === undefined) head.sent = true
      }
    }
  return {
    requireSession: (handler, rule) => wrapped(entrance<A, I>(authenticator, rule), handler, rule),
    optionalSession: (handler, rule) => wrapped(freeEntrance<A, I>(authenticator, rule), handler, rule),
    rateLimit: (limits, rule, by, options) => {
      const check = rateLimited(authenticator, limits, rule, by, options)
      if (remoteAddress === undefined) assertAddressIsFound(authenticator, by, "webDoor")
      return async (request, next) => {
        const outer = heads.of(request)
        const head = outer ?? new WebAnswerHead()
        const said = () => (by as (request: Request) => Subject)(request)
        const session = () => requests.sessionOf(request)
        const refusal = await check({ head: webRequestHead(request, remoteAddress?.(request)), response: head, session, said })
        const answer = refusal === null ? await next() : refusalResponse(refusal)
        // The door around it completes what it answers to an error of the handler, too.
        return outer === undefined ? completed(answer, head) : answer
      }
    },
  }
}
