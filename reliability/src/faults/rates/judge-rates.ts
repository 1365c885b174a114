import type { RateLimitRules } from "coatcheck/rate-limit"
import { mostBeyond } from "../../limits/check-admissions.js"
import { checkLimits } from "../../limits/check-limits.js"
import { groupedBy } from "../../limits/grouped-by.js"
import { byStoreClock, type Circumstances, type ClockOffset, type LimitLine, type LimitViolation, type TimedLine } from "../../limits/limit-line.js"
import { RATE_RULES, RATES_CHECKED } from "./rate-rules.js"

/** A time in which something was done to the store, in microseconds of the clock of the lines. */
export interface Disturbance {
  readonly from: number
  /** When every service heard the store again. */
  readonly to: number
}

export interface RateCircumstances {
  readonly offset: ClockOffset
  readonly disturbances: readonly Disturbance[]
  /** Whether what counted may be lost in each of them. */
  readonly mayLose?: boolean
  /** Whether the client sends again by itself what was under way. */
  readonly resends?: boolean
}

const RULES: RateLimitRules = RATE_RULES
/** What a rule may answer in an outage, by its `onOutage`. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  closed: ["policy, denied"],
  open: ["policy, done"],
  local: ["local, done", "local, denied"],
}
/** After the store is heard again, what an earlier connection brought it is done soon. */
const LATE_MICROS = 1_000_000
/** What counts in a process counts whole milliseconds of its own clock. */
const OWN_CLOCK: ClockOffset = { least: -1_000, most: 0 }

/** What is wrong in a history of the rules `RATE_RULES` through which disturbances ran. */
export function judgeRates(lines: readonly LimitLine[], circumstances: RateCircumstances): { readonly why: readonly string[]; readonly surplus: number } {
  const { offset, disturbances, mayLose = false, resends = false } = circumstances
  const isDisturbed = (line: LimitLine): boolean => disturbances.some((one) => touches(line, one))
  const copiesOf = (line: LimitLine): number => (resends && isDisturbed(line) ? 2 : 1)
  const inStore = byStoreClock(lines.map(asStoreKnows(isDisturbed)), offset).map((line) => {
    const last = disturbances.findLast((one) => touches(line, one))
    return line.answer === "untold" && last !== undefined ? { ...line, to: Math.ceil(last.to + LATE_MICROS + offset.most) } : line
  })
  const losses = mayLose ? disturbances.map(({ from, to }) => ({ from: from + offset.least, to: to + offset.most })) : []
  const calm = mayLose ? calmTimes(disturbances).map((time) => inStore.filter((line) => isAdmissionIn(line, time))) : []
  const violations = [
    ...checkLimits(RATES_CHECKED, inStore, { copiesOf, losses }),
    // What was lost excuses nothing that came after it.
    ...calm.flatMap((own) => checkLimits(RATES_CHECKED, own, { copiesOf })),
    ...checkLimits(RATES_CHECKED, byStoreClock(lines.filter(({ judgedBy }) => judgedBy === "local").map(inOwnProcess), OWN_CLOCK)),
  ]
  return {
    why: [...violations.map(tell), ...lines.flatMap((line) => wordBroken(line, isDisturbed(line)))],
    surplus: surplusOf(inStore, { copiesOf }),
  }
}

function touches({ call, settled }: LimitLine, { from, to }: Disturbance): boolean {
  return call <= to && settled >= from
}

/** What the store did not answer it may have done all the same. A release is answered in any case, and with a primary the store loses what was given back, too. */
function asStoreKnows(isDisturbed: (line: LimitLine) => boolean): (line: LimitLine) => LimitLine {
  return (line) =>
    line.judgedBy !== "store" || ((line.op === "release" || line.op === "give back") && isDisturbed(line)) ? { ...line, answer: "untold" } : line
}

/** What surely was admitted in a time, and what may have made room in it: no denial, since what that rests on may lie further back. */
function isAdmissionIn({ op, answer, call, settled }: TimedLine, { from, to }: Disturbance): boolean {
  if (op === "give back" || op === "release") return call <= to && settled >= from
  return answer === "done" && call >= from && settled <= to
}

/** Each process counts by itself. */
function inOwnProcess(line: LimitLine): LimitLine {
  return { ...line, subject: `${line.subject} in process ${line.process}`, judgedBy: "store" }
}

function calmTimes(disturbances: readonly Disturbance[]): readonly Disturbance[] {
  const begins = [0, ...disturbances.map(({ to }) => to)]
  const ends = [...disturbances.map(({ from }) => from), Number.POSITIVE_INFINITY]
  return begins.map((from, at) => ({ from, to: ends[at] ?? from }))
}

/** Whether an answer that is not the store's is the one that its rule has for an outage, and came in one. */
function wordBroken({ op, rule, answer, judgedBy }: LimitLine, disturbed: boolean): readonly string[] {
  if (judgedBy === "store" || (op !== "take" && op !== "hold")) return []
  if (!disturbed) return [`Expected the store to decide when nothing was done to it, got an answer by ${judgedBy} for ${rule}`]
  const told = `${judgedBy}, ${answer}`
  const onOutage = RULES[rule]?.onOutage ?? "closed"
  return WORDS[onOutage]?.includes(told) ? [] : [`Expected a rule with onOutage ${onOutage} to keep to it in an outage, got ${told}`]
}

function surplusOf(lines: readonly TimedLine[], circumstances: Circumstances): number {
  const places = groupedBy(lines, ({ subject, rule }) => `${rule} ${subject}`)
  const beyond = [...places.values()].map((own) => {
    const rule = RATES_CHECKED.find(({ name }) => name === own[0]?.rule)
    return rule === undefined ? 0 : mostBeyond(rule, own, circumstances)
  })
  return Math.max(0, ...beyond)
}

function tell({ rule, subject, what }: LimitViolation): string {
  return `${rule}, ${subject}: ${what}`
}
