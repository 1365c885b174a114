import { z } from "@hono/zod-openapi"
import { type ConcurrencyRule, type CountingRule, type RateLimitDecision, rateLimitPolicy, type Subject } from "coatcheck/rate-limit"

const text = z.string().optional().openapi({ description: "1 to 512 bytes." })

export const subject = z
  .strictObject({
    address: z.string().nullable().optional().openapi({ description: "An IP address; null where it is not known.", example: "192.0.2.7" }),
    userId: text,
    sessionId: text.openapi({ description: "The handle, not the token." }),
    device: text,
    key: text.openapi({ description: "Whatever else is counted." }),
  })
  .openapi("Subject", { minProperties: 1, maxProperties: 1 })

export const cost = z
  .int("expected a whole number from 1")
  .min(1, "expected a whole number from 1")
  .optional()
  .openapi({ description: "1 by default; at most as many units as fit at once." })

export const decision = z
  .strictObject({
    rule: z.string(),
    allowed: z.boolean(),
    reason: z.enum(["limit", "blocked", "unavailable"]).nullable().openapi({ description: "Why it is denied." }),
    retryAfter: z.int().nullable().openapi({ description: "Seconds after which it would be allowed." }),
    shadowDenied: z.boolean().openapi({ description: "Whether a rule in shadow mode would have denied it." }),
    limit: z.int().openapi({ description: "How many units fit at once." }),
    remaining: z.int(),
    totalRequests: z.int().openapi({ description: "How many units count now." }),
    resetAt: z.iso.datetime().openapi({ description: "When all of them are there again, by the store's clock." }),
    resetAfter: z.int().openapi({ description: "Seconds until then." }),
    judgedBy: z.enum(["store", "local", "policy"]),
  })
  .openapi("Decision")

export const rule = z
  .strictObject({
    rule: z.string(),
    policy: z.string().openapi({ description: "As it stands in RateLimit-Policy.", example: '"api";q=100;w=60' }),
    q: z.int().openapi({ description: "Quota: how many units." }),
    qu: z.enum(["requests", "concurrent-requests"]).openapi({ description: "Unit of the quota." }),
    w: z.int().nullable().openapi({ description: "Window in seconds." }),
    burst: z.int().nullable().openapi({ description: "How many units may be taken at once." }),
    algorithm: z.enum(["gcra", "sliding-log", "sliding-counter", "fixed-window", "concurrency"]),
    onOutage: z.enum(["open", "closed", "local"]),
    shadow: z.boolean(),
  })
  .openapi("Rule")

/** Whom a body means. JSON has no `undefined`, which the library wants for an address that is not known. */
export function subjectOf(given: z.output<typeof subject>): Subject {
  return Object.fromEntries(Object.entries(given).map(([kind, value]) => [kind, value ?? undefined])) as unknown as Subject
}

export function presentDecision(from: RateLimitDecision): z.input<typeof decision> {
  return {
    rule: from.rule,
    allowed: from.allowed,
    reason: from.allowed ? null : from.reason,
    retryAfter: from.allowed ? null : from.retryAfter,
    shadowDenied: from.allowed && from.shadowDenied,
    limit: from.limit,
    remaining: from.remaining,
    totalRequests: from.totalRequests,
    resetAt: from.resetAt.toISOString(),
    resetAfter: from.resetAfter,
    judgedBy: from.judgedBy,
  }
}

export function presentRule(name: string, from: CountingRule | ConcurrencyRule): z.input<typeof rule> {
  const { item, q, qu, w } = rateLimitPolicy(name, from)
  const { algorithm = "gcra", onOutage = "closed", shadow = false } = from
  const burst = from.algorithm === undefined || from.algorithm === "gcra" ? (from.burst ?? q) : null
  return { rule: name, policy: item, q, qu, w, burst, algorithm, onOutage, shadow }
}
