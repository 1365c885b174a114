import type { RecordedService } from "./RecordedLimits.js"
import type { W6_RULES } from "./w6-rules.js"

/** Mistakes that a rate limiter could have, to show that W6 sees them. */
export const LIMIT_DEFECTS = ["limit-in-two-steps", "limit-too-strict"] as const
export type LimitDefect = (typeof LIMIT_DEFECTS)[number]

type Service = RecordedService<typeof W6_RULES>

export function isLimitDefect(defect: string | undefined): defect is LimitDefect {
  return LIMIT_DEFECTS.some((name) => name === defect)
}

/** The service with one mistake built in: it looks first, and then takes what seems to be left; or it denies the last unit. */
export function spoilLimits(service: Service, defect: LimitDefect): Service {
  const spoiled: Service["checkRateLimit"] = async (subject, rule, options) => {
    const seen = await service.getRateLimitStatus(subject, rule)
    const cost = options?.cost ?? 1
    const isDenied = defect === "limit-too-strict" ? seen.remaining <= cost : seen.remaining < cost
    if (isDenied) return { ...seen, allowed: false, reason: "limit", retryAfter: 1 }
    if (defect === "limit-too-strict") return service.checkRateLimit(subject, rule, options)
    await service.penalize(subject, rule, cost)
    return { ...seen, allowed: true, shadowDenied: false }
  }
  return {
    checkRateLimit: spoiled,
    checkRateLimits: (checks) => service.checkRateLimits(checks),
    getRateLimitStatus: (subject, rule) => service.getRateLimitStatus(subject, rule),
    penalize: (subject, rule, cost) => service.penalize(subject, rule, cost),
    reward: (subject, rule, cost) => service.reward(subject, rule, cost),
    acquireLease: (subject, rule) => service.acquireLease(subject, rule),
  }
}
