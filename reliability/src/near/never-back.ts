import { groupedBy } from "../limits/grouped-by.js"
import type { NearLine, NearViolation } from "./near-line.js"

/** What one process saw of a session never goes back: neither its version, nor that a secret opens nothing any more. Reads that overlap have no order. */
export function neverBack(reads: readonly NearLine[]): readonly NearViolation[] {
  const violations: NearViolation[] = []
  for (const own of groupedBy(reads, ({ process, session }) => `${process} ${session}`).values())
    violations.push(...backIn(own, ({ version }) => version ?? 0, "version"))
  for (const own of groupedBy(reads, ({ process, session, secret }) => `${process} ${session} ${secret}`).values())
    violations.push(...backIn(own, ({ version }) => (version === null ? Number.POSITIVE_INFINITY : 0), "end"))
  return violations
}

/** @param seen - what a read saw; it must not be less than what was seen before the read was called */
function backIn(reads: readonly NearLine[], seen: (read: NearLine) => number, what: string): readonly NearViolation[] {
  const bySettled = reads.toSorted((a, b) => a.settled - b.settled)
  const violations: NearViolation[] = []
  let at = 0
  let most = 0
  for (const read of reads.toSorted((a, b) => a.call - b.call)) {
    for (let earlier = bySettled[at]; earlier !== undefined && earlier.settled <= read.call; earlier = bySettled[at]) {
      most = Math.max(most, seen(earlier))
      at += 1
    }
    // What opens nothing has no version that could go back.
    if (seen(read) < most && (what === "end" || read.version !== null))
      violations.push({ rule: "N3", subject: read.session, what: what === "end" ? "opened again" : `version ${read.version} after ${most}` })
  }
  return violations
}
