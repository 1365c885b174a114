import { SessionError } from "coatcheck"
import type { IRateLimitingService, RateLimitRules } from "coatcheck/rate-limit"

/** Rules that nothing of a short run wears off, so that what counts at the end tells how often a call was carried out. */
export const LASTING_RULES = {
  gcra: { algorithm: "gcra", limit: 1_000, window: "24h" },
  log: { algorithm: "sliding-log", limit: 1_000, window: "24h" },
  counter: { algorithm: "sliding-counter", limit: 1_000, window: "365d" },
  fixed: { algorithm: "fixed-window", limit: 1_000, window: "365d" },
  leases: { algorithm: "concurrency", limit: 1_000, lease: "24h" },
} as const satisfies RateLimitRules

type Limits = IRateLimitingService<typeof LASTING_RULES>
type RuleName = keyof typeof LASTING_RULES

const COUNTING = ["gcra", "log", "counter", "fixed"] as const
const BEFORE = 3

/** `answered`: by the store. `in its place`: by the rule's `onOutage`. `unknown`, `not applied`: as the error says. */
export type LostAnswer = "answered" | "in its place" | "unknown" | "not applied"

/** A call whose connection may break, on a subject of its own. */
export interface LostCall {
  /** How much counts for the subject before it. */
  readonly before: number
  /** What it adds when it is carried out once. */
  readonly adds: 1 | -1
  readonly rules: readonly RuleName[]
  /** @param direct over a line on which nothing breaks */
  prepare(direct: Limits, key: string): Promise<unknown>
  make(limits: Limits, key: string): Promise<LostAnswer>
}

export const LOST_CALLS: Readonly<Record<string, LostCall>> = {
  "one rule": { before: 0, adds: 1, rules: ["gcra"], prepare: nothing, make: async (limits, key) => told(await limits.checkRateLimit({ key }, "gcra")) },
  "all rules": {
    before: 0,
    adds: 1,
    rules: COUNTING,
    prepare: nothing,
    make: async (limits, key) => told(await limits.checkRateLimits(COUNTING.map((rule) => ({ subject: { key }, rule })))),
  },
  lease: { before: 0, adds: 1, rules: ["leases"], prepare: nothing, make: async (limits, key) => told(await limits.acquireLease({ key }, "leases")) },
  refund: {
    before: BEFORE,
    adds: -1,
    rules: ["log"],
    prepare: (direct, key) => direct.checkRateLimit({ key }, "log", { cost: BEFORE }),
    make: async (limits, key) =>
      limits.reward({ key }, "log").then(
        () => "answered",
        (error: unknown) => {
          if (!SessionError.is(error) || error.code === "ERR_SESSION_ENDED" || error.outcome === undefined) throw error
          return error.outcome === "not-applied" ? "not applied" : "unknown"
        },
      ),
  },
}

/** What counts for the subject now, by each rule of the call. */
export async function countsOf(direct: Limits, { rules }: LostCall, key: string): Promise<readonly number[]> {
  return Promise.all(rules.map(async (rule) => (await direct.getRateLimitStatus({ key }, rule)).totalRequests))
}

/**
 * What is wrong with how often a call was carried out, by what counts afterwards.
 *
 * @param copies how often the client itself may have sent it
 */
export function wrongCount(call: string, { before, adds, rules }: LostCall, answer: LostAnswer, counts: readonly number[], copies: number): string[] {
  const made = counts.map((count) => (count - before) * adds)
  const [times = 0] = made
  if (made.some((one) => one !== times)) return [`Expected ${call} to count by all rules or by none, got ${made.join(", ")}`]
  // A lease has a name: a second copy finds the first.
  const most = answer === "not applied" ? 0 : rules.includes("leases") ? 1 : copies
  const least = answer === "answered" ? 1 : 0
  return times >= least && times <= most ? [] : [`Expected ${call}, ${answer}, to count ${least} to ${most} times, got ${times}`]
}

function told({ allowed, judgedBy }: { readonly allowed: boolean; readonly judgedBy: string }): LostAnswer {
  if (allowed !== (judgedBy === "store")) throw new Error(`Expected the store to admit and an outage to deny, got ${judgedBy} and ${allowed}`)
  return allowed ? "answered" : "in its place"
}

async function nothing(): Promise<void> {}
