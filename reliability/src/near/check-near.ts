import { groupedBy } from "../limits/grouped-by.js"
import type { NearLine, NearViolation } from "./near-line.js"
import { neverBack } from "./never-back.js"

export interface NearFinding {
  readonly violations: readonly NearViolation[]
  readonly reads: number
  readonly hits: number
  /** Sessions and secrets that were acknowledged to be over, and were read after that. */
  readonly revocations: number
  /** Reads that were called later than the lease after such a one, and must find nothing; answered or not. */
  readonly late: number
  /** Reads that answered what was not so any more when they were asked. */
  readonly stale: number
  /** How old the oldest of them surely was, in milliseconds. */
  readonly worstStaleMs: number
}

/** What an acknowledged change makes out of date: versions below this one. */
interface Outdated {
  readonly line: NearLine
  readonly below: number
}

/**
 * Judges reads of several processes beside changes by one of them. A change is held against a read only from its acknowledgement on, and a read counts as served
 * when it was called, so what is called stale surely was.
 *
 * @param leaseMs - how much older than an acknowledged change an answer may be
 */
export function checkNear(lines: readonly NearLine[], leaseMs: number): NearFinding {
  const asked = lines.filter(({ op }) => op === "read")
  const reads = asked.filter(({ version }) => version !== undefined)
  const changes = changesOf(lines)
  const violations: NearViolation[] = []
  const revoked = new Set<NearLine>()
  let late = 0
  let stale = 0
  let worstStaleMs = 0
  for (const read of asked) {
    const earlier = (changes.get(read.session) ?? []).filter(({ line }) => line.settled <= read.call && (line.op !== "replace" || line.secret === read.secret))
    const ends = earlier.map(({ line }) => line).filter(({ op }) => op !== "change")
    for (const line of ends) revoked.add(line)
    if (ends.some(({ settled }) => read.call - settled > leaseMs)) late += 1
    const { version } = read
    const unseen = earlier.filter(({ below }) => typeof version === "number" && version < below).map(({ line }) => line)
    if (unseen.length === 0) continue
    const age = read.call - Math.min(...unseen.map(({ settled }) => settled))
    stale += 1
    worstStaleMs = Math.max(worstStaleMs, age)
    const what = `read as version ${version} ${age.toFixed(1)} ms after`
    if (age > leaseMs) violations.push({ rule: "N1", subject: read.session, what: `${what} ${unseen[0]?.op} was acknowledged; the lease is ${leaseMs} ms` })
    const own = unseen.find(({ process }) => process === read.process)
    if (own !== undefined) violations.push({ rule: "N2", subject: read.session, what: `${what} this process's own ${own.op} was acknowledged` })
  }
  violations.push(...neverBack(reads))
  return { violations, reads: reads.length, hits: reads.filter(({ isHit }) => isHit).length, revocations: revoked.size, late, stale, worstStaleMs }
}

/** By session. What was not acknowledged may not have been done. */
function changesOf(lines: readonly NearLine[]): ReadonlyMap<string, readonly Outdated[]> {
  const acknowledged = lines.filter(({ op, version }) => op !== "read" && version !== undefined && (op !== "change" || version !== null))
  const outdated = acknowledged.map((line) => ({ line, below: line.op === "change" ? (line.version ?? 0) : Number.POSITIVE_INFINITY }))
  return groupedBy(outdated, ({ line }) => line.session)
}
