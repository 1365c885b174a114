/** What one client asked of the service, and what came of it. Secrets are named by a digest, never written. */
export interface HistoryLine {
  readonly client: string
  readonly op: OperationName
  readonly args: OperationArgs
  /** Nanoseconds of the machine's monotonic clock, counted from the start of the run. */
  readonly call: number
  /** When the answer came, in the same measure; `null` when it never told what happened. */
  readonly ret: number | null
  /** When the call ended for its caller, with whatever outcome. */
  readonly settled: number
  readonly outcome: Outcome
  readonly value: Answer
}

export type OperationName = "create" | "get" | "update" | "extend" | "rotate" | "delete" | "deleteAll" | "list"

/** `ok`: the answer is in `value`. `conflict`, `full`: the service's own refusals. `fail`: surely not applied. `unknown`: perhaps applied. */
export type Outcome = "ok" | "conflict" | "full" | "fail" | "unknown"

/** In a millisecond: all times of histories are in nanoseconds. */
export const NANOSECONDS = 1_000_000

/** The longest grace that the service takes. */
export const GRACE_MS = 60_000

export interface OperationArgs {
  readonly session?: string
  readonly user?: string
  /** Names the secret that was shown. Without one, the call was made by handle, as an administrator. */
  readonly secret?: string
  /** The unique text that a create or update wrote. */
  readonly write?: string
  readonly ifVersion?: number
  /** Whether a rotation let the old secret work on, for `GRACE_MS`. */
  readonly grace?: boolean
  readonly limit?: number
  /** Whether a delete that ended the session may say that it did not, because its first reply was lost. */
  readonly bestEffort?: boolean
}

/** A session as it was seen. */
export interface Seen {
  readonly session: string
  readonly version: number
  readonly text: string
}

export interface Answer {
  /** The session that was answered; `null`: none. */
  readonly seen?: Seen | null
  /** Names the secret that a create or rotation issued. */
  readonly secret?: string
  readonly evicted?: readonly string[]
  /** Whether a delete ended the session. */
  readonly ended?: boolean
  /** How many sessions a delete-all ended. */
  readonly count?: number
  readonly listed?: readonly Seen[]
  /** The error's code, where there was one. */
  readonly code?: string
}

/** When an operation ended for whoever compares times: never, while it may still take effect. */
export function returned(line: { readonly ret: number | null }): number {
  return line.ret ?? Number.POSITIVE_INFINITY
}

/** Calls that may take as long as they need: a sign-out everywhere, each step of which has its deadline, and a list with all its pages. */
export const UNBOUNDED_OPS: ReadonlySet<HistoryLine["op"]> = new Set(["deleteAll", "list"])
