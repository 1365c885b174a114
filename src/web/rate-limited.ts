import type { ActiveUserSession } from "../application/contract.js"
import { asConfigError, SessionError } from "../domain/errors.js"
import type {
  CountingName,
  CountingRule,
  IRateLimitingService,
  RateLimitDecision,
  RateLimitRules,
  Subject,
} from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import { assertInteger, assertOneOf, expected, readOptions } from "../shared/assertions.js"
import type { Authenticator, Refusal, RequestHead, ResponseHead } from "./contract.js"
import { PROBLEM_HEADERS } from "./problem.js"
import { rateLimitHeaders } from "./rate-limit-headers.js"

/** What a door needs of a rate limiting service. */
export type RateLimiter<R extends RateLimitRules> = Pick<IRateLimitingService<R>, "rules" | "checkRateLimit">

/** Who is limited: the client's address, the signed-in user that the door let in before or this one session of theirs, or whom a function says. */
export type LimitedBy<Request> = "address" | "user" | "session" | ((request: Request) => Subject)

export interface RateLimitedOptions {
  /** Units that a request takes, at most as many as the rule has; 1 by default. */
  readonly cost?: number | undefined
  /** Whether answers have the older `X-RateLimit-…` headers, too; false by default. */
  readonly legacyHeaders?: boolean | undefined
}

/** Of one request: its head, and how to find whom "user", "session" and a function mean. */
export interface LimitedRequest {
  readonly head: RequestHead
  readonly response: ResponseHead
  /** @throws ERR_CONFIG_INVALID where nobody was let in before */
  session(): Pick<ActiveUserSession<object>, "userId" | "sessionId">
  /** Whom the function says. */
  said(): Subject
}

/**
 * Makes the check of a route: `null` lets the request on. Its answer has the headers of the limit in any case.
 *
 * @throws ERR_CONFIG_INVALID for a rule that does not exist or hands out leases, for options, and for whom it limits; at once
 */
export function rateLimited<R extends RateLimitRules, N extends CountingName<R>>(
  authenticator: Pick<Authenticator<object>, "addressOf" | "refuse">,
  limits: RateLimiter<R>,
  rule: N,
  by: LimitedBy<never> = "address",
  options: RateLimitedOptions = {},
): (request: LimitedRequest) => Promise<Refusal | null> {
  const own = Object.hasOwn(limits.rules, rule) ? limits.rules[rule] : undefined
  if (own === undefined || own.algorithm === "concurrency")
    throw new SessionError("ERR_CONFIG_INVALID", "Expected the name of a rule that counts, got another one.")
  const counting: CountingRule = own
  const { cost, legacyHeaders } = checkedOptions(counting, by, options)
  const check = async ({ head, response, session, said }: LimitedRequest): Promise<Refusal | null> => {
    const subject = (): Subject => {
      if (by === "address") return { address: authenticator.addressOf(head) }
      if (by === "user") return { userId: session().userId }
      return by === "session" ? { sessionId: session().sessionId } : said()
    }
    const decision = await limits.checkRateLimit(subject(), rule, { cost })
    const headers = rateLimitHeaders(decision, counting, legacyHeaders)
    if (decision.allowed) {
      // One answer may be under several limits: each has its item in the lists.
      for (const [name, value] of headers) {
        if (name.startsWith("RateLimit")) response.append(name, value)
        else response.set(name, value)
      }
      return null
    }
    // In place of what an outer limit has to say there.
    for (const [name, value] of headers) if (name.startsWith("X-RateLimit")) response.set(name, value)
    return {
      ok: false,
      status: decision.reason === "unavailable" ? 503 : 429,
      headers: { ...PROBLEM_HEADERS, ...Object.fromEntries(headers) },
      problem: problemOf(decision),
    }
  }
  return async (request) => {
    try {
      return await check(request)
    } catch (error) {
      const refusal = request.response.sent ? null : authenticator.refuse(error)
      if (refusal === null) throw error
      return refusal
    }
  }
}

/** A request that names an address only to a door that believes a proxy of which it sees no address. */
const FORWARDED: RequestHead = {
  method: "GET",
  url: "/",
  header: (name) => (name === "x-forwarded-for" ? "192.0.2.1" : undefined),
  remoteAddress: undefined,
}

/**
 * Refuses a limit by address behind a door that never sees one: all clients would share one count, and one of them could use it up for all.
 *
 * @throws ERR_CONFIG_INVALID
 */
export function assertAddressIsFound(authenticator: Pick<Authenticator<object>, "addressOf">, by: LimitedBy<never> | undefined, door: string): void {
  // Where proxies are counted, the address is in their header.
  if ((by !== undefined && by !== "address") || authenticator.addressOf(FORWARDED) !== undefined) return
  throw new SessionError(
    "ERR_CONFIG_INVALID",
    `Expected remoteAddress in the options of ${door}, because a limit by address would count all clients as one without it. Give remoteAddress, or the number of proxies as trustProxy of the authenticator, or limit another subject.`,
    { option: "remoteAddress" },
  )
}

function checkedOptions(rule: CountingRule, by: unknown, options: RateLimitedOptions): { readonly cost: number; readonly legacyHeaders: boolean } {
  return asConfigError(() => {
    const { cost = 1, legacyHeaders = false } = readOptions(options, "the options of rateLimit", ["cost", "legacyHeaders"])
    assertInteger(cost, "cost", { min: 1, max: "burst" in rule && rule.burst !== undefined ? rule.burst : rule.limit })
    if (typeof legacyHeaders !== "boolean") throw expected("legacyHeaders", "true or false", legacyHeaders)
    if (typeof by !== "function") assertOneOf(by, "whom a rate limit is for", ["address", "user", "session"])
    return { cost, legacyHeaders }
  })
}

const TYPES = "https://iana.org/assignments/http-problem-types#"

/** @source RFC 9457 · draft-ietf-httpapi-ratelimit-headers-10, 5 */
function problemOf({ rule, reason, retryAfter }: RateLimitDecision & { readonly allowed: false }): object {
  const common = { "violated-policies": [rule], retryable: true, retryAfter }
  if (reason === "unavailable")
    return {
      type: `${TYPES}temporary-reduced-capacity`,
      title: "Service Unavailable",
      status: 503,
      detail: "Requests cannot be counted right now. Come again later.",
      ...common,
    }
  return {
    type: `${TYPES}quota-exceeded`,
    title: "Too Many Requests",
    status: 429,
    detail: "This was more than is allowed for now. Come again later.",
    ...common,
  }
}
