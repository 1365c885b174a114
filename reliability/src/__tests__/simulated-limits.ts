import { createRateLimitingService, type RateLimitRules } from "coatcheck/rate-limit"
import type { CheckedRule, LimitLine } from "../limits/limit-line.js"
import { randomFrom } from "../workloads/random.js"

/** The rules of these tests. The checkers are told `RULES`; a limiter that has others has a mistake. */
export const RULES: readonly CheckedRule[] = [
  { name: "gcra", algorithm: "gcra", capacity: 5, period: 50_000 },
  { name: "log", algorithm: "sliding-log", capacity: 8, period: 400_000 },
  { name: "counter", algorithm: "sliding-counter", capacity: 8, period: 400_000 },
  { name: "fixed", algorithm: "fixed-window", capacity: 8, period: 400_000 },
  { name: "leases", algorithm: "concurrency", capacity: 3, period: 300_000 },
]

/** A mistake of a limiter. */
export interface Mistake {
  readonly rule?: Partial<Pick<CheckedRule, "capacity" | "period" | "algorithm">>
  /** How often units that are given back are. */
  readonly backTimes?: number
  /** Denies now and then what it would allow. */
  readonly deniesInTen?: number
  /** Allows now and then what it would deny. */
  readonly allowsInTen?: number
  /** Leases are never given back. */
  readonly keepsLeases?: boolean
}

const LANES = 12
const PROCESSES = 4
const MICROS = 1_000

/**
 * What clients of the library's own limiter in memory see, in a time that is made up: each call is judged somewhere between its beginning and its answer,
 * which are up to `slownessMs` apart in each direction.
 */
export async function simulateLimits(
  checked: CheckedRule,
  { seed, calls, slownessMs }: { readonly seed: number; readonly calls: number; readonly slownessMs: number },
  { rule = {}, backTimes = 1, deniesInTen = 0, allowsInTen = 0, keepsLeases = false }: Mistake = {},
): Promise<readonly LimitLine[]> {
  const random = randomFrom(seed)
  let now = 1_000_000
  const { algorithm, capacity, period } = { ...checked, ...rule }
  const span = `${algorithm === "gcra" ? (capacity * period) / MICROS : period / MICROS}ms` as const
  const rules: RateLimitRules = {
    rule: algorithm === "concurrency" ? { algorithm, limit: capacity, lease: span } : { algorithm, limit: capacity, window: span },
  }
  await using limits = await createRateLimitingService({ store: "memory:", rules, clock: { now: () => now } })
  const subject = { key: "one" }
  const lines: LimitLine[] = []
  const lanes = Array.from({ length: LANES }, (_, lane) => ({ lane, next: now + random(50), held: undefined as Held | undefined, back: 0 }))
  for (let i = 0; i < calls; i++) {
    const lane = lanes.reduce((first, one) => (one.next < first.next ? one : first))
    now = lane.next
    const common = { process: lane.lane % PROCESSES, subject: "one", rule: checked.name, call: now * MICROS - random(slownessMs * MICROS) }
    const settled = now * MICROS + random(slownessMs * MICROS)
    const done = (op: LimitLine["op"], units: number, allowed = true, lease?: string): void =>
      void lines.push({ ...common, op, units, settled, answer: allowed ? "done" : "denied", judgedBy: "store", ...(lease === undefined ? {} : { lease }) })
    const spoiled = (allowed: boolean): boolean => (allowed ? random(10) >= deniesInTen : random(10) < allowsInTen)
    if (algorithm === "concurrency" && lane.held !== undefined) {
      if (!keepsLeases) await lane.held.release()
      done("release", 1, true, lane.held.name)
      lane.held = undefined
    } else if (algorithm === "concurrency") {
      const lease = await limits.acquireLease(subject, "rule")
      const allowed = spoiled(lease.allowed)
      done("hold", 1, allowed, `${i}`)
      if (allowed && random(4) > 0) lane.held = { name: `${i}`, release: async () => (lease.allowed ? lease.release() : undefined) }
    } else if (lane.back > 0) {
      for (let times = 0; times < backTimes; times++) await limits.reward(subject, "rule", lane.back)
      done("give back", lane.back)
      lane.back = 0
    } else {
      const cost = 1 + (random(4) === 0 ? random(2) : 0)
      const allowed = spoiled((await limits.checkRateLimit(subject, "rule", { cost })).allowed)
      done("take", cost, allowed)
      if (allowed && random(5) === 0) lane.back = cost
    }
    // What a client asks next it asks after it was answered.
    lane.next = Math.ceil(settled / MICROS) + slownessMs + random(80)
  }
  return lines
}

interface Held {
  readonly name: string
  release(): Promise<void>
}
