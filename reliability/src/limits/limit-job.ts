import { setTimeout as pause } from "node:timers/promises"
import { choose, oneOf, type Random, randomFrom } from "../workloads/random.js"
import type { LimitLine } from "./limit-line.js"
import type { RecordedLimits } from "./RecordedLimits.js"
import { type CountingRuleName, isLeaseRule, type W6_RULES, type W6RuleName } from "./w6-rules.js"

/** What one process is asked to do in a round of W6. */
export interface LimitJob {
  readonly seed: number
  readonly rules: readonly W6RuleName[]
  /** Their names begin so. */
  readonly keys: string
  readonly keyCount: number
  readonly inFlight: number
  readonly forMs: number
}

type Limits = RecordedLimits<typeof W6_RULES>

const MOST_LINES = 30_000
/** Of one key each call is held against each other one. */
const MOST_LINES_OF_ONE_KEY = 1_500
/** What is known to be used up is denied without a round trip: whoever did not pause would ask for nothing else. */
const LONGEST_PAUSE_MS = 6

/** Calls of one process, as many side by side as it is told. */
export async function callLimits(limits: Limits, { seed, rules, keys, keyCount, inFlight, forMs }: LimitJob, process: number): Promise<readonly LimitLine[]> {
  const until = performance.now() + forMs
  const most = keyCount === 1 ? MOST_LINES_OF_ONE_KEY : MOST_LINES
  const lane = async (_: unknown, number: number): Promise<void> => {
    const random = randomFrom(seed + process * 7_919 + number * 104_729)
    while (performance.now() < until && limits.count < most) {
      // A few keys are used much and most of them little, so that calls meet.
      const key = `${keys}-${Math.floor((random(1_000_003) / 1_000_003) ** 3 * keyCount)}`
      const rule = oneOf(random, rules)
      if (rule === undefined) return
      if (isLeaseRule(rule)) await work(limits, key, rule, random)
      else if (random(10) === 0) await limits.takeTogether(key, rules.filter(isCounting))
      else await take(limits, key, rule, random)
      await pause(random(LONGEST_PAUSE_MS))
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return limits.takeLines()
}

async function take(limits: Limits, key: string, rule: CountingRuleName, random: Random): Promise<void> {
  const units = choose(random, [
    [7, 1],
    [3, 2],
  ])
  if (!(await limits.take(key, rule, units)) || random(6) > 0) return
  await pause(random(LONGEST_PAUSE_MS))
  await limits.giveBack(key, rule, units)
}

/** A lease that lasts but a moment is left to end by itself, mostly. */
async function work(limits: Limits, key: string, rule: Exclude<W6RuleName, CountingRuleName>, random: Random): Promise<void> {
  const release = await limits.hold(key, rule)
  if (release === null || (rule === "brief-leases" && random(4) > 0)) return
  await pause(random(2 * LONGEST_PAUSE_MS))
  await release()
}

function isCounting(rule: W6RuleName): rule is CountingRuleName {
  return !isLeaseRule(rule)
}
