import assert from "node:assert/strict"
import type { RateLimitSuite } from "../rate-limit-suite.js"

export function steeringPromises(suite: RateLimitSuite): void {
  for (const algorithm of ["gcra", "sliding-log", "sliding-counter", "fixed-window"] as const) {
    suite.group(`steering ${algorithm}`, () => {
      const rules = { api: { algorithm, limit: 4, window: "1h" }, other: { limit: 4, window: "1h" } } as const
      const ada = { userId: "ada" }

      suite.it("the status takes nothing", rules, async ({ service }) => {
        for (let tries = 0; tries < 6; tries += 1) {
          const status = await service.getRateLimitStatus(ada, "api")
          assert.deepEqual([status.allowed, status.remaining, status.totalRequests], [true, 4, 0])
        }
        await service.checkRateLimit(ada, "api", { cost: 4 })
        const status = await service.getRateLimitStatus(ada, "api")
        assert.ok(!status.allowed)
        assert.deepEqual([status.reason, status.totalRequests], ["limit", 4])
      })

      suite.it("a reset forgets one rule of one subject, at once", rules, async ({ service }) => {
        for (const rule of ["api", "other"] as const) await service.checkRateLimit(ada, rule, { cost: 4 })
        await service.checkRateLimit({ userId: "bob" }, "api", { cost: 4 })
        assert.equal((await service.checkRateLimit(ada, "api")).allowed, false)
        await service.resetRateLimit(ada, "api")
        assert.equal((await service.checkRateLimit(ada, "api")).remaining, 3)
        assert.equal((await service.checkRateLimit(ada, "other")).allowed, false)
        assert.equal((await service.checkRateLimit({ userId: "bob" }, "api")).allowed, false)
        await service.resetRateLimit({ userId: "nobody" }, "api")
      })

      suite.it("a reward gives units back, and never more than count", rules, async ({ service }) => {
        await service.checkRateLimit(ada, "api", { cost: 4 })
        assert.equal((await service.checkRateLimit(ada, "api")).allowed, false)
        await service.reward(ada, "api")
        assert.deepEqual([(await service.checkRateLimit(ada, "api")).allowed, (await service.checkRateLimit(ada, "api")).allowed], [true, false])
        for (let times = 0; times < 3; times += 1) await service.reward(ada, "api", 4)
        assert.equal((await service.getRateLimitStatus(ada, "api")).remaining, 4)
        assert.equal((await service.checkRateLimit(ada, "api", { cost: 4 })).remaining, 0)
        assert.equal((await service.checkRateLimit(ada, "api")).allowed, false)
      })

      suite.it("a penalty takes units whether they are left or not, and never more than there are", rules, async ({ service }) => {
        await service.penalize(ada, "api", 3)
        assert.equal((await service.getRateLimitStatus(ada, "api")).remaining, 1)
        for (let times = 0; times < 3; times += 1) await service.penalize(ada, "api", 4)
        const status = await service.getRateLimitStatus(ada, "api")
        assert.deepEqual([status.allowed, status.remaining, status.totalRequests], [false, 0, 4])
        await service.reward(ada, "api")
        assert.equal((await service.checkRateLimit(ada, "api")).allowed, true)
      })

      suite.it("a block denies everything until its end, and a reset ends it", rules, async ({ service, advance, events }) => {
        await service.checkRateLimit(ada, "api")
        await service.block(ada, "api", "400ms")
        const seen = await service.checkRateLimit(ada, "api")
        assert.ok(!seen.allowed)
        assert.deepEqual([seen.reason, seen.remaining, seen.retryAfter], ["blocked", 0, 1])
        assert.deepEqual(events.slice(1), [{ type: "denied", rule: "api", reason: "blocked", judgedBy: "store" }])
        await advance("430ms")
        assert.equal((await service.checkRateLimit(ada, "api")).remaining, 2)
        await service.block(ada, "api", "1h")
        await service.block({ userId: "new" }, "api", "1h")
        for (const subject of [ada, { userId: "new" }]) {
          assert.equal((await service.checkRateLimit(subject, "api")).allowed, false)
          await service.resetRateLimit(subject, "api")
          assert.equal((await service.checkRateLimit(subject, "api")).remaining, 3)
        }
      })
    })
  }

  suite.it("a block denies leases too", { jobs: { algorithm: "concurrency", limit: 2, lease: "1h" } }, async ({ service }) => {
    const subject = { userId: "ada" }
    const lease = await service.acquireLease(subject, "jobs")
    assert.ok(lease.allowed)
    await service.block(subject, "jobs", "1h")
    const denied = await service.acquireLease(subject, "jobs")
    assert.ok(!denied.allowed)
    assert.equal(denied.reason, "blocked")
    assert.equal(await lease.renew(), true)
    await service.resetRateLimit(subject, "jobs")
    assert.equal(await lease.renew(), false)
    assert.ok((await service.acquireLease(subject, "jobs")).allowed)
  })
}
