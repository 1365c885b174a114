import type { RateLimitDecision } from "../../../domain/interfaces/rate-limit/IRateLimitingService.js"
import { fits, type Judgement } from "../../../domain/rate-limit/record.js"
import type { Rule } from "../../../domain/rate-limit/rules.js"

export type JudgedBy = RateLimitDecision["judgedBy"]

/** How soon a call is worth another try while the store is away, in seconds. */
const RETRY_AFTER_OUTAGE = 1
/** One rule's own decision; in shadow mode it allows everything. */
export function decisionOf({ name, limit, shadow }: Rule, judgement: Judgement, judgedBy: JudgedBy): RateLimitDecision {
  const { at, taken, blockedFor, wait, used, ends } = judgement
  const isDenied = !taken && !fits(judgement)
  const remaining = blockedFor > 0 ? 0 : Math.max(0, limit.capacity - used)
  const allFree = Math.max(ends, blockedFor)
  const resetAt = new Date(Math.ceil((at + allFree) / 1_000))
  const resetAfter = Math.ceil(allFree / 1_000_000)
  // Written out twice: this is made for every request, and to spread one object into another takes several times as long.
  if (!isDenied || shadow)
    return { rule: name, limit: limit.capacity, remaining, resetAt, resetAfter, totalRequests: used, judgedBy, allowed: true, shadowDenied: isDenied }
  const reason = blockedFor > 0 ? "blocked" : "limit"
  const retryAfter = Math.max(1, Math.ceil(Math.max(blockedFor, wait) / 1_000_000))
  return { rule: name, limit: limit.capacity, remaining, resetAt, resetAfter, totalRequests: used, judgedBy, allowed: false, reason, retryAfter }
}

/** What `onOutage` says of a rule: `"open"` allows, `"closed"` denies. A rule in shadow mode allows. */
export function decisionWithoutStore(rule: Rule, at: number): RateLimitDecision {
  const allowed = decisionOf(rule, { at, taken: true, blockedFor: 0, wait: 0, used: 0, ends: 0 }, "policy")
  if (rule.onOutage === "open" || rule.shadow) return allowed
  const { rule: name, limit, resetAt, resetAfter, totalRequests, judgedBy } = allowed
  const counts = { rule: name, limit, remaining: 0, resetAt, resetAfter, totalRequests, judgedBy }
  return { ...counts, allowed: false, reason: "unavailable", retryAfter: RETRY_AFTER_OUTAGE }
}

/** The decision for all: of those that deny, the one that does for the longest; else one that would in shadow mode; else the one that is nearest to its limit. */
export function decisive(decisions: readonly RateLimitDecision[]): RateLimitDecision {
  const [first, ...others] = decisions
  if (first === undefined) throw new RangeError("Expected decisions, got none.")
  return others.reduce((chosen, one) => (weight(one) > weight(chosen) ? one : chosen), first)
}

function weight(decision: RateLimitDecision): number {
  if (!decision.allowed) return 2 + decision.retryAfter
  return decision.shadowDenied ? 2 : 1 / (1 + decision.remaining)
}
