import { type HistoryLine, returned, type Seen } from "./history-line.js"
import type { SessionOperation } from "./session-model.js"

/** What one session went through, in the order of the calls. */
export interface SessionHistory {
  readonly session: string
  readonly user: string | undefined
  readonly operations: readonly SessionOperation[]
}

/** Takes a history of whole users apart into one history a session: what happens to one has no bearing on another, but for the limit. */
export function splitBySession(lines: readonly HistoryLine[]): SessionHistory[] {
  const own = groupBySession(lines)
  const byUser = groupUserCalls(lines)
  return [...own].map(([session, { user, operations }]) => {
    const created = operations.find(({ kind }) => kind === "create")?.call ?? 0
    const ofUser = user === undefined ? [] : (byUser.get(user) ?? [])
    const shared = ofUser.flatMap((line) => seenBySession(line, session)).filter((operation) => !isBeforeItsTime(operation, created))
    return { session, user, operations: [...operations, ...shared].sort((a, b) => a.call - b.call) }
  })
}

// That a session is not there before anybody asked for it says nothing, and is most of what lists say.
function isBeforeItsTime({ ret, outcome, kind, wasLive }: SessionOperation, created: number): boolean {
  return ret < created && (outcome === "none" || (kind === "end" && wasLive !== true))
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

// A list, a delete-all and a creation that may evict concern every session of the user.
function groupUserCalls(lines: readonly HistoryLine[]): Map<string, HistoryLine[]> {
  const users = new Map<string, HistoryLine[]>()
  for (const line of lines) {
    const { user } = line.args
    if (user === undefined || !(line.op === "list" || line.op === "deleteAll" || line.op === "create")) continue
    const known = users.get(user)
    if (known === undefined) users.set(user, [line])
    else known.push(line)
  }
  return users
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

function seenBySession(line: HistoryLine, session: string): SessionOperation[] {
  const times = { call: line.call, ret: returned(line) }
  if (line.outcome === "fail" || line.outcome === "full" || line.outcome === "conflict") return []
  const unknown = line.outcome === "unknown"
  switch (line.op) {
    case "create":
      if (unknown) return [{ ...times, kind: "end", outcome: "unknown" }]
      return line.value.evicted?.includes(session) ? [{ ...times, kind: "end", outcome: "ok", wasLive: true }] : []
    case "deleteAll":
      return [{ ...times, kind: "end", outcome: unknown ? "unknown" : "ok" }]
    case "list":
      return unknown
        ? []
        : listed(line.value.listed ?? [], session).map((seen) => ({ ...times, kind: "read", outcome: seen === undefined ? "none" : "ok", seen }))
    default:
      return []
  }
}

// A session that stands twice in a list is two sightings; one that is missing is one of its absence.
function listed(page: readonly Seen[], session: string): readonly (Seen | undefined)[] {
  const sightings = page.filter((seen) => seen.session === session)
  return sightings.length === 0 ? [undefined] : sightings
}
