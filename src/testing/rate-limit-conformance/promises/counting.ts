import assert from "node:assert/strict"
import type { RateLimitSuite } from "../rate-limit-suite.js"

const ALGORITHMS = ["gcra", "sliding-log", "sliding-counter", "fixed-window"] as const
/** Long enough that nothing runs out while a test goes on. */
const STEADY = { limit: 5, window: "1h" } as const

export function countingPromises(suite: RateLimitSuite): void {
  for (const algorithm of ALGORITHMS) {
    suite.group(algorithm, () => {
      suite.it("allows as many units as the limit at once, and denies the next", { api: { algorithm, ...STEADY } }, async ({ service, events }) => {
        const subject = { userId: "ada" }
        for (const remaining of [4, 3, 2, 1, 0]) {
          const seen = await service.checkRateLimit(subject, "api")
          assert.ok(seen.allowed && !seen.shadowDenied)
          assert.deepEqual([seen.rule, seen.limit, seen.remaining, seen.totalRequests, seen.judgedBy], ["api", 5, remaining, 5 - remaining, "store"])
        }
        const seen = await service.checkRateLimit(subject, "api")
        assert.ok(!seen.allowed)
        assert.deepEqual([seen.reason, seen.remaining, seen.totalRequests, seen.judgedBy], ["limit", 0, 5, "store"])
        assert.ok(Number.isInteger(seen.retryAfter) && seen.retryAfter >= 1 && seen.retryAfter <= 7_200, `retryAfter ${seen.retryAfter}`)
        const told = { rule: "api", judgedBy: "store" } as const
        assert.deepEqual(events, [...Array(5).fill({ type: "allowed", ...told }), { type: "denied", reason: "limit", ...told }])
        assert.equal((await service.checkRateLimit({ userId: "bob" }, "api")).remaining, 4)
      })

      suite.it("takes the cost or nothing", { api: { algorithm, ...STEADY } }, async ({ service }) => {
        const subject = { key: "k" }
        assert.equal((await service.checkRateLimit(subject, "api", { cost: 3 })).remaining, 2)
        for (let tries = 0; tries < 5; tries += 1) assert.equal((await service.checkRateLimit(subject, "api", { cost: 3 })).allowed, false)
        assert.equal((await service.checkRateLimit(subject, "api", { cost: 2 })).remaining, 0)
        assert.equal((await service.checkRateLimit(subject, "api")).allowed, false)
      })

      suite.it("says of a cost that was denied before what has been taken since", { api: { algorithm, ...STEADY } }, async ({ service }) => {
        const subject = { userId: "ada" }
        await service.checkRateLimit(subject, "api", { cost: 3 })
        assert.equal((await service.checkRateLimit(subject, "api", { cost: 5 })).remaining, 2)
        for (const remaining of [1, 0]) assert.equal((await service.checkRateLimit(subject, "api")).remaining, remaining)
        const again = await service.checkRateLimit(subject, "api", { cost: 5 })
        assert.deepEqual([again.allowed, again.remaining, again.totalRequests], [false, 0, 5])
      })

      suite.it("allows exactly the limit of calls of one moment", { api: { algorithm, limit: 20, window: "1h" } }, async ({ service }) => {
        const answers = await Promise.all(Array.from({ length: 60 }, () => service.checkRateLimit({ userId: "ada" }, "api")))
        assert.equal(answers.filter(({ allowed }) => allowed).length, 20)
      })

      suite.it("allows again after the time it names", { api: { algorithm, limit: 2, window: "1s" } }, async ({ service, advance }) => {
        const subject = { device: "d" }
        // A window of the clock may end between any two of these, but not more than once.
        const answers = []
        for (let calls = 0; calls < 6; calls += 1) answers.push(await service.checkRateLimit(subject, "api"))
        const denied = answers.findLast(({ allowed }) => !allowed)
        assert.ok(denied !== undefined && !denied.allowed)
        await advance(`${denied.retryAfter * 1_000 + 20}ms`)
        assert.equal((await service.checkRateLimit(subject, "api")).allowed, true)
      })

      suite.it(
        "says when all units are there again",
        { api: { algorithm, ...STEADY } },
        async ({ service, advance }) => {
          const { resetAt, resetAfter } = await service.checkRateLimit({ userId: "ada" }, "api", { cost: 5 })
          assert.ok(Number.isInteger(resetAfter) && resetAfter >= 1 && resetAfter <= 7_200, `resetAfter ${resetAfter}`)
          const status = await service.getRateLimitStatus({ userId: "ada" }, "api")
          assert.equal(status.resetAt.getTime(), resetAt.getTime())
          await advance("7200001ms")
          assert.equal((await service.getRateLimitStatus({ userId: "ada" }, "api")).remaining, 5)
          assert.ok((await service.checkRateLimit({ userId: "ada" }, "api", { cost: 5 })).allowed)
        },
        { fakeClock: true },
      )

      suite.it(
        "shares its counts with every service on its store",
        { api: { algorithm, ...STEADY } },
        async ({ service, another }) => {
          const services = [service, await another(), await another()]
          const tenEach = services.flatMap((one) => Array.from({ length: 10 }, () => one.checkRateLimit({ userId: "ada" }, "api")))
          assert.equal((await Promise.all(tenEach)).filter(({ allowed }) => allowed).length, 5)
        },
        { another: true },
      )
    })
  }

  suite.it(
    "sliding-log: a unit counts for a window to the millisecond",
    { otp: { algorithm: "sliding-log", limit: 2, window: "10s" } },
    async ({ service, advance }) => {
      const check = async () => (await service.checkRateLimit({ userId: "ada" }, "otp")).allowed
      assert.equal(await check(), true)
      await advance("4s")
      assert.deepEqual([await check(), await check()], [true, false])
      await advance("5999ms")
      assert.equal(await check(), false)
      await advance("1ms")
      assert.deepEqual([await check(), await check()], [true, false])
      await advance("4s")
      assert.deepEqual([await check(), await check()], [true, false])
    },
    { fakeClock: true },
  )

  suite.it(
    "gcra: gives one unit back each window / limit, and holds a burst",
    { api: { limit: 10, window: "10s", burst: 3 } },
    async ({ service, advance }) => {
      const check = async () => (await service.checkRateLimit({ userId: "ada" }, "api")).allowed
      assert.deepEqual([await check(), await check(), await check(), await check()], [true, true, true, false])
      await advance("999ms")
      assert.equal(await check(), false)
      await advance("1ms")
      assert.deepEqual([await check(), await check()], [true, false])
      await advance("1h")
      assert.deepEqual([await check(), await check(), await check(), await check()], [true, true, true, false])
    },
    { fakeClock: true },
  )

  suite.it(
    "fixed-window: counts anew at the window's end",
    { api: { algorithm: "fixed-window", limit: 2, window: "10s" } },
    async ({ service, advance }) => {
      const check = async () => (await service.checkRateLimit({ userId: "ada" }, "api")).allowed
      await advance("9s")
      assert.deepEqual([await check(), await check(), await check()], [true, true, false])
      await advance("1s")
      assert.deepEqual([await check(), await check(), await check()], [true, true, false])
    },
    { fakeClock: true },
  )

  suite.it(
    "sliding-counter: weighs the window before",
    { api: { algorithm: "sliding-counter", limit: 4, window: "10s" } },
    async ({ service, advance }) => {
      const check = async () => (await service.checkRateLimit({ userId: "ada" }, "api")).allowed
      assert.deepEqual([await check(), await check(), await check(), await check(), await check()], [true, true, true, true, false])
      await advance("10s")
      assert.equal(await check(), false)
      await advance("2500ms")
      assert.deepEqual([await check(), await check()], [true, false])
      await advance("5s")
      assert.deepEqual([await check(), await check(), await check()], [true, true, false])
    },
    { fakeClock: true },
  )
}
