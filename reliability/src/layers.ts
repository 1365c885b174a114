import { runDifferential } from "./differential/run-differential.js"
import { runFaults } from "./faults/run-faults.js"
import { type HistorySettings, runHistories } from "./histories/run-histories.js"
import type { LayerReport } from "./layer.js"
import { runMutants } from "./mutants/run-mutants.js"
import { runPeers } from "./peers/run-peers.js"
import { runSimulation, type SimulationSettings } from "./simulation/run-simulation.js"
import { runSoak, type SoakSettings } from "./soak/run-soak.js"
import { runSuites } from "./suites/run-suites.js"

export interface Layer {
  readonly name: string
  /** What it does, for the help and for the head of its table. */
  readonly about: string
  /** Runs only when it is named. */
  readonly onDemand?: boolean
  /** Whether it runs in both modes: services have a near-cache in one of them. Others run without, once. */
  readonly inBothModes?: boolean
  /** Whether `--operations` says how much it does. */
  readonly countsOperations?: boolean
  /** Whether `--defect` builds its mistake into what it runs. */
  readonly takesDefects?: boolean
  run(settings: HistorySettings & SimulationSettings & SoakSettings): Promise<LayerReport>
}

/** What is run, in this order. */
export const LAYERS: readonly Layer[] = [
  { name: "suites", about: "the library's own tests: contract, model, interleavings, bad input", inBothModes: true, run: runSuites },
  {
    name: "histories",
    about: "calls from four processes on real servers, every answer checked",
    inBothModes: true,
    countsOperations: true,
    takesDefects: true,
    run: runHistories,
  },
  { name: "simulation", about: "thousands of short runs in a simulated world, with its own clocks, network, server and faults", run: runSimulation },
  { name: "differential", about: "the simulation's scripts against the real ones, operation by operation", run: runDifferential },
  { name: "faults", about: "what happens to servers, networks, clocks and processes, brought about on purpose", inBothModes: true, run: runFaults },
  { name: "peers", about: "the same visits on this library and on express-session with connect-redis, counted alike", run: runPeers },
  { name: "mutants", about: "protective rules taken out of the code one by one, to see a test notice", run: runMutants },
  { name: "soak", about: "hours under load with a fault each minute: does anything grow?", onDemand: true, inBothModes: true, run: runSoak },
]

/** What runs when no layer is named. */
export const DEFAULT_LAYERS: readonly Layer[] = LAYERS.filter(({ onDemand }) => onDemand !== true)

export function isEverything(layers: readonly Layer[]): boolean {
  return layers.length === DEFAULT_LAYERS.length && layers.every((layer) => DEFAULT_LAYERS.includes(layer))
}
