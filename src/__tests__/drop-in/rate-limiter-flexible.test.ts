import { describe, expect, it, onTestFinished } from "vitest"
import { createRateLimitingService, type RateLimitingServiceOptions, type RateLimitRules } from "../../exports/rate-limit.js"
import { CoatcheckLimiter, type LimiterLimits } from "../../exports/rate-limiter-flexible.js"
import { createFakeClock } from "../../exports/testing.js"
import { STORES } from "./stores.js"

const rules = {
  api: { algorithm: "sliding-log", limit: 3, window: "1h" },
  bucket: { limit: 60, window: "1h", burst: 5 },
  jobs: { algorithm: "concurrency", limit: 1, lease: "1m" },
} as const

async function opened(options: Omit<RateLimitingServiceOptions, "rules">) {
  const limits = await createRateLimitingService({ ...options, rules })
  onTestFinished(() => limits.close())
  return limits
}

/** What a call rejects with. */
const refusal = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => Promise.reject(new Error("Expected a rejection")),
    (reason: unknown) => reason,
  )

describe.each(Object.entries(STORES))("a limiter over %s", (_name, storeOf) => {
  async function limiter() {
    return new CoatcheckLimiter(await opened(await storeOf()), "api")
  }

  it("consumes points while there are some, and then rejects with how the key stands", async () => {
    const api = await limiter()
    expect(await api.consume("ada")).toMatchObject({ remainingPoints: 2, consumedPoints: 1, isFirstInDuration: true })
    expect(await api.consume("ada", 2)).toMatchObject({ remainingPoints: 0, consumedPoints: 3, isFirstInDuration: false })
    const denied = await refusal(api.consume("ada"))
    expect(denied).not.toBeInstanceOf(Error)
    expect(denied).toMatchObject({ remainingPoints: 0, consumedPoints: 4, isFirstInDuration: false, msBeforeNext: expect.any(Number) })
    expect((denied as { readonly msBeforeNext: number }).msBeforeNext).toBeGreaterThan(3_500_000)
    expect(await api.consume(7)).toMatchObject({ consumedPoints: 1 })
    expect(await api.get("7")).toMatchObject({ consumedPoints: 1 })
  })

  it("gets, punishes, rewards, blocks and deletes a key", async () => {
    const api = await limiter()
    expect(await api.get("ada")).toBeNull()
    expect(await api.delete("ada")).toBe(false)
    expect(await api.penalty("ada", 2)).toMatchObject({ consumedPoints: 2, remainingPoints: 1 })
    expect(await api.reward("ada")).toMatchObject({ consumedPoints: 1, remainingPoints: 2 })
    expect(await api.get("ada")).toMatchObject({ consumedPoints: 1, remainingPoints: 2 })
    expect(await api.block("ada", 60.5)).toMatchObject({ consumedPoints: 4, remainingPoints: 0 })
    expect(await refusal(api.consume("ada"))).toMatchObject({ msBeforeNext: 61_000 })
    expect(await api.delete("ada")).toBe(true)
    expect(await api.consume("ada", 3)).toMatchObject({ remainingPoints: 0, isFirstInDuration: true })
  })
})

it("names the points that fit at once, and lets points in again when it said it would", async () => {
  const clock = createFakeClock()
  const limiter = new CoatcheckLimiter(await opened({ store: "memory:", clock }), "bucket")
  expect(limiter.points).toBe(5)
  expect(await limiter.consume("ada", 5)).toMatchObject({ msBeforeNext: 300_000 })
  const denied = (await refusal(limiter.consume("ada", 2))) as { readonly msBeforeNext: number }
  expect(denied.msBeforeNext).toBe(120_000)
  clock.advance(`${denied.msBeforeNext}ms`)
  expect(await limiter.consume("ada", 2)).toMatchObject({ consumedPoints: 5 })
})

it("mistakes and an outage are errors, and no denials", async () => {
  const limits = await opened({ store: "memory:" })
  const limiter = new CoatcheckLimiter(limits, "api")
  for (const points of [0, -1, 0.5, 4]) expect(await refusal(limiter.consume("ada", points))).toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
  expect(await refusal(limiter.consume(""))).toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
  const away: LimiterLimits<typeof rules> = {
    ...limits,
    rules,
    checkRateLimit: async () => ({ ...(await limits.getRateLimitStatus({ key: "x" }, "api")), allowed: false, reason: "unavailable", retryAfter: 1 }) as never,
  }
  expect(await refusal(new CoatcheckLimiter(away, "api").consume("ada"))).toMatchObject({ code: "ERR_STORE_UNAVAILABLE" })
})

it("refuses a rule that does not exist or hands out leases", async () => {
  const limits = (await opened({ store: "memory:" })) as unknown as LimiterLimits<RateLimitRules>
  for (const name of ["apy", "jobs", "constructor"])
    expect(() => new CoatcheckLimiter(limits, name)).toThrow(expect.objectContaining({ code: "ERR_CONFIG_INVALID" }))
})
