import { randomUUID } from "node:crypto"
import { describe, expect, it, onTestFinished } from "vitest"
import { createRateLimitingService, type OwnedRateLimitingService, type RateLimitRules } from "../../exports/rate-limit.js"
import { createFakeClock, type RateLimitConformanceSetup } from "../../exports/testing.js"
import { memoryRateLimits, rateLimitsOn, sqliteRateLimits } from "../support/rate-limit-stores.js"
import { askServer, SERVER_KINDS, sharedServer } from "../support/servers.js"

// What users of express-rate-limit and of rate-limiter-flexible rely on, beside what the conformance suite shows of every provider.

const ada = { userId: "ada" }
const STORES: Readonly<Record<string, RateLimitConformanceSetup>> = {
  memory: memoryRateLimits,
  sqlite: sqliteRateLimits,
  redis: rateLimitsOn(async () => sharedServer("redis").url),
  valkey: rateLimitsOn(async () => sharedServer("valkey").url),
}

describe.each(Object.entries(STORES))("on %s", (_name, setup) => {
  async function open<const R extends RateLimitRules>(rules: R) {
    const { service, advance, close } = await setup({ rules })
    onTestFinished(close)
    return { service, advance }
  }

  it("whoever was never seen has all units, and a look, a reward and a reset change nothing of that", async () => {
    const { service } = await open({ api: { limit: 3, window: "1h" } })
    await service.reward(ada, "api", 2)
    await service.resetRateLimit(ada, "api")
    for (let looks = 0; looks < 3; looks += 1)
      expect(await service.getRateLimitStatus(ada, "api")).toMatchObject({ allowed: true, remaining: 3, totalRequests: 0, resetAfter: 0 })
    // Nothing was saved up.
    expect(await service.checkRateLimit(ada, "api", { cost: 3 })).toMatchObject({ allowed: true, remaining: 0 })
    expect((await service.checkRateLimit(ada, "api")).allowed).toBe(false)
  })

  it("a penalty is the first thing that counts of somebody, and a reward takes it away again", async () => {
    const { service } = await open({ api: { algorithm: "fixed-window", limit: 3, window: "1d" } })
    await service.penalize(ada, "api", 2)
    expect((await service.getRateLimitStatus(ada, "api")).totalRequests).toBe(2)
    await service.reward(ada, "api")
    expect(await service.checkRateLimit(ada, "api")).toMatchObject({ totalRequests: 2, remaining: 1 })
  })

  it("tries during a block make it no longer, and afterwards all units are there", async () => {
    const { service, advance } = await open({ api: { algorithm: "sliding-log", limit: 2, window: "100ms" } })
    await service.checkRateLimit(ada, "api", { cost: 2 })
    await service.block(ada, "api", "1500ms")
    for (let tries = 0; tries < 3; tries += 1) {
      expect(await service.checkRateLimit(ada, "api")).toMatchObject({ allowed: false, reason: "blocked", remaining: 0 })
      await advance("100ms")
    }
    await advance("1250ms")
    expect(await service.checkRateLimit(ada, "api", { cost: 2 })).toMatchObject({ allowed: true, remaining: 0 })
  })

  it("a second block takes the place of the first, shorter or longer", async () => {
    const { service, advance } = await open({ api: { limit: 2, window: "1s" } })
    await service.block(ada, "api", "1h")
    expect(await service.getRateLimitStatus(ada, "api")).toMatchObject({ allowed: false, retryAfter: 3_600 })
    await service.block(ada, "api", "200ms")
    await advance("250ms")
    expect((await service.checkRateLimit(ada, "api")).allowed).toBe(true)
  })

  it("as many units as were taken and given back at the same time are left", async () => {
    const { service } = await open({ api: { algorithm: "sliding-log", limit: 100, window: "1h" } })
    await service.checkRateLimit(ada, "api", { cost: 50 })
    await Promise.all(Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? service.checkRateLimit(ada, "api") : service.reward(ada, "api"))))
    expect((await service.getRateLimitStatus(ada, "api")).totalRequests).toBe(50)
  })

  it("many keys count for themselves, whatever they are called", async () => {
    const { service } = await open({ api: { limit: 1, window: "1h" } })
    const odd = ["__proto__", "constructor", "toString", "*", "{a}", "a:b", "a b", "\0", "😀", "7", "07", "x".repeat(512)]
    const keys = [...odd, ...Array.from({ length: 300 }, (_, at) => `key ${at}`)]
    const check = () => Promise.all(keys.map(async (key) => (await service.checkRateLimit({ key }, "api")).allowed))
    expect(await check()).toEqual(keys.map(() => true))
    expect(await check()).toEqual(keys.map(() => false))
  })

  it("a pace and a burst beside each other: the burst is used up first, and the pace goes on", async () => {
    const { service, advance } = await open({ api: { limit: 5, window: "1s", burst: 4 } })
    const seen: boolean[] = []
    for (let calls = 0; calls < 5; calls += 1) seen.push((await service.checkRateLimit(ada, "api")).allowed)
    // On a slow machine a unit comes back meanwhile.
    expect(seen.filter(Boolean).length).toBeGreaterThanOrEqual(4)
    await advance("1000ms")
    expect(await service.checkRateLimit(ada, "api", { cost: 4 })).toMatchObject({ allowed: true })
  })

  it("of several limits the one that denies leaves the others as they were", async () => {
    const { service } = await open({
      second: { algorithm: "sliding-log", limit: 1, window: "1h" },
      day: { algorithm: "fixed-window", limit: 10, window: "1d" },
      jobs: { limit: 5, window: "1h" },
    })
    const all = (["day", "second", "jobs"] as const).map((rule) => ({ subject: ada, rule }))
    expect(await service.checkRateLimits(all)).toMatchObject({ allowed: true, rule: "second", remaining: 0 })
    for (let tries = 0; tries < 3; tries += 1) expect(await service.checkRateLimits(all)).toMatchObject({ allowed: false, rule: "second" })
    for (const rule of ["day", "jobs"] as const) expect((await service.getRateLimitStatus(ada, rule)).totalRequests).toBe(1)
  })
})

