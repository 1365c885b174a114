import type { RateLimitRules } from "coatcheck/rate-limit"
import type { CheckedRule } from "../../limits/limit-line.js"

/** What is limited while something is done to the store: every algorithm, and every word that a rule may have for an outage. */
export const RATE_RULES = {
  gcra: { algorithm: "gcra", limit: 20, window: "1s", burst: 5 },
  log: { algorithm: "sliding-log", limit: 6, window: "500ms" },
  counter: { algorithm: "sliding-counter", limit: 6, window: "500ms" },
  fixed: { algorithm: "fixed-window", limit: 6, window: "500ms" },
  leases: { algorithm: "concurrency", limit: 2, lease: "500ms" },
  open: { algorithm: "sliding-log", limit: 6, window: "500ms", onOutage: "open" },
  local: { algorithm: "sliding-log", limit: 6, window: "500ms", onOutage: "local" },
} as const satisfies RateLimitRules

export type RateRuleName = keyof typeof RATE_RULES
export const COUNTING: readonly Exclude<RateRuleName, "leases">[] = ["gcra", "log", "counter", "fixed", "open", "local"]

/** The same for the checkers, worked out by hand. */
export const RATES_CHECKED: readonly CheckedRule[] = [
  { name: "gcra", algorithm: "gcra", capacity: 5, period: 50_000 },
  { name: "log", algorithm: "sliding-log", capacity: 6, period: 500_000 },
  { name: "counter", algorithm: "sliding-counter", capacity: 6, period: 500_000 },
  { name: "fixed", algorithm: "fixed-window", capacity: 6, period: 500_000 },
  { name: "leases", algorithm: "concurrency", capacity: 2, period: 500_000 },
  { name: "open", algorithm: "sliding-log", capacity: 6, period: 500_000 },
  { name: "local", algorithm: "sliding-log", capacity: 6, period: 500_000 },
]
