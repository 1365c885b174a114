import { checkHistory } from "../histories/check-history.js"
import { type HistoryLine, NANOSECONDS, UNBOUNDED_OPS } from "../histories/history-line.js"
import { allowForSecondCopies } from "../histories/second-copies.js"
import type { Violation } from "../histories/violation.js"
import { allowOlderReads } from "../near/older-reads.js"
import type { Calm } from "./broken-in-calm.js"
import type { Standstills } from "./Standstills.js"

export interface LoadFinding {
  readonly operations: number
  readonly failed: number
  readonly unknown: number
  readonly violations: readonly Violation[]
  readonly undecided: readonly string[]
  /** Sessions of which something acknowledged was not there afterwards. */
  readonly lost: number
  /** Sessions that were found after their end had been acknowledged. */
  readonly revived: number
  /** Answers that said a record could not be read. */
  readonly partial: number
  readonly longestCallMs: number
  /** The longest call of those that have one deadline for all they do, without the time for which this process itself stood still: a busy machine is no fault of the service. */
  readonly longestOwnMs: number
  /** The longest time in which nothing was answered, in milliseconds. */
  readonly silenceMs: number
  /** For how long this process itself stood still at worst, in milliseconds. */
  readonly lateMs: number
  readonly lines: readonly HistoryLine[]
  /** The times in which nothing was done to the store, where the row told. */
  readonly calm: Calm | undefined
  readonly closes: readonly number[]
}

const SEARCH_MS = 10_000
const LOSSES: readonly Violation["rule"][] = ["V1", "V2", "V3", "V6", "V7"]

interface Circumstances {
  /** Of the process that wrote the history. */
  readonly standstills?: Pick<Standstills, "within" | "longest">
  /** When the fault itself ended sessions. */
  readonly ends?: readonly HistoryLine[]
  readonly calm?: Calm | undefined
  /** See `allowForSecondCopies`. */
  readonly closes?: readonly number[]
  /** Of the service's near-cache, in milliseconds; `null` where it has none. */
  readonly leaseMs?: number | null
}

/** Judges a history that a fault ran through. */
export function judge(lines: readonly HistoryLine[], { standstills, ends = [], calm, closes = [], leaseMs = null }: Circumstances = {}): LoadFinding {
  const { violations, undecided } = checkHistory([...allowForSecondCopies(allowOlderReads(lines, leaseMs), closes), ...ends], SEARCH_MS)
  const subjects = (rules: readonly Violation["rule"][]): number =>
    new Set(violations.filter(({ rule }) => rules.includes(rule)).map((one) => one.subject)).size
  return {
    operations: lines.length,
    unknown: lines.filter(({ outcome }) => outcome === "unknown").length,
    failed: lines.filter(({ outcome }) => outcome === "fail").length,
    violations,
    undecided,
    lost: subjects(LOSSES),
    revived: subjects(["V5"]),
    partial: lines.filter(({ value }) => value.code === "ERR_SESSION_CORRUPT").length,
    longestCallMs: longest(lines, () => 0) / NANOSECONDS,
    longestOwnMs:
      longest(
        lines.filter(({ op }) => !UNBOUNDED_OPS.has(op)),
        ({ call, settled }) => standstills?.within(call, settled) ?? 0,
      ) / NANOSECONDS,
    silenceMs: longestSilence(lines) / NANOSECONDS,
    lateMs: (standstills?.longest ?? 0) / NANOSECONDS,
    lines,
    calm,
    closes,
  }
}

function longest(lines: readonly HistoryLine[], excused: (line: HistoryLine) => number): number {
  return lines.reduce((most, line) => (line.settled - line.call <= most ? most : Math.max(most, line.settled - line.call - excused(line))), 0)
}

function longestSilence(lines: readonly HistoryLine[]): number {
  const answers = lines.filter(({ outcome }) => outcome === "ok").map(({ settled }) => settled)
  answers.sort((a, b) => a - b)
  return answers.reduce((longest, at, i) => Math.max(longest, at - (answers[i - 1] ?? at)), 0)
}
