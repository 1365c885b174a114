import type { CleanupReport, IdleAge } from "../../../domain/interfaces/session/ISessionService.js"
import type { SessionRecord } from "../../../domain/session/record.js"
import type { Handle } from "../../../domain/session/ticket.js"

/** Options of each step. */
export interface StepOptions {
  readonly signal?: AbortSignal | undefined
}

/** What an insertion came to. `ended`: this very session was made by an earlier copy of the call, and is gone again. */
export type Inserted =
  | { readonly status: "created"; readonly record: SessionRecord; readonly evicted: readonly Handle[] }
  | { readonly status: "full" | "ended" }

/** What a removal came to. */
export type Removed = { readonly status: "done" } | { readonly status: "missing" | "wrong-secret" }

/** A page of a user's records, newest first; `next` names where the following page begins. */
export interface Page {
  readonly records: readonly SessionRecord[]
  readonly next: Position | null
}
/** A place in a user's list: after this session. */
export interface Position {
  readonly createdMicros: number
  readonly id: string
}

export interface RemoveAllOptions extends StepOptions {
  /** The user id, for those steps that judge by the record. */
  readonly owner: string
  /** The handle of a session that stays. */
  readonly except: Handle | null
  readonly thorough: boolean
  readonly onEnded: (handle: Handle) => void
}

/** One step of a cleanup: what it saw, and where the next begins. */
export interface SweepStep {
  readonly seen: SweepCounts
  readonly next: string | null
}
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
