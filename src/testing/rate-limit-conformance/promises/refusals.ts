import assert from "node:assert/strict"
import { refuses } from "../../session-conformance/expectations.js"
import { SharedSignal } from "../../shared-signal.js"
import type { RateLimitSuite } from "../rate-limit-suite.js"

export function refusalPromises(suite: RateLimitSuite): void {
  const rules = { api: { limit: 3, window: "1h" }, jobs: { algorithm: "concurrency", limit: 2, lease: "1h" } } as const
  const ada = { userId: "ada" }
  suite.group("bad input", () => {
    suite.it("is refused, and takes nothing", rules, async ({ service }) => {
      const none = (call: () => Promise<unknown>) => refuses("ERR_INVALID_ARGUMENT", call, ["secret"])
      for (const cost of [0, -1, 0.5, 4, Number.NaN, Number.POSITIVE_INFINITY, "1", null, 1n, {}] as never[]) {
        await none(() => service.checkRateLimit(ada, "api", { cost }))
        await none(() => service.checkRateLimits([{ subject: ada, rule: "api", cost }]))
        if (cost !== undefined) await none(() => service.reward(ada, "api", cost))
        await none(() => service.penalize(ada, "api", cost))
      }
      for (const rule of ["apy", "constructor", "__proto__", "toString", "", undefined, null, 1, ["api"], {}] as never[]) {
        await none(() => service.checkRateLimit(ada, rule))
        await none(() => service.checkRateLimits([{ subject: ada, rule }]))
        await none(() => service.acquireLease(ada, rule))
        await none(() => service.getRateLimitStatus(ada, rule))
        await none(() => service.resetRateLimit(ada, rule))
        await none(() => service.reward(ada, rule))
        await none(() => service.block(ada, rule, "1h"))
      }
      await none(() => service.checkRateLimit(ada, "jobs" as never))
      await none(() => service.penalize(ada, "jobs" as never))
      await none(() => service.acquireLease(ada, "api" as never))
      const subjects = [
        undefined,
        null,
        "secret",
        1,
        {},
        [],
        { userId: "" },
        { userId: 1 },
        { userId: "\ud800" },
        { userId: "x".repeat(513) },
        { key: "é".repeat(257) },
        { userId: "a", key: "b" },
        { address: 1 },
        { address: null },
        { ip: "::1" },
        { key: undefined },
      ]
      for (const subject of subjects as never[]) {
        await none(() => service.checkRateLimit(subject, "api"))
        await none(() => service.acquireLease(subject, "jobs"))
        await none(() => service.block(subject, "api", "1h"))
      }
      for (const checks of [
        undefined,
        null,
        [],
        {},
        [null],
        ["api"],
        [{ subject: ada }],
        [{ subject: ada, rule: "api", costs: 1 }],
        Array(17).fill({ subject: ada, rule: "api" }),
        Array(4).fill({ subject: ada, rule: "api" }),
      ] as never[])
        await none(() => service.checkRateLimits(checks))
      for (const duration of [0, -1, "10", "99ms", "366d", Number.NaN, undefined, null] as never[]) await none(() => service.block(ada, "api", duration))
      for (const options of [{ costs: 1 }, { signal: {} }, [], "x"] as never[]) await none(() => service.checkRateLimit(ada, "api", options))
      assert.equal((await service.getRateLimitStatus(ada, "api")).remaining, 3)
      assert.equal((await service.getRateLimitStatus(ada, "jobs")).remaining, 2)
    })

    suite.it("a signal that is aborted ends the call with its reason", rules, async ({ service }) => {
      const reason = new Error("enough")
      const options = { signal: AbortSignal.abort(reason) }
      const calls = [
        () => service.checkRateLimit(ada, "api", options),
        () => service.checkRateLimits([{ subject: ada, rule: "api" }], options),
        () => service.acquireLease(ada, "jobs", options),
        () => service.getRateLimitStatus(ada, "api", options),
        () => service.resetRateLimit(ada, "api", options),
      ]
      for (const call of calls) await assert.rejects(call, reason)
      assert.equal((await service.getRateLimitStatus(ada, "api")).remaining, 3)
    })

    suite.it("fifty calls at once share a signal without a warning, keep no listener, and end when it is aborted", rules, async ({ service }) => {
      const calls: Readonly<Record<string, (signal: AbortSignal, n: number) => Promise<unknown>>> = {
        checkRateLimit: (signal, n) => service.checkRateLimit({ userId: String(n) }, "api", { signal }),
        checkRateLimits: (signal, n) => service.checkRateLimits([{ subject: { userId: String(n) }, rule: "api" }], { signal }),
        acquireLease: (signal, n) => service.acquireLease({ userId: String(n) }, "jobs", { signal }),
        getRateLimitStatus: (signal, n) => service.getRateLimitStatus({ userId: String(n) }, "api", { signal }),
        resetRateLimit: (signal, n) => service.resetRateLimit({ userId: String(n) }, "api", { signal }),
      }
      for (const [name, call] of Object.entries(calls)) {
        let n = 0
        const shared = new SharedSignal()
        try {
          await shared.settle(() => call(shared.signal, n++))
          await shared.assertQuiet(name)
          const endings = shared.settle(() => call(shared.signal, n++))
          const reason = new Error("enough")
          shared.abort(reason)
          for (const ending of await endings) if (ending.status === "rejected") assert.equal(ending.reason, reason, name)
          await shared.assertQuiet(name)
        } finally {
          shared.release()
        }
      }
    })

    suite.it("a closed service refuses every call, but for giving a lease back", rules, async ({ service }) => {
      const lease = await service.acquireLease(ada, "jobs")
      assert.ok(lease.allowed)
      await Promise.all([service.close(), service.close()])
      const calls = [
        () => service.checkRateLimit(ada, "api"),
        () => service.checkRateLimits([{ subject: ada, rule: "api" }]),
        () => service.acquireLease(ada, "jobs"),
        () => service.getRateLimitStatus(ada, "api"),
        () => service.resetRateLimit(ada, "api"),
        () => service.reward(ada, "api"),
        () => service.penalize(ada, "api"),
        () => service.block(ada, "api", "1h"),
        () => lease.renew(),
      ]
      for (const call of calls) await refuses("ERR_CLOSED", call)
      await lease.release()
    })
  })
}
