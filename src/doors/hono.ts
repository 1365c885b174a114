import type { Context, MiddlewareHandler } from "hono"
import type { ActiveUserSession, RequestAuth } from "../application/contract.js"
import { SessionError } from "../domain/errors.js"
import type { CountingName, RateLimitRules, Subject } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import { Kept } from "../shared/Kept.js"
import type { Authenticator, Refusal, RouteRule } from "../web/contract.js"
import { answerTo, type Entered, type EnteredFreely, entrance, freeEntrance } from "../web/door.js"
import { assertAddressIsFound, type LimitedBy, type RateLimitedOptions, type RateLimiter, rateLimited } from "../web/rate-limited.js"
import { targetsSomeCaches } from "../web/targeted-caches.js"
import type { Entrance } from "./entered-requests.js"
import { BODY_HEADERS } from "./node-head.js"
import { checkedRemoteAddress, completed, refusalResponse, WebAnswerHead, webRequestHead } from "./web-head.js"

export interface HonoDoorOptions {
  /** Where a request came from: `(c) => getConnInfo(c).remote.address`, with `getConnInfo` of the runtime's adapter. `undefined` by default: sessions then have no address, unless a trusted proxy says it. */
  readonly remoteAddress?: ((context: Context) => string | undefined) | undefined
}

/** The door of Hono 4. What this library has no answer for is left to `app.onError`. */
export interface HonoDoor<A extends object, I extends object> {
  /** Lets only those on who are signed in, with `c.var.session` and `c.var.auth`. @throws ERR_CONFIG_INVALID for the rule, at once */
  requireSession(rule?: RouteRule): MiddlewareHandler<{ Variables: { readonly session: ActiveUserSession<A, I>; readonly auth: RequestAuth<A, I> } }>
  /** Lets everybody on whose request is no forgery, with `c.var.auth`. No session is read before it is asked for. @throws ERR_CONFIG_INVALID for the rule, at once */
  optionalSession(rule?: RouteRule): MiddlewareHandler<{ Variables: { readonly auth: RequestAuth<A, I> } }>
  /**
   * Takes a unit of a rule for each request, and answers 429 with a problem document where none is left. Answers have the headers `RateLimit` and
   * `RateLimit-Policy`. `"user"` and `"session"` need `requireSession` before it.
   *
   * @throws ERR_CONFIG_INVALID for a rule that does not exist or hands out leases, for options, for whom it limits, and for a limit by address where the
   * address cannot be found: without `remoteAddress` of this door and a number of proxies as `trustProxy` of the authenticator; at once
   */
  rateLimit<R extends RateLimitRules, N extends CountingName<R>>(
    limits: RateLimiter<R>,
    rule: N,
    by?: LimitedBy<Context>,
    options?: RateLimitedOptions,
  ): MiddlewareHandler
}

/** What the doors of one request share. The outermost completes the head, so that a refusal of any of them takes no cookie away. */
interface SharedAnswer {
  readonly head: WebAnswerHead
  /** The innermost door that knows an answer gives it: by the rule of its route. */
  answeredError: Error | undefined
}
const answers = new Kept<SharedAnswer>()

/** Makes the door of Hono. @throws ERR_CONFIG_INVALID for its options */
export function honoDoor<A extends object, I extends object>(authenticator: Authenticator<A, I>, options: HonoDoorOptions = {}): HonoDoor<A, I> {
  const remoteAddress = checkedRemoteAddress(options, "honoDoor")
  const middleware =
    <E extends Entered<A, I> | EnteredFreely<A, I>>(enter: Entrance<E>, rule: RouteRule | undefined): MiddlewareHandler =>
    async (c, next) => {
      const outer = answers.of(c)
      const answer: SharedAnswer = outer ?? { head: new WebAnswerHead(), answeredError: undefined }
      answers.keep(c, answer)
      const { head } = answer
      try {
        const entered = await enter(webRequestHead(c.req.raw, remoteAddress?.(c)), head)
        if (entered.ok) {
          const { ok: _, ...fields } = entered
          for (const [name, value] of Object.entries(fields)) c.set(name, value)
          await next()
        }
        // By now Hono has asked app.onError what to answer to an error of a handler.
        const error = c.error === answer.answeredError ? undefined : c.error
        const refusal = entered.ok ? error && answerTo(authenticator, error, head, rule) : entered
        if (refusal) {
          answer.answeredError = error
          replace(c, refused(c.res, refusal))
        }
        if (outer === undefined && head.waiting) replace(c, completed(c.res, head))
      } finally {
        if (outer === undefined) head.sent = true
      }
    }
  return {
    requireSession: (rule) => middleware(entrance<A, I>(authenticator, rule), rule),
    optionalSession: (rule) => middleware(freeEntrance<A, I>(authenticator, rule), rule),
    rateLimit: (limits, rule, by, options) => {
      const check = rateLimited(authenticator, limits, rule, by, options)
      if (remoteAddress === undefined) assertAddressIsFound(authenticator, by, "honoDoor")
      return async (c, next) => {
        const head = new WebAnswerHead()
        const said = () => (by as (context: Context) => Subject)(c)
        const refusal = await check({ head: webRequestHead(c.req.raw, remoteAddress?.(c)), response: head, session: () => sessionOf(c), said })
        if (refusal === null) await next()
        else replace(c, refused(c.res, refusal))
        if (head.waiting) replace(c, completed(c.res, head))
      }
    },
  }
}

function sessionOf(c: Context): ActiveUserSession<object> {
  const session = c.get("session") as ActiveUserSession<object> | undefined
  if (session === undefined) throw new SessionError("ERR_CONFIG_INVALID", "Expected requireSession() of this door before rateLimit() by user or session.")
  return session
}

/** Keeps what other middleware has put into the head, such as the headers of CORS. */
function refused(before: Response, refusal: Refusal): Response {
  const answer = refusalResponse(refusal)
  const replaced = new Set([...answer.headers.keys(), ...BODY_HEADERS])
  for (const [name, value] of before.headers) {
    if (!replaced.has(name) && !targetsSomeCaches(name)) answer.headers.append(name, value)
  }
  return answer
}

/** Hono would merge the head of the answer before into the new one. */
function replace(c: Context, answer: Response): void {
  c.res = undefined
  c.res = answer
}
