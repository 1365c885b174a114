import { lowerBound } from "../histories/lower-bound.js"
import { type CheckedRule, type Circumstances, type LimitViolation, type TimedLine, violationOf } from "./limit-line.js"

/** A lease: surely held from `surelyFrom` to `surelyTo`, and perhaps from `perhapsFrom` to `perhapsTo`. */
interface Span {
  readonly line: TimedLine
  readonly surelyFrom: number
  readonly surelyTo: number
  readonly perhapsFrom: number
  readonly perhapsTo: number
}

/**
 * L4: at no instant were more leases surely held than the limit: each from its answer until its release was asked for, or its time was over. L5: a lease that was
 * denied, though at no instant within the call as many as the limit may have been held: each from the moment that it was asked for until its release had been
 * answered, or its time was surely over.
 *
 * @param lines of one rule of one subject
 */
export function checkLeases(rule: CheckedRule, lines: readonly TimedLine[], { losses = [] }: Circumstances = {}): LimitViolation[] {
  const { capacity, period } = rule
  const released = new Map(lines.filter(({ op }) => op === "release").map((line) => [line.lease, line]))
  const held = lines.filter(({ op, answer }) => op === "hold" && answer !== "denied").map((line) => spanOf(line, released.get(line.lease), period))
  const denied = lines.filter(({ op, answer, judgedBy }) => op === "hold" && answer === "denied" && judgedBy === "store")
  return [
    ...mostHeld(held, (at) => capacity * (1 + losses.filter(({ from, to }) => from <= at && at <= to + period).length)),
    ...neverFull(held, denied, capacity),
  ]
}

function spanOf(line: TimedLine, released: TimedLine | undefined, period: number): Span {
  return {
    line,
    surelyFrom: line.answer === "done" && line.judgedBy === "store" ? line.to : Number.POSITIVE_INFINITY,
    surelyTo: Math.min(released?.from ?? Number.POSITIVE_INFINITY, line.from + period),
    perhapsFrom: line.from,
    perhapsTo: Math.min(released?.answer === "done" ? released.to : Number.POSITIVE_INFINITY, line.to + period),
  }
}

function mostHeld(held: readonly Span[], limitAt: (at: number) => number): LimitViolation[] {
  const changes = held
    .filter(({ surelyFrom, surelyTo }) => surelyFrom < surelyTo)
    .flatMap(({ line, surelyFrom, surelyTo }) => [
      { at: surelyFrom, by: 1, line },
      { at: surelyTo, by: -1, line },
    ])
  // Those that end at an instant need not have met those that begin at it.
  changes.sort((a, b) => a.at - b.at || a.by - b.by)
  let now = 0
  for (const { at, by, line } of changes) {
    now += by
    if (now > limitAt(at)) return [violationOf("L4", line, `${now} leases were held at one time, where at most ${limitAt(at)} may be`)]
  }
  return []
}

function neverFull(held: readonly Span[], denied: readonly TimedLine[], capacity: number): LimitViolation[] {
  const begun = held.map(({ perhapsFrom }) => perhapsFrom).sort((a, b) => a - b)
  const over = held.map(({ perhapsTo }) => perhapsTo).sort((a, b) => a - b)
  const begunBy = (at: number): number => lowerBound(begun.length, (place) => (begun[place] ?? 0) > at)
  const heldAt = (at: number): number => begunBy(at) - lowerBound(over.length, (place) => (over[place] ?? 0) >= at)
  return denied.flatMap((line) => {
    // More may be held only from an instant on at which one was asked for.
    const most = [line.from, ...begun.slice(begunBy(line.from), begunBy(line.to))].reduce((so, at) => Math.max(so, heldAt(at)), 0)
    if (most >= capacity) return []
    return [violationOf("L5", line, `a lease was denied although at most ${most} were held all the while, with a limit of ${capacity}`)]
  })
}
