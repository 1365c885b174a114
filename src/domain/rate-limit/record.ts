import type { Algorithm, Marks } from "./algorithm.js"
import { fixedWindow } from "./fixed-window.js"
import { gcra } from "./gcra.js"
import { type Held, leasesEnd, settleLeases, waitForLease } from "./leases.js"
import type { AlgorithmName, CountingAlgorithm, Rule } from "./rules.js"
import { slidingCounter } from "./sliding-counter.js"
import { slidingLog } from "./sliding-log.js"

export const ALGORITHMS: Readonly<Record<CountingAlgorithm, Algorithm>> = {
  gcra,
  "sliding-log": slidingLog,
  "sliding-counter": slidingCounter,
  "fixed-window": fixedWindow,
}

/** What is kept of one rule of one subject. Times are microseconds since the epoch. */
export interface LimitRecord {
  readonly algorithm: AlgorithmName
  /** Everything is denied until then. */
  readonly blockedUntil: number
  /** Of a rule that counts. */
  readonly marks: Marks
  /** Of a concurrency rule. */
  readonly leases: readonly Held[]
}

/** How one rule looks at a moment. Spans are microseconds. */
export interface Judgement {
  /** When it was judged: the store's time, in microseconds. */
  readonly at: number
  /** What was asked for was taken, and counts in what follows. */
  readonly taken: boolean
  /** How long a block lasts yet. */
  readonly blockedFor: number
  /** Until what was asked for fits; 0: it fits now. */
  readonly wait: number
  /** Units that count, or leases that are held. */
  readonly used: number
  /** Until nothing counts any more. */
  readonly ends: number
}

const EMPTY: Pick<LimitRecord, "marks" | "leases"> = { marks: [], leases: [] }

/** The record as it counts now; a new one where there is none, or one of another algorithm. */
export function settle(record: LimitRecord | null, { algorithm, limit }: Rule, now: number): LimitRecord {
  const { marks, leases } = record?.algorithm === algorithm ? record : EMPTY
  const blockedUntil = record?.blockedUntil ?? 0
  if (algorithm === "concurrency") return { algorithm, blockedUntil, marks, leases: settleLeases(leases, limit, now) }
  return { algorithm, blockedUntil, marks: ALGORITHMS[algorithm].settle(marks, limit, now), leases }
}

/** Judges a settled record. @param id whose lease is asked for; `null`: a new one */
export function judge(record: LimitRecord, { limit }: Rule, now: number, cost: number, id: string | null = null): Judgement {
  const { algorithm, marks, leases } = record
  const blockedFor = Math.max(0, record.blockedUntil - now)
  if (algorithm === "concurrency")
    return { at: now, taken: false, blockedFor, wait: waitForLease(leases, limit, now, id), used: leases.length, ends: leasesEnd(leases, now) }
  const { wait, used, ends } = ALGORITHMS[algorithm]
  return { at: now, taken: false, blockedFor, wait: wait(marks, limit, now, cost), used: used(marks, limit, now), ends: ends(marks, limit, now) }
}

/** Whether a record says that something counts for longer than it can, since the clock was set back. @param judged the settled record */
export function liesAhead(record: LimitRecord | null, { algorithm, limit }: Rule, judged: Judgement): boolean {
  if (record?.algorithm !== algorithm) return false
  const { at, ends } = judged
  return ends < (algorithm === "concurrency" ? leasesEnd(record.leases, at) : ALGORITHMS[algorithm].ends(record.marks, limit, at))
}

export function fits({ blockedFor, wait }: Pick<Judgement, "blockedFor" | "wait">): boolean {
  return blockedFor === 0 && wait === 0
}
