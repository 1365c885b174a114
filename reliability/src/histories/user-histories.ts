import { type HistoryLine, returned } from "./history-line.js"
import { linearize, type Verdict } from "./linearizability.js"
import { asSessionOperation, lapses } from "./session-histories.js"
import { NO_SESSIONS, nameUser, stepUser, type UserOperation, userNeverChanges } from "./user-model.js"
import type { Violation } from "./violation.js"

/** What one user's sessions went through together. */
export interface UserHistory {
  readonly user: string
  readonly sessions: readonly string[]
  readonly operations: readonly UserOperation[]
}

export interface UserReport {
  /** Users whose sessions were searched together. */
  readonly users: number
  /** Users who signed in and whose sessions were searched one by one alone. */
  readonly leftOut: number
  readonly violations: readonly Violation[]
  /** Users for whom the search ran out of time. */
  readonly undecided: readonly string[]
}

/** The search grows fast with the number of sessions. */
const MOST_SESSIONS = 8
const MODEL = { initial: NO_SESSIONS, step: stepUser, name: nameUser, neverChanges: userNeverChanges }
const SHOWN = 8

/**
 * Searches for one order that explains everything that was answered about all sessions of a user: limit, evictions, lists and the end of all included.
 * Users with one session are left out, because the search of that session decides as much.
 *
 * @param timeMs for each user
 */
export function checkUsers(lines: readonly HistoryLine[], timeMs: number): UserReport {
  const histories = splitByUser(lines)
  const violations: Violation[] = []
  const undecided: string[] = []
  for (const history of histories) {
    const verdict = searchUser(history, timeMs)
    if (verdict.verdict === "undecided") undecided.push(history.user)
    if (verdict.verdict === "violation") violations.push({ rule: "user search", subject: history.user, what: explainUser(verdict, history) })
  }
  const signedIn = new Set(lines.filter(({ op, outcome }) => op === "create" && outcome !== "fail").map(({ args }) => args.user))
  return { users: histories.length, leftOut: signedIn.size - histories.length, violations, undecided }
}

/** Searches one user's history. */
export function searchUser({ operations }: Pick<UserHistory, "operations">, timeMs: number): Verdict<UserOperation> {
  return linearize(MODEL, operations, { timeMs })
}

/** The users with two to eight sessions, all of whose creations were told. */
export function splitByUser(lines: readonly HistoryLine[]): UserHistory[] {
  const sessionsOf = new Map<string, string[]>()
  const userOf = new Map<string, string>()
  const untold = new Set<string>()
  for (const { op, args, outcome, value } of lines) {
    if (op !== "create" || args.user === undefined || outcome === "fail") continue
    const session = value.seen?.session
    if (outcome !== "ok" || session === undefined) untold.add(args.user)
    else {
      userOf.set(session, args.user)
      const known = sessionsOf.get(args.user)
      if (known === undefined) sessionsOf.set(args.user, [session])
      else known.push(session)
    }
  }
  const histories = new Map<string, { readonly user: string; readonly sessions: readonly string[]; readonly operations: UserOperation[] }>()
  for (const [user, sessions] of sessionsOf) {
    if (!untold.has(user) && sessions.length >= 2 && sessions.length <= MOST_SESSIONS) histories.set(user, { user, sessions, operations: [] })
  }
  for (const [number, line] of lines.entries()) {
    const user = line.args.user ?? userOf.get(line.args.session ?? "") ?? ""
    const history = histories.get(user)
    history?.operations.push(...takeApart(line, number, history.sessions))
  }
  for (const { sessions, operations } of histories.values()) for (const session of sessions) operations.push(...lapsesOf(session, operations))
  return [...histories.values()]
}

function lapsesOf(session: string, steps: readonly UserOperation[]): UserOperation[] {
  const own = steps.flatMap((one) => (one.kind === "on one" && one.session === session ? [one.operation] : []))
  return lapses(own).map((operation) => ({ call: operation.call, ret: operation.ret, kind: "on one", session, operation }))
}

function takeApart(line: HistoryLine, number: number, sessions: readonly string[]): UserOperation[] {
  const { op, args, outcome, value, call } = line
  const times = { call, ret: returned(line) }
  if (outcome === "fail") return []
  switch (op) {
    case "deleteAll":
      return [
        { ...times, kind: "draw line", endOfAll: number },
        ...sessions.map((session): UserOperation => ({ ...times, kind: "end one", endOfAll: number, session })),
      ]
    case "list":
      return outcome === "ok"
        ? sessions.map((session) =>
            look(
              session,
              value.listed?.find((seen) => seen.session === session),
              times,
            ),
          )
        : []
    default: {
      const operation = asSessionOperation(line)
      const session = args.session ?? value.seen?.session
      if (operation === undefined || session === undefined) return []
      if (op !== "create") return [{ ...times, kind: "on one", session, operation }]
      return [{ ...times, kind: "create", session, limit: args.limit, evicted: value.evicted ?? [], operation }]
    }
  }
}

function look(
  session: string,
  seen: NonNullable<HistoryLine["value"]["seen"]> | undefined,
  times: { readonly call: number; readonly ret: number },
): UserOperation {
  return { ...times, kind: "on one", session, operation: { ...times, kind: "read", outcome: seen === undefined ? "none" : "ok", seen } }
}

function explainUser(verdict: Verdict<UserOperation> & { readonly verdict: "violation" | "undecided" }, { operations }: UserHistory): string {
  return [
    `the longest order that explains the answers has ${verdict.order.length} of ${operations.length} steps; it ends with`,
    ...verdict.order.slice(-SHOWN).map((operation) => `    ${describeStep(operation)}`),
    "  and none of these can come next:",
    ...verdict.stuck.slice(0, SHOWN).map((operation) => `    ${describeStep(operation)}`),
  ].join("\n")
}

function describeStep(step: UserOperation): string {
  const times = `${(step.call / 1_000).toFixed(1)} to ${Number.isFinite(step.ret) ? (step.ret / 1_000).toFixed(1) : "never"} µs: `
  switch (step.kind) {
    case "create":
      return `${times}create ${step.session}, limit ${step.limit ?? "none"}, evicted ${step.evicted.join(" ") || "none"}`
    case "on one":
      return `${times}${step.operation.kind} ${step.operation.outcome} ${step.session} ${step.operation.seen?.version ?? ""}`.trimEnd()
    case "draw line":
      return `${times}end all (${step.endOfAll})`
    case "end one":
      return `${times}end ${step.session} of all (${step.endOfAll})`
  }
}
