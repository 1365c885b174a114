import { runFaults } from "./faults/run-faults.js"
import { type HistorySettings, runHistories } from "./histories/run-histories.js"
import type { LayerReport } from "./layer.js"

export interface Layer {
  readonly name: string
  /** What it does, for the help and for the head of its table. */
  readonly about: string
  run(settings: HistorySettings): Promise<LayerReport>
}

/** What is run, in this order. */
export const LAYERS: readonly Layer[] = [
  { name: "histories", about: "calls from four processes on real servers, every answer checked", run: runHistories },
  { name: "faults", about: "what happens to servers, networks, clocks and processes, brought about on purpose", run: runFaults },
]
