/** A rule as the checkers know it. Spans are microseconds. */
export interface CheckedRule {
  readonly name: string
  readonly algorithm: "gcra" | "sliding-log" | "sliding-counter" | "fixed-window" | "concurrency"
  /** Units that fit at once, or leases. */
  readonly capacity: number
  /** The window, how long a lease lasts, or for GCRA after how long one unit comes back. */
  readonly period: number
}

/** What was asked of a rate limit, and what came of it. */
export interface LimitLine {
  readonly process: number
  readonly subject: string
  readonly rule: string
  readonly op: "take" | "give back" | "hold" | "release"
  /** Of what is taken or given back; 1 of leases. */
  readonly units: number
  /** Names the lease that is held or released. */
  readonly lease?: string
  /** Microseconds of the machine's monotonic clock, counted from the start of the run. */
  readonly call: number
  /** When the call ended for its caller. */
  readonly settled: number
  /** `done`: taken, given back, held or released. `untold`: done or not. */
  readonly answer: "done" | "denied" | "untold"
  /** Who said so. `null`: nobody, the call failed. */
  readonly judgedBy: "store" | "local" | "policy" | null
}

/** A line by the store's clock: it was judged in some microsecond from `from` to `to`. Without an end where nobody was told. */
export interface TimedLine extends LimitLine {
  readonly from: number
  readonly to: number
}

/** By how much a store's clock is ahead of the clock of the lines, in microseconds: surely between these two. */
export interface ClockOffset {
  readonly least: number
  readonly most: number
}

/** The lines by the store's clock, which counts whole microseconds. */
export function byStoreClock(lines: readonly LimitLine[], { least, most }: ClockOffset): readonly TimedLine[] {
  return lines.map((line) => ({
    ...line,
    from: Math.floor(line.call + least),
    to: line.answer === "untold" ? Number.POSITIVE_INFINITY : Math.ceil(line.settled + most),
  }))
}

/** What is known of a history beside its lines. */
export interface Circumstances {
  /** How often a call may have been carried out: twice where a client sends again by itself. Once unless it is told. */
  copiesOf?(line: LimitLine): number
  /** When the store may have lost what counted, or two servers may each have counted, by the store's clock. */
  readonly losses?: readonly Loss[]
}

interface Loss {
  readonly from: number
  readonly to: number
  /** How many units more that brings at most; as many as the formula says of its time unless it is told. */
  readonly units?: number
}

export function once(): number {
  return 1
}

/** L1 to L5, see docs/reliability.md. */
export interface LimitViolation {
  readonly rule: "L1" | "L2" | "L3" | "L4" | "L5"
  /** Subject and rule. */
  readonly subject: string
  readonly what: string
}

export function violationOf(rule: LimitViolation["rule"], { subject, rule: name }: Pick<LimitLine, "subject" | "rule">, what: string): LimitViolation {
  return { rule, subject: `${subject}, ${name}`, what }
}
