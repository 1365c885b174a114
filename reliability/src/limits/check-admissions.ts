import { lowerBound } from "../histories/lower-bound.js"
import { isAligned, mostWithin } from "./formulas.js"
import { groupedBy } from "./grouped-by.js"
import { type CheckedRule, type Circumstances, type LimitViolation, once, type TimedLine, violationOf } from "./limit-line.js"

/**
 * L1: from any instant to any other, no more units were surely taken than the formula and what may have been given back meanwhile. Surely: asked for after the
 * first instant, and answered before the second. L2: the same for each window that begins at a multiple of its length, where the algorithm has such.
 *
 * @param lines of one rule of one subject
 */
export function checkAdmissions(rule: CheckedRule, lines: readonly TimedLine[], circumstances: Circumstances = {}): LimitViolation[] {
  const taken = takenFrom(lines)
  const first = taken[0]
  if (first === undefined) return []
  const moreWithin = allowances(rule, lines, circumstances)
  const worst = worstSpan(rule, taken, moreWithin)
  const spans =
    worst === undefined ? [] : [violationOf("L1", first, `${worst.units} units were taken within ${worst.span} µs, where at most ${worst.most} may be`)]
  return isAligned(rule) ? [...spans, ...alignedWindows(rule, taken, moreWithin)] : spans
}

/** By how many units the formula was exceeded at worst. */
export function mostBeyond(rule: CheckedRule, lines: readonly TimedLine[], circumstances: Circumstances = {}): number {
  const worst = worstSpan(rule, takenFrom(lines), allowances(rule, lines, circumstances))
  return worst === undefined ? 0 : worst.units - worst.most
}

function takenFrom(lines: readonly TimedLine[]): readonly TimedLine[] {
  return lines.filter(({ op, answer, judgedBy }) => op === "take" && answer === "done" && judgedBy === "store")
}

/** How many units more than the formula there may be between two instants: those that were given back, and what each loss brings. */
function allowances(rule: CheckedRule, lines: readonly TimedLine[], { copiesOf = once, losses = [] }: Circumstances): Within {
  const back = lines.filter(({ op }) => op === "give back").map((line) => ({ ...line, units: line.units * copiesOf(line) }))
  const [begunBy, overBefore] = [summed(back, ({ from }) => from), summed(back, ({ to }) => to)]
  const lostWithin = (from: number, to: number): number =>
    sum(
      losses
        .filter((loss) => loss.from <= to && loss.to >= from)
        .map((loss) => loss.units ?? mostWithin(rule, Math.min(to, loss.to) - Math.max(from, loss.from))),
    )
  return (from, to) => lostWithin(from, to) + begunBy(to + 1) - overBefore(from)
}

type Within = (from: number, to: number) => number

interface Span {
  readonly units: number
  readonly span: number
  readonly most: number
}

function worstSpan(rule: CheckedRule, taken: readonly TimedLine[], moreWithin: Within): Span | undefined {
  let worst: Span | undefined
  /** What was answered by now, the latest begun first. */
  const within: TimedLine[] = []
  for (const end of [...taken].sort((a, b) => a.to - b.to)) {
    within.splice(
      lowerBound(within.length, (at) => (within[at]?.from ?? 0) <= end.from),
      0,
      end,
    )
    let units = 0
    for (const { from, units: more } of within) {
      units += more
      const span = end.to - from
      const beyond = worst === undefined ? 0 : worst.units - worst.most
      if (units - mostWithin(rule, span) <= beyond) continue
      const most = mostWithin(rule, span) + moreWithin(from, end.to)
      if (units - most > beyond) worst = { units, span, most }
    }
  }
  return worst
}

function alignedWindows(rule: CheckedRule, taken: readonly TimedLine[], moreWithin: Within): LimitViolation[] {
  const { capacity, period } = rule
  const surelyIn = taken.filter(({ from, to }) => Math.floor(from / period) === Math.floor(to / period))
  const windows = groupedBy(surelyIn, ({ from }) => Math.floor(from / period))
  return [...windows].flatMap(([window, lines]) => {
    const [units, most] = [sumUnits(lines), capacity + moreWithin(window * period, (window + 1) * period)]
    const [first] = lines
    return units > most && first !== undefined ? [violationOf("L2", first, `${units} units were taken in one window, where at most ${most} may be`)] : []
  })
}

/** How many units those have that lie before an instant. */
function summed(lines: readonly TimedLine[], timeOf: (line: TimedLine) => number): (at: number) => number {
  const sorted = [...lines].sort((a, b) => timeOf(a) - timeOf(b))
  const sums = [0]
  for (const { units } of sorted) sums.push(units + (sums.at(-1) ?? 0))
  return (at) =>
    sums[
      lowerBound(sorted.length, (place) => {
        const line = sorted[place]
        return line !== undefined && timeOf(line) >= at
      })
    ] ?? 0
}

function sumUnits(lines: readonly TimedLine[]): number {
  return sum(lines.map(({ units }) => units))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
