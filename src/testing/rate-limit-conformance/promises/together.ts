import assert from "node:assert/strict"
import type { RateLimitSuite } from "../rate-limit-suite.js"

export function togetherPromises(suite: RateLimitSuite): void {
  suite.group("checkRateLimits", () => {
    const rules = {
      burst: { limit: 2, window: "1h" },
      day: { algorithm: "fixed-window", limit: 10, window: "1d" },
      tried: { algorithm: "sliding-log", limit: 1, window: "1h", shadow: true },
    } as const

    suite.it("takes all or nothing, for one subject and for several", rules, async ({ service, advance }) => {
      const ada = { userId: "ada" }
      for (const other of [ada, { address: "192.0.2.1" }]) {
        await service.resetRateLimit(ada, "burst")
        await service.resetRateLimit(other, "day")
        const both = [
          { subject: other, rule: "day", cost: 2 },
          { subject: ada, rule: "burst" },
        ] as const
        assert.deepEqual([(await service.checkRateLimits(both)).rule, (await service.checkRateLimits(both)).remaining], ["burst", 0])
        for (let tries = 0; tries < 3; tries += 1) {
          const denied = await service.checkRateLimits(both)
          assert.deepEqual([denied.allowed, denied.rule], [false, "burst"])
        }
        const counted = async () => (await service.getRateLimitStatus(other, "day")).totalRequests
        // On a cluster what was taken of one subject is given back while the answer is on its way.
        for (let tries = 0; tries < 100 && (await counted()) > 4; tries += 1) await advance("20ms")
        assert.equal(await counted(), 4)
      }
    })

    suite.it("counts what stands twice in a list together", rules, async ({ service }) => {
      const one = { subject: { key: "k" }, rule: "day" } as const
      assert.equal((await service.checkRateLimits([one, { ...one, cost: 3 }])).totalRequests, 4)
    })

    suite.it("a rule in shadow mode hinders nothing, and is reported", rules, async ({ service, events }) => {
      const checks = [
        { subject: { key: "k" }, rule: "tried" },
        { subject: { key: "k" }, rule: "day" },
      ] as const
      assert.ok((await service.checkRateLimits(checks)).allowed)
      for (let tries = 1; tries <= 2; tries += 1) {
        const seen = await service.checkRateLimits(checks)
        assert.ok(seen.allowed && seen.shadowDenied)
        assert.equal(seen.rule, "tried")
      }
      assert.equal((await service.getRateLimitStatus({ key: "k" }, "day")).totalRequests, 3)
      const told = (type: "allowed" | "shadow-denied", rule: string) => ({ type, rule, judgedBy: "store" })
      const later = [told("shadow-denied", "tried"), told("allowed", "day")]
      assert.deepEqual(events, [told("allowed", "tried"), told("allowed", "day"), ...later, ...later])
    })
  })
}
