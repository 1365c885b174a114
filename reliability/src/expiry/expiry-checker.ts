/** One call on one session, between two looks at the server's own clock, in milliseconds. */
export interface ExpiryLine {
  /** `access` moves the idle deadline, `look` does not. */
  readonly kind: "create" | "access" | "look"
  readonly from: number
  readonly to: number
  readonly found: boolean
}

export interface ExpiryTimes {
  readonly idleMs: number
  readonly absoluteMs: number
  /** How old the last access that was written down may be; a session may be found for so long after its idle deadline. */
  readonly touchMs: number
}

export type ExpiryRule = "ended early" | "found too late" | "found after its absolute deadline" | "came back"

export interface ExpiryViolation {
  readonly rule: ExpiryRule
  readonly what: string
}

export interface ExpiryFinding {
  readonly violations: readonly ExpiryViolation[]
  /** Found when it would have been over without its accesses. */
  readonly kept: number
  readonly endedIdle: number
  readonly endedAbsolute: number
}

/** Clocks are read in whole milliseconds. */
const ROUNDING_MS = 1

/**
 * Judges what was answered about one session, in the order of the calls. Each call took effect somewhere between the two looks at the clock, so
 * only what no instant in between explains is a violation.
 */
export function checkExpiry(lines: readonly ExpiryLine[], { idleMs, absoluteMs, touchMs }: ExpiryTimes): ExpiryFinding {
  const [created, ...rest] = lines
  const violations: ExpiryViolation[] = []
  const counts = { kept: 0, endedIdle: 0, endedAbsolute: 0 }
  if (created === undefined || created.kind !== "create") return { violations, ...counts }
  let last: Pick<ExpiryLine, "from" | "to"> = created
  let gone = false
  for (const line of rest) {
    const report = (rule: ExpiryRule, deadline: number): void => {
      violations.push({ rule, what: `a ${line.kind} from ${line.from.toFixed(3)} to ${line.to.toFixed(3)}, with a deadline of ${deadline.toFixed(3)}` })
    }
    if (line.found) {
      if (gone) report("came back", last.to)
      if (line.from >= created.to + absoluteMs) report("found after its absolute deadline", created.to + absoluteMs)
      else if (line.from > last.to + idleMs + touchMs + ROUNDING_MS) report("found too late", last.to + idleMs + touchMs)
      if (line.from > created.to + idleMs + touchMs) counts.kept += 1
      if (line.kind === "access") last = line
    } else if (!gone) {
      gone = true
      // The absolute deadline is counted from a whole millisecond, and in the last one before it a touch leaves nothing to live for.
      const absolutely = created.from + absoluteMs - (line.kind === "access" ? 2 : 1) * ROUNDING_MS
      const surelyUntil = Math.min(last.from + idleMs, absolutely)
      if (line.to < surelyUntil) report("ended early", surelyUntil)
      else if (line.to < absolutely) counts.endedIdle += 1
      else if (line.from < last.to + idleMs) counts.endedAbsolute += 1
    }
  }
  return { violations, ...counts }
}
