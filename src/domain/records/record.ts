import { NO_OPERATIONS } from "../session/record.js"

/** The highest version: after it the count begins anew, since scripts keep nine digits. */
const LAST_VERSION = 999_999_999
/** Characters that name one change. */
const OPERATION_LENGTH = 6

/** What one save left: the text of a session, under the name of an id. */
export interface LiveRecord {
  /** 1, then one more for each save. */
  readonly version: number
  /** Names of the last four saves, the newest first: by them a save that arrives twice is known. */
  readonly operations: string
  /** JSON. */
  readonly text: string
}

/** A record that was ended. It is remembered for a while, so that no request that is under way brings it back. */
export const ENDED = "ended"
/** What lies under a name; `null`: nothing. */
export type Stored = LiveRecord | typeof ENDED | null

/** One save. */
export interface RecordWrite {
  /** The version that the caller has seen; `null`: it has seen none, and whatever is there is replaced, unless it has ended. */
  readonly expected: number | null
  /** 6 characters that name this save. */
  readonly operation: string
  readonly text: string
}

/**
 * What a save came to, and what is stored now. `missing`: the version that was seen is there no more, so the session ran out or was ended. `clash`:
 * another save came between.
 */
export type Saved =
  | { readonly status: "done"; readonly record: Pick<LiveRecord, "version" | "text"> }
  | { readonly status: "clash"; readonly record: LiveRecord }
  | { readonly status: "ended" | "missing" }

/** What a save makes of what is stored: `next` is stored when it is given. A save is never the way back of a record that is over. */
export function saveRecord(stored: Stored, write: RecordWrite): { readonly next: LiveRecord | null; readonly saved: Saved } {
  if (stored === ENDED) return { next: null, saved: { status: "ended" } }
  if (stored !== null && wasApplied(stored, write.operation)) return { next: null, saved: { status: "done", record: stored } }
  if (stored === null && write.expected !== null) return { next: null, saved: { status: "missing" } }
  if (stored !== null && write.expected !== null && write.expected !== stored.version) return { next: null, saved: { status: "clash", record: stored } }
  const version = ((stored?.version ?? 0) % LAST_VERSION) + 1
  const operations = (write.operation + (stored?.operations ?? NO_OPERATIONS)).slice(0, NO_OPERATIONS.length)
  const next = { version, operations, text: write.text }
  return { next, saved: { status: "done", record: next } }
}

/** Whether a save is among the last four of a record. */
export function wasApplied({ operations }: LiveRecord, operation: string): boolean {
  for (let at = 0; at < operations.length; at += OPERATION_LENGTH) if (operations.slice(at, at + OPERATION_LENGTH) === operation) return true
  return false
}
