import { nameState, neverChanges, type SessionOperation, type SessionState, step as stepSession } from "./session-model.js"

/**
 * All sessions of one user, in the order of their creation, and for each call that ends them all the sessions that stood when it drew its line.
 *
 * A list and such a call look at the sessions one after the other, so each is taken apart: a list into one look a session, the end of all into
 * drawing the line, which happens at one instant, and then one end a session.
 */
export interface UserState {
  readonly sessions: ReadonlyMap<string, SessionState>
  readonly lines: ReadonlyMap<number, ReadonlySet<string>>
}

interface Times {
  readonly call: number
  /** Infinite while it may still take effect. */
  readonly ret: number
}

export type UserOperation = Times &
  (
    | {
        readonly kind: "create"
        readonly session: string
        readonly limit: number | undefined
        /** The sessions that it ended to make room. */
        readonly evicted: readonly string[]
        readonly operation: SessionOperation
      }
    | { readonly kind: "on one"; readonly session: string; readonly operation: SessionOperation }
    | { readonly kind: "draw line"; readonly endOfAll: number }
    | { readonly kind: "end one"; readonly endOfAll: number; readonly session: string }
  )

export const NO_SESSIONS: UserState = { sessions: new Map(), lines: new Map() }
const ABSENT: SessionState = { is: "absent" }
const ENDED: SessionState = { is: "ended" }

/** What an operation makes of a user's sessions; see `Model`. */
export function stepUser(state: UserState, operation: UserOperation): UserState | undefined {
  switch (operation.kind) {
    case "create":
      return create(state, operation)
    case "on one":
      return onOne(state, operation.session, stepSession(state.sessions.get(operation.session) ?? ABSENT, operation.operation))
    case "draw line":
      return { ...state, lines: new Map([...state.lines, [operation.endOfAll, new Set(alive(state))]]) }
    case "end one":
      return endOne(state, operation.endOfAll, operation.session)
  }
}

/** An end that finds its session spared or gone finds it so for ever; see `Model`. */
export function userNeverChanges(operation: UserOperation): boolean {
  return operation.kind === "end one" || (operation.kind === "on one" && neverChanges(operation.operation))
}

/** Tells states apart by text. */
export function nameUser({ sessions, lines }: UserState): string {
  const named = [...sessions].map(([session, state]) => `${session} ${nameState(state)}`)
  const drawn = [...lines].sort(([a], [b]) => a - b).map(([endOfAll, doomed]) => `${endOfAll}: ${[...doomed].join(" ")}`)
  return `${named.join("; ")}|${drawn.join("; ")}`
}

function alive({ sessions }: UserState): string[] {
  return [...sessions].filter(([, { is }]) => is === "live").map(([session]) => session)
}

// The limit ends the oldest, as many as needed and no more, in the same step.
function create(state: UserState, { session, limit, evicted, operation }: UserOperation & { kind: "create" }): UserState | undefined {
  const created = stepSession(state.sessions.get(session) ?? ABSENT, operation)
  if (created === undefined) return undefined
  const before = alive(state)
  const due = limit === undefined ? [] : before.slice(0, Math.max(0, before.length + 1 - limit))
  if (due.length !== evicted.length || due.some((one) => !evicted.includes(one))) return undefined
  const sessions = new Map(state.sessions)
  for (const one of due) sessions.set(one, ENDED)
  return { ...state, sessions: sessions.set(session, created) }
}

function onOne(state: UserState, session: string, next: SessionState | undefined): UserState | undefined {
  if (next === undefined || next === (state.sessions.get(session) ?? ABSENT)) return next === undefined ? undefined : state
  return { ...state, sessions: new Map(state.sessions).set(session, next) }
}

function endOne(state: UserState, endOfAll: number, session: string): UserState | undefined {
  const doomed = state.lines.get(endOfAll)
  if (doomed === undefined) return undefined
  return onOne(state, session, doomed.has(session) && state.sessions.get(session)?.is === "live" ? ENDED : (state.sessions.get(session) ?? ABSENT))
}
