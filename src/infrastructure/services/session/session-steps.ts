import type { ThoroughProgress } from "../../../domain/interfaces/session/ISessionService.js"
import type { SessionRecord, StepResult } from "../../../domain/session/record.js"
import type { Handle } from "../../../domain/session/ticket.js"
import type { StepOptions } from "../CallStep.js"

/** What an insertion came to. `ended`: this very session was made by an earlier copy of the call, and is gone again. */
export type Inserted =
  | { readonly status: "created"; readonly record: SessionRecord; readonly evicted: readonly Handle[] }
  | { readonly status: "full" | "ended" }

/** A session that was read, and what became of writing this access down. */
export type Access = { readonly record: SessionRecord } & ({ readonly written: StepResult } | { readonly failed: unknown })

/** What a removal came to. `isDurable` is missing where nobody asked for it. */
export type Removed =
  | { readonly status: "done" | "missing" | "wrong-secret"; readonly isDurable?: boolean | undefined }
  /** The version is another one than asked for, and nothing was ended. */
  | { readonly status: "clash"; readonly version: number }

/** A page of a user's records, newest first; `next` names where the following page begins. */
export interface Page {
  readonly records: readonly SessionRecord[]
  /** Those whose records cannot be read, which must not hide the others. */
  readonly unreadable: readonly Handle[]
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
  /** Whether sessions are looked for that no list names, and how. */
  readonly thorough: ThoroughWalk | null
  readonly onEnded: (handle: Handle) => void
}

/** A walk over keys. */
export interface ThoroughWalk {
  /** Keys per second on each server at most. */
  readonly rate: number
  readonly onProgress: ((progress: ThoroughProgress) => void) | undefined
  /** Aborted when the service is closed: a long walk must not keep it. */
  readonly ending: AbortSignal
}
