import type { RateLimitRules } from "coatcheck/rate-limit"
import type { CheckedRule } from "./limit-line.js"

/** What W6 limits: tight rules, so that all are used up and come back many times in a run. */
export const W6_RULES = {
  gcra: { algorithm: "gcra", limit: 100, window: "1s", burst: 10 },
  log: { algorithm: "sliding-log", limit: 20, window: "200ms" },
  counter: { algorithm: "sliding-counter", limit: 20, window: "200ms" },
  fixed: { algorithm: "fixed-window", limit: 20, window: "200ms" },
  leases: { algorithm: "concurrency", limit: 5, lease: "1m" },
  "brief-leases": { algorithm: "concurrency", limit: 5, lease: "150ms" },
  "few-gcra": { algorithm: "gcra", limit: 10, window: "1s", burst: 2 },
  "few-log": { algorithm: "sliding-log", limit: 3, window: "300ms" },
  "few-counter": { algorithm: "sliding-counter", limit: 3, window: "300ms" },
  "few-fixed": { algorithm: "fixed-window", limit: 3, window: "300ms" },
  "few-leases": { algorithm: "concurrency", limit: 1, lease: "1m" },
} as const satisfies RateLimitRules

export type W6RuleName = keyof typeof W6_RULES
export type LeaseRuleName = "leases" | "brief-leases" | "few-leases"
export type CountingRuleName = Exclude<W6RuleName, LeaseRuleName>

/** The same for the checkers, worked out by hand. */
export const W6_CHECKED: readonly CheckedRule[] = [
  { name: "gcra", algorithm: "gcra", capacity: 10, period: 10_000 },
  { name: "log", algorithm: "sliding-log", capacity: 20, period: 200_000 },
  { name: "counter", algorithm: "sliding-counter", capacity: 20, period: 200_000 },
  { name: "fixed", algorithm: "fixed-window", capacity: 20, period: 200_000 },
  { name: "leases", algorithm: "concurrency", capacity: 5, period: 60_000_000 },
  { name: "brief-leases", algorithm: "concurrency", capacity: 5, period: 150_000 },
  { name: "few-gcra", algorithm: "gcra", capacity: 2, period: 100_000 },
  { name: "few-log", algorithm: "sliding-log", capacity: 3, period: 300_000 },
  { name: "few-counter", algorithm: "sliding-counter", capacity: 3, period: 300_000 },
  { name: "few-fixed", algorithm: "fixed-window", capacity: 3, period: 300_000 },
  { name: "few-leases", algorithm: "concurrency", capacity: 1, period: 60_000_000 },
]

export function isLeaseRule(name: W6RuleName): name is LeaseRuleName {
  return W6_RULES[name].algorithm === "concurrency"
}
