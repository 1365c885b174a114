import { type HistoryLine, returned } from "./history-line.js"
import { lowerBound } from "./lower-bound.js"
import { lapsesFrom, type SessionOperation } from "./session-model.js"

/** What one session went through, in the order of the calls. */
export interface SessionHistory {
  readonly session: string
  readonly user: string | undefined
  readonly operations: readonly SessionOperation[]
}

/**
 * Takes a history of whole users apart into one history a session: what happens to one has no bearing on another, but for the limit. Of what was said
 * of a user's sessions together, a session's history has only what can decide something about it, so that it grows with the session's own length.
 */
export function splitBySession(lines: readonly HistoryLine[]): SessionHistory[] {
  const own = groupBySession(lines)
  const calls = userCalls(lines)
  const sighted = sightings(lines, own)
  return [...own].map(([session, { user, operations }]) => {
    const all = [...operations, ...(sighted.get(session) ?? [])]
    const shared = user === undefined ? [] : unnamed(session, all, calls.get(user))
    return { session, user, operations: [...all, ...shared, ...lapses(all)].sort((a, b) => a.call - b.call) }
  })
}

/**
 * What lists, delete-alls and creations that nobody was told of say of a session without naming it. That it is not there before anybody asked for it
 * says nothing, and is most of what lists say. After its end was acknowledged, or after it was found missing, the same holds: no session comes back.
 */
function unnamed(session: string, operations: readonly SessionOperation[], calls: UserCalls | undefined): SessionOperation[] {
  const creation = operations.find(({ kind }) => kind === "create")
  const created = creation?.call ?? 0
  const createdBy = creation?.outcome === "ok" ? creation.ret : Number.POSITIVE_INFINITY
  const ends = operations.filter(({ kind, outcome, wasLive }) => outcome === "ok" && (kind === "delete" || wasLive === true))
  let over = ends.reduce((first, { ret }) => (ret > created ? Math.min(first, ret) : first), Number.POSITIVE_INFINITY)
  let missed = Number.POSITIVE_INFINITY
  const found: SessionOperation[] = []
  for (const line of calls?.from(created) ?? []) {
    const { op, call, value } = line
    const ret = returned(line)
    if (call > over) break
    const sure = line.outcome === "ok"
    if (op !== "list") {
      found.push({ call, ret, kind: "end", outcome: sure ? "ok" : "unknown" })
      if (sure && createdBy < call) over = Math.min(over, ret)
    } else if (call <= missed && !(value.listed ?? []).some((seen) => seen.session === session)) {
      found.push({ call, ret, kind: "read", outcome: "none", seen: undefined })
      if (createdBy < call) missed = Math.min(missed, ret)
    }
  }
  return found
}

/** Secrets that may have lapsed: only where somebody showed one so late, for else it is one more thing to be placed, and decides nothing. */
export function lapses(operations: readonly SessionOperation[]): SessionOperation[] {
  return operations.flatMap(({ kind, call, grace, secret }): SessionOperation[] => {
    const from = lapsesFrom(call)
    const isShown = kind === "rotate" && grace === true && operations.some((later) => later.secret === secret && later.ret > from)
    return isShown ? [{ kind: "lapse", outcome: "unknown", secret, call: from, ret: Number.POSITIVE_INFINITY }] : []
  })
}

function groupBySession(lines: readonly HistoryLine[]): Map<string, { user: string | undefined; operations: SessionOperation[] }> {
  const sessions = new Map<string, { user: string | undefined; operations: SessionOperation[] }>()
  const of = (session: string): { user: string | undefined; operations: SessionOperation[] } => {
    const known = sessions.get(session) ?? { user: undefined, operations: [] }
    sessions.set(session, known)
    return known
  }
  for (const line of lines) {
    const session = line.args.session ?? line.value.seen?.session
    if (session === undefined) continue
    const operation = asSessionOperation(line)
    const known = of(session)
    if (operation !== undefined) known.operations.push(operation)
    if (line.op === "create" && line.args.user !== undefined) known.user = line.args.user
  }
  return sessions
}

