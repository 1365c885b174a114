import { mock } from "node:test"
import { createRateLimitingService, type RateLimitRules } from "coatcheck/rate-limit"
import { MemoryStore, type Options } from "express-rate-limit"
import { RateLimiterMemory } from "rate-limiter-flexible"
import type { Decided, LimitOf } from "./exact-count.js"

/** Decides requests at these times, one after the other. */
type Replay = (times: readonly number[], limit: LimitOf) => Promise<readonly Decided[]>

/** All in memory, by a clock that the replay sets. */
export const LIMITERS: Readonly<Record<string, Replay>> = {
  "sliding-log": ours(({ limit, window }) => ({ algorithm: "sliding-log", limit, window: `${window}ms` })),
  "sliding-counter": ours(({ limit, window }) => ({ algorithm: "sliding-counter", limit, window: `${window}ms` })),
  "gcra, burst a fifth of the limit": ours(({ limit, window }) => ({ limit, window: `${window}ms`, burst: limit / 5 })),
  "gcra, burst of the whole limit": ours(({ limit, window }) => ({ limit, window: `${window}ms` })),
  "fixed-window": ours(({ limit, window }) => ({ algorithm: "fixed-window", limit, window: `${window}ms` })),
  "rate-limiter-flexible": peer(({ limit, window }) => {
    const limiter = new RateLimiterMemory({ points: limit, duration: window / 1_000 })
    return () =>
      limiter.consume("key").then(
        () => true,
        (refused: unknown) => {
          if (refused instanceof Error) throw refused
          return false
        },
      )
  }),
  "express-rate-limit": peer(({ limit, window }) => {
    const store = new MemoryStore()
    store.init({ windowMs: window } as Options)
    return async () => (await store.increment("key")).totalHits <= limit
  }),
}

function ours(rule: (limit: LimitOf) => RateLimitRules[string]): Replay {
  return async (times, limit) => {
    let now = 0
    await using limits = await createRateLimitingService({ store: "memory:", rules: { rule: rule(limit) }, clock: { now: () => now } })
    return await decideEach(times, async (at) => {
      now = at
      return (await limits.checkRateLimit({ key: "key" }, "rule")).allowed
    })
  }
}

/** These read the time of the process and set timers, so both are made up for as long as they decide. */
function peer(open: (limit: LimitOf) => () => Promise<boolean>): Replay {
  return async (times, limit) => {
    mock.timers.enable({ apis: ["Date", "setTimeout", "setInterval"], now: times[0] ?? 0 })
    try {
      const decide = open(limit)
      return await decideEach(times, (at) => {
        mock.timers.tick(at - Date.now())
        return decide()
      })
    } finally {
      mock.timers.reset()
    }
  }
}

async function decideEach(times: readonly number[], decide: (at: number) => Promise<boolean>): Promise<readonly Decided[]> {
  const decided: Decided[] = []
  for (const at of times) decided.push({ at, allowed: await decide(at) })
  return decided
}
