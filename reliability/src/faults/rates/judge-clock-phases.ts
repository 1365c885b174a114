import { checkAdmissions } from "../../limits/check-admissions.js"
import { checkDenials } from "../../limits/check-denials.js"
import { checkLeases } from "../../limits/check-leases.js"
import { groupedBy } from "../../limits/grouped-by.js"
import { byStoreClock, type CheckedRule, type ClockOffset, type LimitLine, type LimitViolation } from "../../limits/limit-line.js"
import { RATES_CHECKED } from "./rate-rules.js"

/** A time in which the store's clock ran on as it was set, in microseconds of the clock of the lines. */
export interface ClockPhase {
  readonly from: number
  readonly to: number
  /** By how much the store's clock was ahead of where it belongs. */
  readonly shift: number
}

/**
 * What is wrong with limits whose store had its clock set.
 *
 * By the store's own clock, each phase holds to the formulas, and at the beginning of each, when the store looked at every count, all units may just have been used
 * up: for so long may a clock that was set limit somebody, and no longer. By a clock that nobody sets, setting the store's ahead admits as much as the limit anew, once; setting it back admits
 * nothing anew, but of a fixed window one more may begin, with as many units as the limit.
 *
 * @param offset of the store's clock where it belongs
 */
export function judgeClockPhases(lines: readonly LimitLine[], offset: ClockOffset, phases: readonly ClockPhase[]): readonly LimitViolation[] {
  const changes = phases.slice(1).map(({ from, shift }, at) => ({ from: phases[at]?.to ?? from, to: from, isAhead: shift > (phases[at]?.shift ?? shift) }))
  const places = [...groupedBy(lines, ({ subject, rule }) => `${rule} ${subject}`).values()]
  return places.flatMap((own) => {
    const rule = RATES_CHECKED.find(({ name }) => name === own[0]?.rule)
    if (rule === undefined) throw new RangeError("Expected a rule for each line, got a line without one")
    const losses = changes.flatMap((change) => (change.isAhead ? change : isFixed(rule) ? { ...change, units: rule.capacity } : []))
    const steady = byStoreClock(own, { least: 0, most: 0 })
    if (rule.algorithm === "concurrency") return checkLeases(rule, steady.filter(isNoDenial), { losses })
    return [...checkAdmissions(rule, steady, { losses }).filter((one) => one.rule === "L1"), ...phases.flatMap((phase) => judgePhase(rule, own, offset, phase))]
  })
}

function judgePhase(rule: CheckedRule, lines: readonly LimitLine[], { least, most }: ClockOffset, phase: ClockPhase): readonly LimitViolation[] {
  const { from, to, shift } = phase
  const isWithin = ({ call, settled }: LimitLine): boolean => call >= from && settled <= to
  const overlapping = lines.filter(({ call, settled }) => call <= to && settled >= from)
  const [first] = lines
  if (first === undefined) return []
  const byClock = (own: readonly LimitLine[]) => byStoreClock(own, { least: least + shift, most: most + shift })
  const [usedUp] = byClock([{ ...first, op: "take", units: rule.capacity, call: from, settled: from, answer: "done", judgedBy: "policy" }])
  if (usedUp === undefined) return []
  // A fixed window that was begun goes on until its own end, up to a window longer.
  const next = (Math.floor(usedUp.to / rule.period) + 1) * rule.period
  const allUsedUp = isFixed(rule) ? [usedUp, { ...usedUp, from: next, to: next }] : [usedUp]
  return [
    ...checkAdmissions(rule, byClock(overlapping.filter((line) => line.op === "give back" || isWithin(line)))),
    ...checkDenials(rule, [...allUsedUp, ...byClock(overlapping.filter((line) => line.answer !== "denied" || isWithin(line)))]),
  ]
}

function isFixed({ algorithm }: CheckedRule): boolean {
  return algorithm === "fixed-window"
}

function isNoDenial({ answer }: LimitLine): boolean {
  return answer !== "denied"
}
