import type { GroupSettings } from "../group.js"
import { withMoreInFlight } from "../rounds/more-in-flight.js"
import type { ServerMeter } from "../server/ServerMeter.js"
import type { Board } from "./session-case.js"
import type { MeasuredBoard } from "./session-table.js"

export interface Part {
  readonly name: string
  readonly boards: readonly MeasuredBoard[]
}

/** For programs. */
export function figuresOf(parts: readonly Part[]): unknown {
  return parts.map(({ name, boards }) => ({ name, boards: boards.map(({ measured }) => measured) }))
}

export interface SliceSize {
  readonly inFlight: readonly number[]
  readonly ms: number
}

/** Measures each board, as often as many are to be in flight; rows that were not asked for are left out. */
export async function measureBoards(
  boards: readonly Board[],
  meter: ServerMeter,
  { rounds, quick, only, signal, onProgress, inFlight, ms }: GroupSettings & SliceSize,
): Promise<readonly MeasuredBoard[]> {
  const all: MeasuredBoard[] = []
  for (const board of boards) {
    const cases = board.cases.filter(({ name }) => name.includes(only))
    if (cases.length === 0) continue
    const tell = (text: string): void => onProgress(`${board.baseline.name}, ${text}`)
    const settings = { rounds, quick, ms, meter, signal, onProgress: tell }
    all.push({ board: { ...board, cases }, measured: await withMoreInFlight(board.baseline, cases, board.inFlight ?? inFlight, settings) })
  }
  return all
}