describe.each(SERVER_KINDS)("the keys on %s", (kind) => {
  const { url: store, port } = sharedServer(kind)
  async function opened<const R extends RateLimitRules>(keyPrefix: string, rules: R): Promise<OwnedRateLimitingService<R>> {
    const service = await createRateLimitingService({ store, keyPrefix, rules })
    onTestFinished(() => service.close())
    return service
  }

  it("begin with the prefix, name the rule, and say nothing of the subject; two prefixes share nothing", async () => {
    const prefix = `o:${randomUUID().slice(0, 13)}`
    const rules = { api: { limit: 1, window: "1h" } } as const
    const [one, other] = [await opened(`${prefix}:a:`, rules), await opened(`${prefix}:b:`, rules)]
    for (const service of [one, other]) expect((await service.checkRateLimit({ userId: "ada@example.org" }, "api")).allowed).toBe(true)
    for (const service of [one, other]) expect((await service.checkRateLimit({ userId: "ada@example.org" }, "api")).allowed).toBe(false)
    const keys = (await askServer(port, `KEYS ${prefix}*`)).split("\r\n").filter((line) => line.startsWith(prefix))
    expect(keys).toHaveLength(2)
    for (const key of keys) expect(key).toMatch(/:(a|b):rate_limit:\{[\w-]{22}\}:api$/)
  })

  it("a look makes none, and none is left of what counts no more", async () => {
    const prefix = `o:${randomUUID().slice(0, 13)}:`
    const service = await opened(prefix, { api: { limit: 2, window: "1h" }, brief: { algorithm: "sliding-log", limit: 2, window: "100ms" } })
    const found = async () => (await askServer(port, `KEYS ${prefix}*`)).split("\r\n").filter((line) => line.startsWith(prefix)).length
    await service.getRateLimitStatus(ada, "api")
    expect(await found()).toBe(0)
    await service.checkRateLimit(ada, "api", { cost: 2 })
    await service.checkRateLimit(ada, "brief")
    await service.reward(ada, "api", 2)
    await expect.poll(found, { timeout: 5_000 }).toBe(0)
  })

  it("another limit of a rule holds from its first call on, for what was counted before, too", async () => {
    const prefix = `o:${randomUUID().slice(0, 13)}:`
    const before = await opened(prefix, { api: { algorithm: "sliding-log", limit: 5, window: "1h" } })
    await before.checkRateLimit(ada, "api", { cost: 5 })
    const more = await opened(prefix, { api: { algorithm: "sliding-log", limit: 8, window: "1h" } })
    expect(await more.getRateLimitStatus(ada, "api")).toMatchObject({ allowed: true, remaining: 3 })
    const fewer = await opened(prefix, { api: { algorithm: "sliding-log", limit: 2, window: "1h" } })
    expect(await fewer.checkRateLimit(ada, "api")).toMatchObject({ allowed: false, remaining: 0 })
  })
})

it("all keys count anew when their window ends, at the same moment", async () => {
  const clock = createFakeClock()
  await using service = await createRateLimitingService({
    store: "memory:",
    clock,
    rules: { api: { algorithm: "fixed-window", limit: 1, window: "1m" } },
  })
  const check = () => Promise.all(["one", "two"].map(async (key) => service.checkRateLimit({ key }, "api")))
  const [first] = await check()
  expect((await check()).map(({ allowed }) => allowed)).toEqual([false, false])
  clock.advance(`${first?.resetAfter ?? 0}s`)
  expect((await check()).map(({ allowed, totalRequests }) => [allowed, totalRequests])).toEqual([
    [true, 1],
    [true, 1],
  ])
})
