import type { CleanupReport, IdleAge } from "../interfaces/session/ISessionService.js"
import type { SessionRecord } from "./record.js"

/** What a cleanup has seen: sums, so that the steps of a run add up. */
export type SweepCounts = Omit<CleanupReport, "cursor">

export const EMPTY_SWEEP: SweepCounts = { scanned: 0, live: 0, idle: 0, orphaned: 0, pruned: 0, idleAges: { hour: 0, day: 0, week: 0, month: 0, older: 0 } }

export function addSweeps(a: SweepCounts, b: SweepCounts): SweepCounts {
  const { idleAges } = a
  return {
    scanned: a.scanned + b.scanned,
    live: a.live + b.live,
    idle: a.idle + b.idle,
    orphaned: a.orphaned + b.orphaned,
    pruned: a.pruned + b.pruned,
    idleAges: {
      hour: idleAges.hour + b.idleAges.hour,
      day: idleAges.day + b.idleAges.day,
      week: idleAges.week + b.idleAges.week,
      month: idleAges.month + b.idleAges.month,
      older: idleAges.older + b.idleAges.older,
    },
  }
}

const HOUR = 3_600_000

/** What a live session adds to a report. */
export function sweptLive(record: Pick<SessionRecord, "lastAccessedAt" | "idleTimeout">, now: number, orphaned: boolean): SweepCounts {
  const age = now - record.lastAccessedAt
  const band: IdleAge = age < HOUR ? "hour" : age < 24 * HOUR ? "day" : age < 168 * HOUR ? "week" : age < 720 * HOUR ? "month" : "older"
  return {
    ...EMPTY_SWEEP,
    scanned: 1,
    live: 1,
    idle: age > record.idleTimeout / 2 ? 1 : 0,
    orphaned: orphaned ? 1 : 0,
    idleAges: { ...EMPTY_SWEEP.idleAges, [band]: 1 },
  }
}

/** One step of a cleanup, or a part of it: what it saw, and where to go on. */
export interface SweepStep {
  readonly seen: SweepCounts
  /** Within a step where it began: to go over it again does no harm. `null` when all is seen. */
  readonly next: string | null
}
