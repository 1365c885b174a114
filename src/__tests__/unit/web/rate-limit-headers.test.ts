import { describe, expect, it } from "vitest"
import { rateLimitHeaders, rateLimitPolicy } from "../../../web/rate-limit-headers.js"

const counts = { rule: "api", limit: 20, remaining: 7, totalRequests: 13, judgedBy: "store", resetAt: new Date(1_800_000_007_400), resetAfter: 8 } as const
const rule = { limit: 100, window: "1m", burst: 20 } as const

describe("the headers of a rate limit", () => {
  it("say the policy and what is left of it", () => {
    expect(rateLimitHeaders({ ...counts, allowed: true, shadowDenied: false }, rule, false)).toEqual([
      ["RateLimit-Policy", '"api";q=100;w=60'],
      ["RateLimit", '"api";r=7;t=8'],
    ])
  })

  it("say of a denial when to come again", () => {
    const denied = { ...counts, remaining: 0, allowed: false, reason: "limit", retryAfter: 3 } as const
    expect(rateLimitHeaders(denied, { algorithm: "sliding-log", limit: 5, window: "1500ms" }, false)).toEqual([
      ["RateLimit-Policy", '"api";q=5;w=2'],
      ["RateLimit", '"api";r=0;t=3'],
      ["Retry-After", "3"],
    ])
  })

  it("may be the older ones as well", () => {
    const headers = Object.fromEntries(rateLimitHeaders({ ...counts, allowed: true, shadowDenied: false }, rule, true))
    expect(headers).toMatchObject({ RateLimit: '"api";r=7;t=8', "X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "7", "X-RateLimit-Reset": "1800000008" })
  })

  it("are made of places that are held as well", () => {
    const jobs = { algorithm: "concurrency", limit: 2, lease: "5m" } as const
    expect(rateLimitPolicy("jobs", jobs)).toEqual({ q: 2, qu: "concurrent-requests", w: null, item: '"jobs";q=2;qu="concurrent-requests"' })
    expect(rateLimitHeaders({ ...counts, rule: "jobs", allowed: true, shadowDenied: false }, jobs)).toEqual([
      ["RateLimit-Policy", '"jobs";q=2;qu="concurrent-requests"'],
      ["RateLimit", '"jobs";r=7;t=8'],
    ])
  })

  it("name no window of zero, which the draft forbids", () => {
    expect(rateLimitPolicy("api", { limit: 3, window: "100ms" })).toEqual({ q: 3, qu: "requests", w: 1, item: '"api";q=3;w=1' })
  })
})
