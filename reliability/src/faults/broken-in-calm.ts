import { checkHistory } from "../histories/check-history.js"
import type { HistoryLine } from "../histories/history-line.js"
import { allowForSecondCopies } from "../histories/second-copies.js"
import type { Violation } from "../histories/violation.js"

/** The times of a load in which nothing was done to the store, by the clock of its lines. */
export interface Calm {
  /** When something was done for the first time. */
  readonly until: number
  /** When the last of it was over. */
  readonly from: number
}

const SEARCH_MS = 10_000

/**
 * What is wrong in calm times, which no loss excuses: anything that was answered before the first fault, and any session that was opened after the last.
 * Calm times in which no sessions were ended prove nothing, so that is told as wrong too.
 *
 * @param closes - see `allowForSecondCopies`
 */
export function brokenInCalm(lines: readonly HistoryLine[], { until, from }: Calm, closes: readonly number[] = []): readonly string[] {
  const before = lines.filter(({ call }) => call < until).map((line) => (line.settled < until ? line : stillUnderWay(line)))
  const opened = new Set(
    lines.filter(({ op, call, outcome }) => op === "create" && call > from && outcome === "ok").map(({ value }) => value.seen?.session ?? ""),
  )
  const after = checkHistory(allowForSecondCopies(lines, closes), SEARCH_MS).violations.filter(({ subject }) => opened.has(subject))
  const ended = before.some(({ op, outcome }) => op === "delete" && outcome === "ok")
  return [
    ...checkHistory(before, SEARCH_MS).violations.map((one) => `before the fault: ${describe(one)}`),
    ...after.map((one) => `after the fault: ${describe(one)}`),
    ...(ended ? [] : ["Expected sessions to be ended before the fault, got none"]),
    ...(opened.size > 0 ? [] : ["Expected sessions to be opened after the fault, got none"]),
  ]
}

function describe({ rule, subject, what }: Violation): string {
  return `${rule}, ${subject}: ${what}`
}

// The fault may have come between a call and its answer.
function stillUnderWay(line: HistoryLine): HistoryLine {
  return { ...line, ret: null, outcome: "unknown", value: {} }
}
