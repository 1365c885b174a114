import { randomUUID } from "node:crypto"
import { rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { createRateLimitingService } from "../../exports/rate-limit.js"

// The clock of a store is set, ahead and back. What the scripts do with records that lie ahead is in scripts/rate-scripts.test.ts, for a server's clock cannot be set.

const WINDOW = 10_000
const LIMIT = 4
const RULES = {
  gcra: { algorithm: "gcra", limit: LIMIT, window: "10s" },
  "sliding-log": { algorithm: "sliding-log", limit: LIMIT, window: "10s" },
  "sliding-counter": { algorithm: "sliding-counter", limit: LIMIT, window: "10s" },
  "fixed-window": { algorithm: "fixed-window", limit: LIMIT, window: "10s" },
} as const
/** After how many milliseconds at most a unit fits again once the clock was set back, and after how many nothing counts any more. */
const LATEST = {
  gcra: [WINDOW / LIMIT, WINDOW],
  "sliding-log": [WINDOW, WINDOW],
  "sliding-counter": [WINDOW + WINDOW / LIMIT, 2 * WINDOW],
  "fixed-window": [2 * WINDOW, 2 * WINDOW],
} as const
const ALGORITHMS = Object.keys(RULES) as (keyof typeof RULES)[]
const ADA = { userId: "ada" }
/** A window begins here. */
const START = Math.ceil(1_790_000_000_000 / WINDOW) * WINDOW
const STEP = 100

async function limitsOn(store: "memory" | "sqlite", from: number) {
  const clock = { now: from }
  const path = join(tmpdir(), `coatcheck-${randomUUID()}.db`)
  const limits = await createRateLimitingService({
    store: store === "memory" ? "memory:" : `sqlite:${path}`,
    rules: RULES,
    clock: { now: () => clock.now },
  })
  onTestFinished(async () => {
    await limits.close()
    if (store === "sqlite") for (const end of ["", "-wal", "-shm", "-reserve"]) rmSync(path + end, { force: true })
  })
  return { limits, clock }
}

describe.each(["memory", "sqlite"] as const)("the clock of %s", (store) => {
  describe.each(ALGORITHMS)("under %s", (rule) => {
    const [fitsWithin, endsWithin] = LATEST[rule]

    // From the first and the last moment of a window.
    describe.each([0, WINDOW - STEP])("%d ms into a window", (into) => {
      it.each([STEP, WINDOW, 5 * WINDOW, 86_400_000])("set back by %d ms gives nothing anew, and denies for no longer than the contract says", async (back) => {
        const { limits, clock } = await limitsOn(store, START + into)
        expect((await limits.checkRateLimit(ADA, rule, { cost: LIMIT })).allowed).toBe(true)
        clock.now -= back
        const set = clock.now
        while (!(await limits.checkRateLimit(ADA, rule)).allowed && clock.now - set < 10 * WINDOW) clock.now += STEP
        const waited = clock.now - set
        expect(waited).toBeGreaterThanOrEqual(rule === "fixed-window" ? STEP : WINDOW / LIMIT)
        expect(waited).toBeLessThanOrEqual(fitsWithin)
      })

      it.each([STEP, WINDOW, 5 * WINDOW, 86_400_000])("set back by %d ms counts for no longer than the contract says", async (back) => {
        const { limits, clock } = await limitsOn(store, START + into)
        await limits.checkRateLimit(ADA, rule, { cost: LIMIT })
        clock.now -= back
        expect(await limits.checkRateLimit(ADA, rule)).toMatchObject({ allowed: false, totalRequests: LIMIT })
        expect((await limits.getRateLimitStatus(ADA, rule)).resetAfter * 1_000).toBeLessThanOrEqual(endsWithin)
        clock.now += endsWithin
        expect(await limits.getRateLimitStatus(ADA, rule)).toMatchObject({ allowed: true, totalRequests: 0 })
      })

      it("set ahead by a window gives the limit once more, and not twice", async () => {
        const { limits, clock } = await limitsOn(store, START + into)
        await limits.checkRateLimit(ADA, rule, { cost: LIMIT })
        clock.now += WINDOW
        let allowed = 0
        for (let calls = 0; calls < 3 * LIMIT; calls += 1) allowed += Number((await limits.checkRateLimit(ADA, rule)).allowed)
        expect(allowed).toBeLessThanOrEqual(LIMIT)
        if (rule !== "sliding-counter") expect(allowed).toBe(LIMIT)
      })
    })

    it("ends a block earlier when it is set ahead, and later by as much when it is set back", async () => {
      const { limits, clock } = await limitsOn(store, START)
      await limits.block(ADA, rule, "5s")
      clock.now -= 5 * WINDOW
      expect(await limits.checkRateLimit(ADA, rule)).toMatchObject({ allowed: false, reason: "blocked", retryAfter: 55 })
      clock.now = START + 4_999
      expect((await limits.checkRateLimit(ADA, rule)).allowed).toBe(false)
      clock.now += 1
      expect((await limits.checkRateLimit(ADA, rule)).allowed).toBe(true)
    })
  })
})
