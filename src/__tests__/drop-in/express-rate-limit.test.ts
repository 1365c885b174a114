import { createServer } from "node:http"
import express from "express"
import { type Options, rateLimit, type Store } from "express-rate-limit"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { CoatcheckStore, type StoredLimits } from "../../exports/express-rate-limit.js"
import { createRateLimitingService, type RateLimitingServiceOptions, type RateLimitRules } from "../../exports/rate-limit.js"
import { listening } from "../doors/servers/server.js"
import { startServer } from "../support/servers.js"
import { nodeRedis, ownPrefix } from "./stores.js"

const rules = {
  api: { algorithm: "fixed-window", limit: 3, window: "1h" },
  log: { algorithm: "sliding-log", limit: 3, window: "1h" },
  jobs: { algorithm: "concurrency", limit: 1, lease: "1m" },
} as const
const HOUR_MS = 3_600_000
const STORES: Readonly<Record<string, () => Promise<Omit<RateLimitingServiceOptions, "rules">>>> = {
  memory: async () => ({ store: "memory:" }),
  "Redis with node-redis": async () => ({ store: await nodeRedis("redis"), keyPrefix: ownPrefix() }),
  "Valkey with node-redis": async () => ({ store: await nodeRedis("valkey"), keyPrefix: ownPrefix() }),
}

/** A service, closed with the test. */
async function opened(options: Omit<RateLimitingServiceOptions, "rules">) {
  const limits = await createRateLimitingService({ ...options, rules })
  onTestFinished(() => limits.close())
  return limits
}

/** An application that is limited by the header `x-key`, and answers with the status of the query, when `ready` says so; what is said in its log is kept. */
async function application(store: Store, options: Partial<Options> = {}, ready: (key: string | undefined) => Promise<void> = async () => undefined) {
  const logged: unknown[] = []
  const logger = { error: (...said: unknown[]) => void logged.push(said), warn: (...said: unknown[]) => void logged.push(said) }
  const limiter = rateLimit({
    store,
    limit: 3,
    windowMs: HOUR_MS,
    standardHeaders: "draft-8",
    keyGenerator: (request) => request.get("x-key") ?? "nobody",
    logger,
    ...options,
  })
  const app = express()
  app.set("env", "test")
  app.get("/", limiter, (request, response) => {
    void ready(request.get("x-key")).then(() => response.status(Number(request.query.status ?? 200)).send("done"))
  })
  app.use((error: { readonly code?: string }, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
    response.status(500).send(error.code)
  })
  const { url, close } = await listening(createServer(app), [])
  onTestFinished(close)
  const get = (key: string, status = 200) => fetch(`${url}/?status=${status}`, { headers: { "x-key": key } })
  const statuses = async (key: string, times: number, status?: number) => {
    const seen: number[] = []
    for (let call = 0; call < times; call += 1) seen.push((await get(key, status)).status)
    return seen
  }
  return { get, statuses, logged, limiter }
}

describe.each(Object.entries(STORES))("express-rate-limit over %s", (_name, storeOf) => {
  it.each(["api", "log"] as const)("limits each key by itself with the rule %s, and says when to come again", async (rule) => {
    const limits = await opened(await storeOf())
    const { get, statuses, logged } = await application(new CoatcheckStore(limits, rule))
    expect(await statuses("ada", 3)).toEqual([200, 200, 200])
    const denied = await get("ada")
    expect([denied.status, denied.headers.get("ratelimit")]).toEqual([429, expect.stringContaining("r=0")])
    expect(Number(denied.headers.get("retry-after"))).toBeGreaterThan(0)
    expect(await statuses("bob", 1)).toEqual([200])
    expect(logged).toEqual([])
  })

  it("counts what comes at the same time in two applications no more often than the limit", async () => {
    const options = await storeOf()
    const first = await opened(options)
    const second = options.store === "memory:" ? first : await opened(options)
    const [one, other] = [await application(new CoatcheckStore(first, "api")), await application(new CoatcheckStore(second, "api"))]
    const answers = await Promise.all(Array.from({ length: 20 }, (_, call) => (call % 2 === 0 ? one : other).get("ada")))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
  })

  it("reads and forgets a key", async () => {
    const { statuses, limiter } = await application(new CoatcheckStore(await opened(await storeOf()), "api"))
    expect(await limiter.getKey("ada")).toBeUndefined()
    await statuses("ada", 4)
    expect(await limiter.getKey("ada")).toMatchObject({ totalHits: 3, resetTime: expect.any(Date) })
    limiter.resetKey("ada")
    await expect.poll(() => limiter.getKey("ada"), { timeout: 5_000 }).toBeUndefined()
    expect(await statuses("ada", 1)).toEqual([200])
  })

  it("gives back what failed, and nothing for requests that were denied", async () => {
    const limits = await opened(await storeOf())
    const { statuses, logged } = await application(new CoatcheckStore(limits, "api"), { skipFailedRequests: true })
    const counted = async () => (await limits.getRateLimitStatus({ key: "ada" }, "api")).totalRequests
    expect(await statuses("ada", 4, 400)).toEqual([400, 400, 400, 400])
    await expect.poll(counted, { timeout: 5_000 }).toBe(0)
    expect(await statuses("ada", 9)).toEqual([200, 200, 200, 429, 429, 429, 429, 429, 429])
    expect(await counted()).toBe(3)
    expect(logged).toEqual([])
  })
})

