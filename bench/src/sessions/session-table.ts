import { commandsOf } from "../limits/limit-table.js"
import { markdownTable, shown } from "../markdown.js"
import { relationOf } from "../rounds/beside-baseline.js"
import type { InFlightFigures } from "../rounds/more-in-flight.js"
import type { Finding } from "../targets/target-table.js"
import { figureOf, type SessionCase } from "./session-case.js"

type Named = Pick<SessionCase, "name" | "wanted">

export interface MeasuredBoard {
  readonly board: { readonly baseline: Named; readonly cases: readonly Named[] }
  readonly measured: readonly InFlightFigures[]
}

/** Of these what else than shares is told. */
const TOLD_IN_FLIGHT = 64

/** One line a row, each board's baseline before what is held against it. */
export function sessionTable(boards: readonly MeasuredBoard[], inFlight: readonly number[]): string {
  const head = [
    "work",
    ...inFlight.map((count) => (count === 1 ? "p50 with 1 in flight" : `rate with ${count} in flight`)),
    "a second",
    "CPU µs",
    "Redis CPU µs",
    "commands",
  ]
  return markdownTable(
    head,
    boards.flatMap(({ measured }) => linesOf(measured, inFlight)),
  )
}

function linesOf(measured: readonly InFlightFigures[], inFlight: readonly number[]): readonly (readonly string[])[] {
  const told = measured.find((one) => one.inFlight === TOLD_IN_FLIGHT) ?? measured[0]
  const alone = measured.find((one) => one.inFlight === 1) ?? told
  return (told?.rows ?? []).map((row, place) => [
    place === 0 ? `**${row.name}**` : row.name,
    ...inFlight.map((count) => relation(measured, count, place)),
    perSecond(row.rate.median),
    row.cpu.median.toFixed(1),
    row.serverCpu.median.toFixed(1),
    // With more in flight several calls may share a command.
    commandsOf(alone?.rows[place] ?? row),
  ])
}

function perSecond(rate: number): string {
  return rate >= 10_000 ? `${Math.round(rate / 1_000)} k` : rate.toFixed(rate >= 100 ? 0 : 1)
}

/** What is told of one row with so many in flight, if it was measured with them. */
function relation(measured: readonly InFlightFigures[], inFlight: number, place: number): string {
  const row = measured.find((one) => one.inFlight === inFlight)?.rows[place]
  return row === undefined ? "–" : shown(relationOf(row, inFlight), 2)
}

/** What the targets are about, of what was measured. */
export function findingsOf(boards: readonly MeasuredBoard[]): readonly Finding[] {
  return boards.flatMap(({ board, measured }) =>
    board.cases.flatMap(({ name, wanted = [] }) =>
      wanted.flatMap((one) => {
        const row = measured.find(({ inFlight }) => inFlight === one.inFlight)?.rows.find((each) => each.name === name)
        return row === undefined ? [] : [{ target: one.target, measured: figureOf(row, one) }]
      }),
    ),
  )
}
