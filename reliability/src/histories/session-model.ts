import { GRACE_MS, NANOSECONDS, type Seen } from "./history-line.js"

/** By how much the clock of a server that is set right may run ahead of a caller's in that time. */
const CLOCK_MS = 50

/** What a service with one session and one client at a time would do: the measure for every history. */
export type SessionState =
  | { readonly is: "absent" }
  | { readonly is: "live"; readonly version: number; readonly text: string; readonly secret: string; readonly previous: string | null }
  | { readonly is: "ended" }

export const ABSENT: SessionState = { is: "absent" }
const ENDED: SessionState = { is: "ended" }

/** A secret that was issued by an answer that never arrived: nobody can show it. */
export const UNSEEN_SECRET = "?"

/** One operation as one session sees it. A `lapse` is nobody's call: a secret's grace is over. */
export interface SessionOperation {
  readonly kind: "create" | "read" | "update" | "rotate" | "delete" | "end" | "lapse"
  readonly call: number
  /** Infinite while it may still take effect. */
  readonly ret: number
  /** `unknown`: it took effect or not. */
  readonly outcome: "ok" | "none" | "conflict" | "unknown"
  readonly secret?: string | undefined
  readonly issued?: string | undefined
  readonly write?: string | undefined
  readonly ifVersion?: number | undefined
  readonly grace?: boolean | undefined
  readonly seen?: Seen | undefined
  /** An `end` that answered that it ended this very session, as an eviction does. */
  readonly wasLive?: boolean | undefined
  /** A `delete` with which `none` says only that the session is gone. */
  readonly bestEffort?: boolean | undefined
}

/**
 * What an operation makes of a state.
 *
 * @returns the next state, or `undefined` when the answer could not have been given there; for an unknown outcome, the state if it took effect
 */
export function step(state: SessionState, operation: SessionOperation): SessionState | undefined {
  switch (operation.kind) {
    case "create":
      return state.is === "absent" ? created(operation) : undefined
    case "read":
      return read(state, operation)
    case "update":
      return update(state, operation)
    case "rotate":
      return rotate(state, operation)
    case "delete":
      return remove(state, operation)
    case "end":
      return end(state, operation)
    case "lapse":
      return lapse(state, operation)
  }
}

/** Whether an operation changes no state, whenever it took place. */
export function neverChanges({ kind, outcome }: SessionOperation): boolean {
  return kind === "read" || outcome === "none" || outcome === "conflict"
}

/**
 * From when on the secret that a rotation left in grace may no longer work, however late the rotation was made.
 *
 * @param call of the rotation, in nanoseconds
 */
export function lapsesFrom(call: number): number {
  return call + (GRACE_MS - CLOCK_MS) * NANOSECONDS
}

/** Tells states apart by text. */
export function nameState(state: SessionState): string {
  return state.is === "live" ? `live ${state.version} ${state.text} ${state.secret} ${state.previous ?? "-"}` : state.is
}

function created({ seen, write, issued }: SessionOperation): SessionState | undefined {
  if (seen !== undefined && (seen.version !== 1 || seen.text !== write)) return undefined
  return { is: "live", version: 1, text: write ?? "", secret: issued ?? UNSEEN_SECRET, previous: null }
}

function opens(state: SessionState, secret: string | undefined): state is SessionState & { is: "live" } {
  return state.is === "live" && (secret === undefined || secret === state.secret || secret === state.previous)
}

function shows(state: SessionState & { is: "live" }, seen: Seen | undefined): boolean {
  return seen === undefined || (seen.version === state.version && seen.text === state.text)
}

function read(state: SessionState, { secret, outcome, seen }: SessionOperation): SessionState | undefined {
  if (!opens(state, secret)) return outcome === "ok" ? undefined : state
  return outcome === "none" || !shows(state, seen) ? undefined : state
}

function update(state: SessionState, operation: SessionOperation): SessionState | undefined {
  const { secret, outcome, ifVersion, write = "", seen } = operation
  if (!opens(state, secret)) return outcome === "none" ? state : undefined
  const clashes = ifVersion !== undefined && ifVersion !== state.version
  if (outcome === "none") return undefined
  if (outcome === "conflict") return clashes ? state : undefined
  if (clashes) return undefined
  const next = { ...state, version: state.version + 1, text: write }
  return shows(next, seen) ? next : undefined
}

function rotate(state: SessionState, operation: SessionOperation): SessionState | undefined {
  const { secret, outcome, issued = UNSEEN_SECRET, grace, seen } = operation
  // Only the current secret may rotate; of two that do so side by side the loser is told, even where the winner left no grace.
  if (outcome === "conflict") return state.is === "live" && secret !== state.secret ? state : undefined
  if (!opens(state, secret)) return outcome === "none" ? state : undefined
  const current = secret === state.secret
  if (outcome === "none" || !current || !shows(state, seen)) return undefined
  return { ...state, secret: issued, previous: grace === true ? state.secret : null }
}

function remove(state: SessionState, { secret, outcome, bestEffort }: SessionOperation): SessionState | undefined {
  if (!opens(state, secret)) return outcome === "none" ? state : undefined
  return outcome === "none" && bestEffort !== true ? undefined : ENDED
}

function end(state: SessionState, { outcome, wasLive }: SessionOperation): SessionState | undefined {
  if (state.is === "live") return ENDED
  return wasLive === true || outcome === "unknown" ? undefined : state
}

function lapse(state: SessionState, { secret }: SessionOperation): SessionState | undefined {
  return state.is === "live" && state.previous === secret ? { ...state, previous: null } : undefined
}