describe("the end of a window", () => {
  const END = Date.parse("2026-01-01T13:00:00Z")
  /** A service whose store, like this process, is so many milliseconds before the end of a window; whose units are given back is written down. */
  async function shortOf(ms: number) {
    vi.useFakeTimers({ toFake: ["Date"], now: END - ms })
    onTestFinished(() => void vi.useRealTimers())
    const limits = await opened({ store: "memory:", clock: { now: () => Date.now() } })
    const givenBack: unknown[] = []
    const watched: StoredLimits<typeof rules> = {
      rules,
      checkRateLimit: limits.checkRateLimit.bind(limits),
      getRateLimitStatus: limits.getRateLimitStatus.bind(limits),
      resetRateLimit: limits.resetRateLimit.bind(limits),
      reward: (subject, rule) => {
        givenBack.push(subject)
        return limits.reward(subject, rule)
      },
    }
    return { limits, watched, givenBack }
  }

  it.each([
    [500, 0],
    [1_000, 0],
    [1_500, 1_000],
    [HOUR_MS, HOUR_MS - 1_000],
  ])("is told %i ms before it to be in %i ms where units are given back, and in whole seconds elsewhere", async (ms, told) => {
    const { watched } = await shortOf(ms)
    const resetAfter = async (options: Partial<Options>) => {
      const store = new CoatcheckStore(watched, "api")
      store.init({ limit: 3, windowMs: HOUR_MS, skipFailedRequests: false, skipSuccessfulRequests: false, ...options } as never)
      return (await store.increment("ada")).resetTime.getTime() - Date.now()
    }
    expect(await resetAfter({})).toBe(Math.ceil(ms / 1_000) * 1_000)
    expect(await resetAfter({ skipFailedRequests: true })).toBe(told)
    expect(await resetAfter({ skipSuccessfulRequests: true })).toBe(told)
  })

  it("is not told to be later for an answer that took its time", async () => {
    const { watched } = await shortOf(1_500)
    const slow: typeof watched = {
      ...watched,
      checkRateLimit: async (...call) => {
        const decision = await watched.checkRateLimit(...call)
        vi.setSystemTime(Date.now() + 800)
        return decision
      },
    }
    const store = new CoatcheckStore(slow, "api")
    store.init({ limit: 3, windowMs: HOUR_MS, skipFailedRequests: true, skipSuccessfulRequests: false })
    expect((await store.increment("ada")).resetTime.getTime()).toBe(END - 500)
    vi.setSystemTime(END - 1_500)
    store.init({ limit: 3, windowMs: HOUR_MS, skipFailedRequests: false, skipSuccessfulRequests: true })
    expect((await store.increment("ada")).resetTime.getTime()).toBe(END - 500)
  })

  it("is never told to be over already", async () => {
    const { watched } = await shortOf(500)
    const decision = { rule: "api", limit: 3, remaining: 3, totalRequests: 0, resetAt: new Date(), resetAfter: 0, judgedBy: "policy", allowed: true } as const
    const store = new CoatcheckStore({ ...watched, checkRateLimit: async () => ({ ...decision, shadowDenied: false }) as never }, "api")
    store.init({ limit: 3, windowMs: HOUR_MS, skipFailedRequests: true, skipSuccessfulRequests: false })
    expect((await store.increment("ada")).resetTime).toEqual(new Date())
  })

  it("separates what failed late from the next window, of which nothing is given back for it", async () => {
    const { limits, watched, givenBack } = await shortOf(500)
    const waiting: (() => void)[] = []
    const { get } = await application(new CoatcheckStore(watched, "api"), { skipFailedRequests: true }, async (key) => {
      if (key === "ada" && waiting.length === 0) await new Promise<void>((resolve) => waiting.push(resolve))
    })
    const late = get("ada", 400)
    await expect.poll(() => waiting.length, { timeout: 5_000 }).toBe(1)
    vi.setSystemTime(END + 100)
    expect((await get("ada")).status).toBe(200)
    waiting[0]?.()
    expect((await late).status).toBe(400)
    // One whose unit is given back, for what the other gave back would have been given back before.
    expect((await get("bob", 400)).status).toBe(400)
    await expect.poll(() => givenBack, { timeout: 5_000 }).toContainEqual({ key: "bob" })
    expect(givenBack).toEqual([{ key: "bob" }])
    expect(await limits.getRateLimitStatus({ key: "ada" }, "api")).toMatchObject({ totalRequests: 1 })
  })
})

