import { lowerBound } from "../histories/lower-bound.js"
import { type Count, newCount } from "./counts.js"
import { type CheckedRule, type Circumstances, type LimitViolation, once, type TimedLine, violationOf } from "./limit-line.js"

/** For so long a process may answer what it knows to be used up without hearing of what another process gave back, in microseconds. */
const REMEMBERED = 1_000_000

/** One thing that changes a count, and when it does so in the worst case. */
interface Change {
  readonly at: number
  readonly line: TimedLine
}

/**
 * L3: there was no instant within a denied call at which what was asked for need not have fitted. So that this accuses nobody wrongly, each instant is judged
 * by the worst case: everything taken came as late as it can have, what was given back came as early as it can have, and counts only when it surely had been
 * given back: before the call where the same process did it, a second before it where another one did.
 *
 * The worst case is one: of all algorithms, to take later or to give back earlier never makes more room.
 *
 * @param lines of one rule of one subject
 */
export function checkDenials(rule: CheckedRule, lines: readonly TimedLine[], { copiesOf = once }: Circumstances = {}): LimitViolation[] {
  const denied = lines.filter(({ op, answer, judgedBy }) => op === "take" && answer === "denied" && judgedBy === "store").sort((a, b) => a.from - b.from)
  const taken = lines.filter(({ op, answer }) => op === "take" && answer !== "denied").sort((a, b) => a.from - b.from)
  const back = lines.filter(({ op, answer }) => op === "give back" && answer === "done")
  const [longestTake, longestBack] = [longest(taken), longest(back)]
  const changes = [...taken.map((line) => ({ at: line.to, line })), ...back.map((line) => ({ at: line.from, line }))].sort(inOrder)
  // What lies so far back that all of it is certain is counted once for all.
  const certain = newCount(rule)
  let counted = 0
  return denied.flatMap((line) => {
    for (let next = changes[counted]; next !== undefined && next.at < line.from - REMEMBERED - longestBack; next = changes[counted]) {
      apply(certain, next.at, next.line, copiesOf)
      counted += 1
    }
    const instants = [line.from, ...begunWithin(taken, line)]
    const isExplained = instants.some((at) => !worstCase({ certain, counted, changes, taken, longestTake, copiesOf }, line, at).fits(at, line.units))
    return isExplained ? [] : [violationOf("L3", line, `${line.units} units were denied although they fitted all the while, from ${line.from} to ${line.to}`)]
  })
}

interface Known {
  readonly certain: Count
  readonly counted: number
  readonly changes: readonly Change[]
  readonly taken: readonly TimedLine[]
  readonly longestTake: number
  copiesOf(line: TimedLine): number
}

/** The fullest count that there can have been at an instant within a denied call. */
function worstCase({ certain, counted, changes, taken, longestTake, copiesOf }: Known, denied: TimedLine, at: number): Count {
  const count = certain.copy()
  for (let next = counted, change = changes[next]; change !== undefined && change.at <= at; change = changes[++next])
    if (change.line.op === "take" || isKnown(change.line, denied)) apply(count, change.at, change.line, copiesOf)
  // What was begun and not answered by then was done just now.
  for (const line of taken.slice(begunBy(taken, at - longestTake), begunBy(taken, at))) if (line.to > at) apply(count, at, line, copiesOf)
  return count
}

function longest(lines: readonly TimedLine[]): number {
  return lines.reduce((most, { from, to }) => Math.max(most, to - from), 0)
}

function isKnown(back: TimedLine, denied: TimedLine): boolean {
  return back.to < (back.process === denied.process ? denied.from : denied.from - REMEMBERED)
}

function apply(count: Count, at: number, line: TimedLine, copiesOf: Known["copiesOf"]): void {
  if (line.op === "take") count.take(at, line.units * copiesOf(line))
  else count.giveBack(at, line.units)
}

function begunWithin(taken: readonly TimedLine[], { from, to }: TimedLine): readonly number[] {
  return taken.slice(begunBy(taken, from), begunBy(taken, to)).map((line) => line.from)
}

/** How many of them were begun by then. @param taken in the order in which they were begun */
function begunBy(taken: readonly TimedLine[], at: number): number {
  return lowerBound(taken.length, (place) => (taken[place]?.from ?? 0) > at)
}

// At one instant what is given back comes first: it may then be worth nothing.
function inOrder(a: Change, b: Change): number {
  return a.at - b.at || Number(a.line.op === "take") - Number(b.line.op === "take")
}
