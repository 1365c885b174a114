import { commandsOf } from "../limits/limit-table.js"
import { markdownTable, shown } from "../markdown.js"
import type { Compared } from "../rounds/beside-baseline.js"
import { verdictOf } from "../spread.js"
import type { Board, SessionCase } from "./session-case.js"

/** Rows of one board, with so many in flight. */
export interface BoardFigures {
  readonly inFlight: number
  readonly rows: readonly Compared[]
}

export interface MeasuredBoard {
  readonly board: Board
  readonly measured: readonly BoardFigures[]
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

function linesOf(measured: readonly BoardFigures[], inFlight: readonly number[]): readonly (readonly string[])[] {
  const told = measured.find((one) => one.inFlight === TOLD_IN_FLIGHT) ?? measured[0]
  const alone = measured.find((one) => one.inFlight === 1) ?? told
  return (told?.rows ?? []).map((row, place) => [
    place === 0 ? `**${row.name}**` : row.name,
    ...inFlight.map((count) => relation(measured.find((one) => one.inFlight === count)?.rows[place])),
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

function relation(row: Compared | undefined): string {
  return row === undefined ? "–" : shown(row.latency ?? row.share, 2)
}

/** One line for each figure that something is wanted of. */
export function wantedTable(boards: readonly MeasuredBoard[]): string {
  const lines = boards.flatMap(({ board, measured }) => board.cases.flatMap((one) => verdicts(one, measured)))
  return markdownTable(["wanted of", "figure", "in flight", "measured", "verdict"], lines)
}

function verdicts({ name, wanted = [] }: SessionCase, measured: readonly BoardFigures[]): readonly (readonly string[])[] {
  return wanted.flatMap(({ what, inFlight, figure, target }) => {
    const row = measured.find((one) => one.inFlight === inFlight)?.rows.find((one) => one.name === name)
    if (row === undefined) return []
    const spread = figure(row)
    return [[name, what, String(inFlight), shown(spread, spread.median >= 100 ? 0 : 3), verdictOf(spread, target)]]
  })
}