/** The calls of a user that concern every session of the user, named or not. */
class UserCalls {
  readonly #calls: readonly HistoryLine[]
  /** Of each call and all before it the last return, but for those that never returned. */
  readonly #lastReturn: readonly number[]
  readonly #neverReturned: readonly HistoryLine[]

  constructor(calls: readonly HistoryLine[]) {
    this.#calls = [...calls].sort((a, b) => a.call - b.call)
    this.#neverReturned = this.#calls.filter(({ ret }) => ret === null)
    let last = 0
    this.#lastReturn = this.#calls.map(({ ret }) => {
      last = Math.max(last, ret ?? 0)
      return last
    })
  }

  /** Those that had not returned at a time, in the order of their calls. */
  *from(time: number): Generator<HistoryLine> {
    let first = lowerBound(this.#calls.length, (i) => (this.#lastReturn[i] ?? 0) >= time)
    const start = this.#calls[first]?.call ?? Number.POSITIVE_INFINITY
    for (const line of this.#neverReturned) {
      if (line.call >= start) break
      yield line
    }
    while (this.#calls[first - 1]?.call === start) first -= 1
    for (let i = first; i < this.#calls.length; i++) {
      const line = this.#calls[i] as HistoryLine
      if (returned(line) >= time) yield line
    }
  }
}

function userCalls(lines: readonly HistoryLine[]): Map<string, UserCalls> {
  const users = new Map<string, HistoryLine[]>()
  for (const line of lines) {
    const { op, outcome, args } = line
    const unknown = outcome === "unknown"
    const concerns = (op === "list" && outcome === "ok") || (op === "deleteAll" && (unknown || outcome === "ok")) || (op === "create" && unknown)
    if (args.user === undefined || !concerns) continue
    const known = users.get(args.user)
    if (known === undefined) users.set(args.user, [line])
    else known.push(line)
  }
  return new Map([...users].map(([user, calls]) => [user, new UserCalls(calls)]))
}

// A session that stands twice in a list is two sightings. What another user's list holds is no sighting.
function sightings(lines: readonly HistoryLine[], own: ReadonlyMap<string, { readonly user: string | undefined }>): Map<string, SessionOperation[]> {
  const of = new Map<string, SessionOperation[]>()
  const add = (user: string | undefined, session: string, operation: SessionOperation): void => {
    if (user === undefined || own.get(session)?.user !== user) return
    const known = of.get(session)
    if (known === undefined) of.set(session, [operation])
    else known.push(operation)
  }
  for (const line of lines) {
    if (line.outcome !== "ok") continue
    const times = { call: line.call, ret: returned(line) }
    if (line.op === "list") for (const seen of line.value.listed ?? []) add(line.args.user, seen.session, { ...times, kind: "read", outcome: "ok", seen })
    if (line.op === "create")
      for (const session of line.value.evicted ?? []) add(line.args.user, session, { ...times, kind: "end", outcome: "ok", wasLive: true })
  }
  return of
}

/** What a line says of the one session that it is about; `undefined` when that is nothing. */
export function asSessionOperation(line: HistoryLine): SessionOperation | undefined {
  const { op, args, call, value } = line
  if (line.outcome === "fail" || line.outcome === "full") return undefined
  const unknown = line.outcome === "unknown"
  const known = value.seen === null || value.ended === false ? "none" : "ok"
  const outcome = unknown ? "unknown" : line.outcome === "conflict" ? "conflict" : known
  const base = { call, ret: returned(line), outcome, secret: args.secret, seen: value.seen ?? undefined } as const
  switch (op) {
    case "create":
      return { ...base, kind: "create", secret: undefined, issued: value.secret, write: args.write }
    case "get":
    case "extend":
      return unknown ? undefined : { ...base, kind: "read" }
    case "update":
      return { ...base, kind: "update", write: args.write, ifVersion: args.ifVersion }
    case "rotate":
      return { ...base, kind: "rotate", issued: value.secret, grace: args.grace }
    case "delete":
      return { ...base, kind: "delete", bestEffort: args.bestEffort }
    default:
      return undefined
  }
}
