import type { Row, Scale } from "../layer.js"
import type { WorkerPool } from "../workloads/WorkerPool.js"
import { ClockWatch } from "./ClockWatch.js"
import { checkLimits } from "./check-limits.js"
import type { LimitJob } from "./limit-job.js"
import { byStoreClock, type ClockOffset, type LimitLine, type LimitViolation } from "./limit-line.js"
import { W6_CHECKED, type W6RuleName } from "./w6-rules.js"

export const LIMITS = "rate limits"

/** Where W6 runs, and with what. */
export interface LimitPlace {
  /** As rows are asked for by name: server, topology, client. */
  readonly name: string
  readonly version: string
  readonly pool: WorkerPool
  readonly scale: Scale
  readonly seed: number
  /** Of the clock that all processes count by, `process.hrtime.bigint()`. */
  readonly origin: bigint
  note(text: string): void
}

type Round = Omit<LimitJob, "seed" | "keys">

const MANY_KEYS = 10_000
const IN_FLIGHT = 64
const ON_ONE_KEY: readonly W6RuleName[] = ["gcra", "log", "counter", "fixed", "leases", "brief-leases"]
const ON_MANY_KEYS: readonly W6RuleName[] = ["few-gcra", "few-log", "few-counter", "few-fixed", "few-leases"]
const ROUNDS: Readonly<Record<Scale, readonly Round[]>> = {
  quick: [
    { rules: ON_ONE_KEY, keyCount: 1, inFlight: 12, forMs: 150 },
    { rules: ON_MANY_KEYS, keyCount: MANY_KEYS, inFlight: IN_FLIGHT, forMs: 150 },
  ],
  full: [
    ...ON_ONE_KEY.map((rule) => ({ rules: [rule], keyCount: 1, inFlight: IN_FLIGHT, forMs: 2_000 })),
    // Where few calls are under way at a time, more is certain.
    { rules: ON_ONE_KEY, keyCount: 1, inFlight: 2, forMs: 2_000 },
    { rules: ON_ONE_KEY, keyCount: 1, inFlight: IN_FLIGHT, forMs: 2_000 },
    { rules: ON_MANY_KEYS, keyCount: MANY_KEYS, inFlight: IN_FLIGHT, forMs: 6_000 },
  ],
}
const SEEDS_APART = 1_000_003

interface Found {
  readonly lines: LimitLine[]
  readonly violations: LimitViolation[]
  /** Within how much time a reading of the servers' clock lay, at most. */
  clockMicros: number
}

/** W6: calls of all processes on rate limits, with one key and with 10 000, every answer checked. */
export async function runLimits(place: LimitPlace): Promise<Row> {
  const found: Found = { lines: [], violations: [], clockMicros: 0 }
  for (const [at, round] of ROUNDS[place.scale].entries()) {
    place.note(`W6, ${round.rules.join(", ")} on ${round.keyCount} keys, ${found.lines.length} calls, ${found.violations.length} violations`)
    const { lines, offset } = await runRound(place, { ...round, seed: place.seed + at * SEEDS_APART, keys: `w6-${place.seed}-${at}` })
    for (const line of lines) found.lines.push(line)
    found.violations.push(...checkLimits(W6_CHECKED, byStoreClock(lines, offset)))
    found.clockMicros = Math.max(found.clockMicros, offset.most - offset.least)
  }
  return rowOf(place, found)
}

async function runRound({ pool, origin }: LimitPlace, job: LimitJob): Promise<{ readonly lines: readonly LimitLine[]; readonly offset: ClockOffset }> {
  using watch = new ClockWatch(() => Number(process.hrtime.bigint() - origin) / 1_000)
  const lines = await pool.limits(job)
  return { lines, offset: watch.offset }
}

function rowOf({ name, version }: LimitPlace, { lines, violations, clockMicros }: Found): Row {
  const count = (op: LimitLine["op"], answer: LimitLine["answer"]): number => lines.filter((line) => line.op === op && line.answer === answer).length
  const ofRules = (...rules: readonly LimitViolation["rule"][]): number => violations.filter(({ rule }) => rules.includes(rule)).length
  const [server = "", ...where] = name.split(", ")
  const met = { taken: count("take", "done"), denied: count("take", "denied"), "given back": count("give back", "done"), "leases held": count("hold", "done") }
  const notAsked = lines.filter(({ judgedBy }) => judgedBy !== "store").length
  const summary = { "  above the formula": ofRules("L1", "L2", "L4"), "  denied although there was room": ofRules("L3", "L5") }
  const why = [
    ...violations.map(({ rule, subject, what }) => `${rule}, ${subject}: ${what}`),
    ...Object.entries(met).flatMap(([what, times]) => (times === 0 ? [`Expected some to be ${what}, got none`] : [])),
    ...(notAsked === 0 ? [] : [`Expected every call to be answered by the store where nothing is broken, got ${notAsked} that were not`]),
  ]
  return {
    name: `${LIMITS}, ${where.join(", ")}`,
    where: `${server} ${version}`,
    verdict: why.length === 0 ? "passed" : "failed",
    figures: {
      calls: lines.length,
      keys: new Set(lines.map(({ subject }) => subject)).size,
      ...met,
      "leases denied": count("hold", "denied"),
      "above the formula": summary["  above the formula"],
      "denied although there was room": summary["  denied although there was room"],
      "servers' clock known to ms": clockMicros / 1_000,
      "longest call ms": Math.round(lines.reduce((longest, { call, settled }) => Math.max(longest, settled - call), 0) / 1_000),
    },
    summary: { "operations checked": lines.length, violations: violations.length, "calls of rate limits": lines.length, ...summary },
    why,
    replayAs: `${name}, ${LIMITS}`,
  }
}
