import type { GroupSettings } from "../group.js"
import { besideBaseline } from "../rounds/beside-baseline.js"
import type { ServerMeter } from "../server/ServerMeter.js"
import type { Board } from "./session-case.js"
import type { BoardFigures, MeasuredBoard } from "./session-table.js"

export interface SliceSize {
  readonly inFlight: readonly number[]
  readonly ms: number
}

/** Measures each board, as often as many are to be in flight; rows that were not asked for are left out. */
export async function measureBoards(
  boards: readonly Board[],
  meter: ServerMeter,
  { rounds, only, signal, onProgress, inFlight, ms }: GroupSettings & SliceSize,
): Promise<readonly MeasuredBoard[]> {
  const all: MeasuredBoard[] = []
  for (const board of boards) {
    const cases = board.cases.filter(({ name }) => name.includes(only))
    if (cases.length === 0) continue
    const measured: BoardFigures[] = []
    for (const count of board.inFlight ?? inFlight) {
      const tell = (text: string) => onProgress(`${board.baseline.name}, ${count} in flight: ${text}`)
      measured.push({ inFlight: count, rows: await besideBaseline(board.baseline, cases, { rounds, inFlight: count, ms, meter, signal, onProgress: tell }) })
    }
    all.push({ board: { ...board, cases }, measured })
  }
  return all
}