describe.each(["redis", "valkey"] as const)("while %s is away, and a rule counts in this process", (kind) => {
  it("nothing is given back of what was counted there, neither there nor when the store is back", { timeout: 30_000 }, async () => {
    await using server = await startServer({ kind })
    const away = { api: { ...rules.api, onOutage: "local" }, log: rules.log, jobs: rules.jobs } as const
    await using limits = await createRateLimitingService({ store: server.url, rules: away })
    let letGo: (() => void) | undefined
    const { get, statuses, logged } = await application(new CoatcheckStore(limits, "api"), { skipFailedRequests: true }, async (key) => {
      if (key === "late" && letGo === undefined) await new Promise<void>((resolve) => (letGo = resolve))
    })
    const ofLate = () => limits.getRateLimitStatus({ key: "late" }, "api")
    await server.kill9()
    expect(await statuses("ada", 4, 400)).toEqual([400, 400, 400, 429])
    const late = get("late", 400)
    await expect.poll(() => letGo, { timeout: 5_000 }).toBeDefined()
    await server.restart()
    await expect.poll(async () => (await ofLate()).judgedBy, { timeout: 10_000 }).toBe("store")
    expect(await statuses("late", 1)).toEqual([200])
    letGo?.()
    expect((await late).status).toBe(400)
    // Given back: so the one before it is settled.
    expect(await statuses("bob", 1, 400)).toEqual([400])
    await expect.poll(async () => (await limits.getRateLimitStatus({ key: "bob" }, "api")).totalRequests, { timeout: 5_000 }).toBe(0)
    expect(await ofLate()).toMatchObject({ judgedBy: "store", totalRequests: 1 })
    expect(logged).toEqual([])
  })
})

it.each([{ limit: 4 }, { windowMs: 60_000 }])(
  "refuses every request where express-rate-limit has another limit or window than the rule: %j",
  async (options) => {
    const { get, logged } = await application(new CoatcheckStore(await opened({ store: "memory:" }), "api"), options)
    const answer = await get("ada")
    expect([answer.status, await answer.text()]).toEqual([500, "ERR_CONFIG_INVALID"])
    expect(logged).not.toEqual([])
  },
)

it("takes a limit that a function says: the lower one of it and the rule's decides", async () => {
  const limits = await opened({ store: "memory:" })
  const store = () => new CoatcheckStore(limits, "api")
  expect(await (await application(store(), { limit: () => 2 })).statuses("ada", 3)).toEqual([200, 200, 429])
  expect(await (await application(store(), { limit: () => 100 })).statuses("bob", 4)).toEqual([200, 200, 200, 429])
})

it("refuses a rule that does not exist or hands out leases", async () => {
  const limits = (await opened({ store: "memory:" })) as unknown as StoredLimits<RateLimitRules>
  for (const name of ["apy", "jobs", "constructor"])
    expect(() => new CoatcheckStore(limits, name)).toThrow(expect.objectContaining({ code: "ERR_CONFIG_INVALID" }))
})

it("a store that is away is an error, which passOnStoreError lets through", async () => {
  const limits = await opened({ store: "memory:" })
  const decision = { rule: "api", limit: 3, remaining: 0, totalRequests: 0, resetAt: new Date(), resetAfter: 0, judgedBy: "policy" } as const
  const away: StoredLimits<typeof rules> = {
    rules,
    checkRateLimit: async () => ({ ...decision, allowed: false, reason: "unavailable", retryAfter: 1 }) as never,
    getRateLimitStatus: async () => ({ ...decision, allowed: false, reason: "unavailable", retryAfter: 1 }) as never,
    reward: limits.reward.bind(limits),
    resetRateLimit: limits.resetRateLimit.bind(limits),
  }
  await expect(new CoatcheckStore(away, "api").get("ada")).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE" })
  const refused = await (await application(new CoatcheckStore(away, "api"))).get("ada")
  expect([refused.status, await refused.text()]).toEqual([500, "ERR_STORE_UNAVAILABLE"])
  expect(await (await application(new CoatcheckStore(away, "api"), { passOnStoreError: true })).statuses("ada", 1)).toEqual([200])
})
