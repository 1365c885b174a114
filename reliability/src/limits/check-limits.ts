import { checkAdmissions } from "./check-admissions.js"
import { checkDenials } from "./check-denials.js"
import { checkLeases } from "./check-leases.js"
import { groupedBy } from "./grouped-by.js"
import type { CheckedRule, Circumstances, LimitViolation, TimedLine } from "./limit-line.js"

/** Checks what became of every rule of every subject, each by itself. */
export function checkLimits(rules: readonly CheckedRule[], lines: readonly TimedLine[], circumstances: Circumstances = {}): readonly LimitViolation[] {
  const byPlace = groupedBy(lines, ({ subject, rule }) => `${rule} ${subject}`)
  return [...byPlace.values()].flatMap((own) => {
    const rule = rules.find(({ name }) => name === own[0]?.rule)
    if (rule === undefined) throw new RangeError("Expected a rule for each line, got a line without one")
    return rule.algorithm === "concurrency"
      ? checkLeases(rule, own, circumstances)
      : [...checkAdmissions(rule, own, circumstances), ...checkDenials(rule, own, circumstances)]
  })
}
