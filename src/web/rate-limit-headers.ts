import type { CountingRule, RateLimitDecision } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import { toMilliseconds } from "../shared/durations.js"

/** What an answer says of a rate limit; the same names whether it was allowed or denied. */
export type RateLimitHeaders = readonly (readonly [name: string, value: string])[]

const ANY_SPAN = { min: 0, max: Number.MAX_SAFE_INTEGER }

/**
 * The headers of a decision: the policy, what is left of it, and for a denial when to come again.
 *
 * @param now milliseconds since the epoch, by the clock of this process
 * @param legacy - the older `X-RateLimit-…` as well, whose reset is in seconds since the epoch
 * @source draft-ietf-httpapi-ratelimit-headers-10, 3 and 4 · RFC 9110, 10.2.3 (Retry-After)
 */
export function rateLimitHeaders(decision: RateLimitDecision, rule: CountingRule, now: number, legacy: boolean): RateLimitHeaders {
  const { rule: name, limit, remaining, resetAt } = decision
  const window = Math.ceil(toMilliseconds(rule.window, "window", ANY_SPAN) / 1_000)
  const reset = decision.allowed ? Math.max(0, Math.ceil((resetAt.getTime() - now) / 1_000)) : decision.retryAfter
  const headers: [string, string][] = [
    ["RateLimit-Policy", `"${name}";q=${rule.limit};w=${window}`],
    ["RateLimit", `"${name}";r=${remaining};t=${reset}`],
  ]
  if (legacy) {
    headers.push(["X-RateLimit-Limit", String(limit)], ["X-RateLimit-Remaining", String(remaining)])
    headers.push(["X-RateLimit-Reset", String(Math.ceil(resetAt.getTime() / 1_000))])
  }
  if (!decision.allowed) headers.push(["Retry-After", String(decision.retryAfter)])
  return headers
}
