import type { HistoryLine } from "./history-line.js"
import { linearize, type Verdict } from "./linearizability.js"
import { type SessionHistory, splitBySession } from "./session-histories.js"
import { ABSENT, nameState, neverChanges, type SessionOperation, type SessionState, step } from "./session-model.js"
import { checkVersions } from "./version-checker.js"
import type { Violation } from "./violation.js"

export interface HistoryReport {
  /** Calls that were made. */
  readonly operations: number
  /** Calls whose outcome the caller was not told. */
  readonly unknown: number
  /** Sessions whose history was searched. */
  readonly histories: number
  readonly violations: readonly Violation[]
  /** Sessions for which the search ran out of time. */
  readonly undecided: readonly string[]
}

const MODEL = { initial: ABSENT, step, name: nameState, neverChanges }
const SHOWN_OPERATIONS = 8

/** Puts a history through both checkers. @param timeMs for the search of each session */
export function checkHistory(lines: readonly HistoryLine[], timeMs: number): HistoryReport {
  const histories = splitBySession(lines)
  const violations: Violation[] = [...checkVersions(lines, histories)]
  const undecided: string[] = []
  for (const history of histories) {
    const verdict = searchSession(history, timeMs)
    if (verdict.verdict === "undecided") undecided.push(history.session)
    if (verdict.verdict === "violation") violations.push({ rule: "search", subject: history.session, what: explain(verdict, history.operations.length) })
  }
  return { operations: lines.length, unknown: lines.filter(({ outcome }) => outcome === "unknown").length, histories: histories.length, violations, undecided }
}

/** Searches one session's history for an order that explains every answer. */
export function searchSession(history: Pick<SessionHistory, "operations">, timeMs: number): Verdict<SessionOperation> {
  return linearize<SessionState, SessionOperation>(MODEL, history.operations, { timeMs })
}

/** The longest order that was found, its end at least, and what could not follow. */
export function explain(verdict: Verdict<SessionOperation> & { readonly verdict: "violation" | "undecided" }, length: number): string {
  const last = verdict.order.slice(-SHOWN_OPERATIONS).map(describeOperation)
  const stuck = verdict.stuck.slice(0, SHOWN_OPERATIONS).map(describeOperation)
  return [
    `the longest order that explains the answers has ${verdict.order.length} of ${length} operations; it ends with`,
    ...last.map((text) => `    ${text}`),
    "  and none of these can come next:",
    ...stuck.map((text) => `    ${text}`),
  ].join("\n")
}

function describeOperation({ kind, outcome, call, ret, secret, issued, seen, write, ifVersion }: SessionOperation): string {
  const details = { secret, issued, ifVersion, write, version: seen?.version, text: seen?.text }
  const shown = Object.entries(details).filter(([, value]) => value !== undefined)
  return `${microseconds(call)} to ${microseconds(ret)} µs: ${kind} ${outcome} ${shown.map(([name, value]) => `${name}=${value}`).join(" ")}`.trimEnd()
}

function microseconds(nanoseconds: number): string {
  return Number.isFinite(nanoseconds) ? (nanoseconds / 1_000).toFixed(1) : "never"
}
