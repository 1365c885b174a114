import assert from "node:assert/strict"
import type { Lease, LeaseDenied } from "../../../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { RateLimitSuite } from "../rate-limit-suite.js"

function held<N extends string>(answer: Lease<N> | LeaseDenied<N>): Lease<N> {
  assert.ok(answer.allowed, "the lease was denied")
  return answer
}

export function leasePromises(suite: RateLimitSuite): void {
  suite.group("acquireLease", () => {
    const rules = { jobs: { algorithm: "concurrency", limit: 2, lease: "1h" }, short: { algorithm: "concurrency", limit: 1, lease: "300ms" } } as const
    const ada = { userId: "ada" }

    suite.it("hands out as many as the limit at a time, and a place again for each that is released", rules, async ({ service }) => {
      const answers = await Promise.all(Array.from({ length: 9 }, () => service.acquireLease(ada, "jobs")))
      const leases = answers.filter((answer) => answer.allowed)
      assert.equal(leases.length, 2)
      const denied = await service.acquireLease(ada, "jobs")
      assert.ok(!denied.allowed)
      assert.deepEqual([denied.reason, denied.limit, denied.remaining, denied.totalRequests], ["limit", 2, 0, 2])
      assert.ok(denied.retryAfter >= 1 && denied.retryAfter <= 3_600)
      assert.ok((await service.acquireLease({ userId: "bob" }, "jobs")).allowed)
      await leases[0]?.release()
      await leases[0]?.release()
      assert.equal((await service.getRateLimitStatus(ada, "jobs")).remaining, 1)
      const again = held(await service.acquireLease(ada, "jobs"))
      assert.deepEqual([again.rule, again.remaining, again.totalRequests, again.judgedBy], ["jobs", 0, 2, "store"])
      assert.equal(await leases[0]?.renew(), false)
      assert.equal(await leases[1]?.renew(), true)
    })

    suite.it("ends by itself, and cannot be renewed then", rules, async ({ service, advance }) => {
      const lease = held(await service.acquireLease(ada, "short"))
      await advance("330ms")
      assert.equal(await lease.renew(), false)
      const next = held(await service.acquireLease(ada, "short"))
      // The one that has ended must not free the place of the next.
      await lease.release()
      assert.equal(await next.renew(), true)
      assert.equal((await service.acquireLease(ada, "short")).allowed, false)
    })

    suite.it(
      "renewing begins its time anew",
      rules,
      async ({ service, advance }) => {
        const lease = held(await service.acquireLease(ada, "short"))
        for (let rounds = 0; rounds < 5; rounds += 1) {
          await advance("200ms")
          assert.equal(await lease.renew(), true)
          assert.equal((await service.acquireLease(ada, "short")).allowed, false)
        }
        await advance("299ms")
        assert.equal((await service.acquireLease(ada, "short")).allowed, false)
        await advance("1ms")
        assert.equal((await service.acquireLease(ada, "short")).allowed, true)
      },
      { fakeClock: true },
    )

    suite.it("is released at the end of its scope", rules, async ({ service }) => {
      {
        await using lease = held(await service.acquireLease(ada, "short"))
        assert.equal(lease.allowed, true)
      }
      assert.equal((await service.getRateLimitStatus(ada, "short")).totalRequests, 0)
    })

    suite.it(
      "is known to every service on its store",
      rules,
      async ({ service, another }) => {
        const other = await another()
        const lease = held(await service.acquireLease(ada, "short"))
        assert.equal((await other.acquireLease(ada, "short")).allowed, false)
        await lease.release()
        assert.equal((await other.acquireLease(ada, "short")).allowed, true)
      },
      { another: true },
    )
  })
}
