import { setTimeout as pause } from "node:timers/promises"
import type { RecordedLimits } from "../../limits/RecordedLimits.js"
import { oneOf, type Random } from "../../workloads/random.js"
import { COUNTING, RATE_RULES, type RateRuleName } from "./rate-rules.js"

const LONGEST_PAUSE_MS = 8
const RULE_NAMES = Object.keys(RATE_RULES) as readonly RateRuleName[]
/** Those of one call, which are taken all or not at all. */
const TOGETHER = COUNTING.slice(0, 4)

/** Makes one of the calls that can be made on a key, and pauses. */
export async function callOnce(limits: RecordedLimits<typeof RATE_RULES>, key: string, random: Random): Promise<void> {
  const rule = oneOf(random, RULE_NAMES) ?? "log"
  if (rule === "leases") {
    const release = await limits.hold(key, rule)
    await pause(random(LONGEST_PAUSE_MS))
    await release?.()
  } else if (random(10) === 0) await limits.takeTogether(key, TOGETHER)
  else if ((await limits.take(key, rule, 1 + random(2))) && random(6) === 0) await limits.giveBack(key, rule, 1)
  await pause(random(LONGEST_PAUSE_MS))
}
