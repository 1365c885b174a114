import type { ConcurrencyRule, CountingRule, RateLimitDecision } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import { type Duration, toMilliseconds } from "../shared/durations.js"

/** What an answer says of a rate limit; the same names whether it was allowed or denied. */
export type RateLimitHeaders = readonly (readonly [name: string, value: string])[]

/**
 * A rule in the words of the draft. `q`: how many units. `qu`: of what. `w`: in how many seconds, from 1 and rounded up; `null` where units are places that are
 * held. `item`: all of it, as it stands in `RateLimit-Policy`.
 */
export interface RateLimitPolicy {
  readonly q: number
  readonly qu: "requests" | "concurrent-requests"
  readonly w: number | null
  readonly item: string
}

const ANY_SPAN = { min: 0, max: Number.MAX_SAFE_INTEGER }

/**
 * The policy of a rule.
 *
 * @source draft-ietf-httpapi-ratelimit-headers-10, 3
 */
export function rateLimitPolicy(name: string, rule: CountingRule | ConcurrencyRule): RateLimitPolicy {
  const { limit: q } = rule
  if (rule.algorithm === "concurrency") return { q, qu: "concurrent-requests", w: null, item: `"${name}";q=${q};qu="concurrent-requests"` }
  const w = secondsOf(rule.window)
  return { q, qu: "requests", w, item: `"${name}";q=${q};w=${w}` }
}

/**
 * The headers of a decision: the policy, what is left of it, and for a denial when to come again.
 *
 * @param legacy - the older `X-RateLimit-…` as well, whose reset is in seconds since the epoch
 * @source draft-ietf-httpapi-ratelimit-headers-10, 3 and 4 · RFC 9110, 10.2.3 (Retry-After)
 */
export function rateLimitHeaders(decision: RateLimitDecision, rule: CountingRule | ConcurrencyRule, legacy = false): RateLimitHeaders {
  const { rule: name, limit, remaining, resetAt, resetAfter } = decision
  const reset = decision.allowed ? resetAfter : decision.retryAfter
  const headers: [string, string][] = [
    ["RateLimit-Policy", rateLimitPolicy(name, rule).item],
    ["RateLimit", `"${name}";r=${remaining};t=${reset}`],
  ]
  if (legacy) {
    headers.push(["X-RateLimit-Limit", String(limit)], ["X-RateLimit-Remaining", String(remaining)])
    headers.push(["X-RateLimit-Reset", String(Math.ceil(resetAt.getTime() / 1_000))])
  }
  if (!decision.allowed) headers.push(["Retry-After", String(decision.retryAfter)])
  return headers
}

function secondsOf(span: Duration): number {
  return Math.ceil(toMilliseconds(span, "window", ANY_SPAN) / 1_000)
}
