import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { askChild } from "../ask-child.js"
import { isWanted, type LayerReport, type LayerSettings, type Scale } from "../layer.js"
import { UNDECIDED } from "./checks/Findings.js"
import { REGRESSION_SEEDS } from "./regressions.js"
import { addTallies, EMPTY_TALLY, neverSeen, type SimulationTask, type Tally } from "./tally.js"

export interface SimulationSettings extends Pick<LayerSettings, "seed" | "scale" | "rows" | "signal" | "onProgress"> {
  /** How many seeds, counted from the first; the scale's own number otherwise. */
  readonly seeds?: number | undefined
}

const ROW = "a simulated world"
const WORKER = fileURLToPath(new URL("worker.js", import.meta.url))
const PROCESSES = 2
const SEEDS: Readonly<Record<Scale, number>> = { full: 10_000, quick: 200 }
const SEEDS_A_TASK = 10
const SHOWN_SEEDS = 5
const HOUR_MS = 3_600_000
const LARGEST_SEED = 2 ** 31

/** Runs the library in simulated worlds, one a seed, in two processes. Ends whatever it starts. */
export async function runSimulation(settings: SimulationSettings): Promise<LayerReport> {
  if (!isWanted(ROW, settings)) return []
  const began = performance.now()
  const tally = await simulateAll(seedsOf(settings), settings)
  const unseen = neverSeen(tally)
  const undecided = tally.seen[UNDECIDED] ?? 0
  const why = [
    ...tally.failed
      .slice(0, SHOWN_SEEDS)
      .flatMap(({ seed, options, findings }) => [
        `npm run reliability -- --layer simulation --seed ${seed} --seeds 1`,
        `  ${options}`,
        ...findings.map(({ rule, what }) => `  ${rule}: ${what}`),
      ]),
    ...(tally.failed.length > SHOWN_SEEDS ? [`… and ${tally.failed.length - SHOWN_SEEDS} seeds more`] : []),
    ...unseen.map((name) => `expected ${name} among ${tally.seeds} seeds, got none`),
    ...(undecided > 0 ? [`${undecided} histories could not be decided in time, under the seeds ${tally.undecided.slice(0, SHOWN_SEEDS).join(", ")}`] : []),
  ]
  return [
    {
      name: ROW,
      where: "in memory",
      verdict: why.length === 0 ? "passed" : "failed",
      figures: {
        seeds: tally.seeds,
        "seeds that failed": tally.failed.length,
        "calls checked": tally.calls,
        "calls a second": Math.round(tally.calls / ((performance.now() - began) / 1_000)),
        "simulated hours": Number((tally.virtualMs / HOUR_MS).toFixed(2)),
        undecided,
        ...Object.fromEntries(Object.entries(tally.seen).sort(([a], [b]) => (a < b ? -1 : 1))),
      },
      summary: {
        "operations checked": tally.calls,
        violations: tally.failed.reduce((sum, { findings }) => sum + findings.length, 0),
        undecided,
        "simulated runs": tally.seeds,
        "simulated hours": tally.virtualMs / HOUR_MS,
      },
      why,
    },
  ]
}

function seedsOf({ seed, scale, seeds = SEEDS[scale] }: SimulationSettings): readonly number[] {
  const chosen = Array.from({ length: seeds }, (_, at) => (seed + at) % LARGEST_SEED)
  // Whoever looks into one seed wants that one.
  return seeds === 1 ? chosen : [...REGRESSION_SEEDS, ...chosen]
}

async function simulateAll(seeds: readonly number[], { signal, onProgress }: SimulationSettings): Promise<Tally> {
  let tally = EMPTY_TALLY
  let next = 0
  const workers = Array.from({ length: Math.min(PROCESSES, Math.ceil(seeds.length / SEEDS_A_TASK)) }, () => fork(WORKER))
  const stop = (): void => workers.forEach(end)
  signal.addEventListener("abort", stop)
  try {
    await Promise.all(
      workers.map(async (worker) => {
        while (next < seeds.length && !signal.aborted) {
          const task = seeds.slice(next, next + SEEDS_A_TASK)
          next += task.length
          const part = await ask(worker, { seeds: task })
          tally = addTallies(tally, part)
          onProgress(`simulation: ${tally.seeds} of ${seeds.length} seeds, ${tally.failed.length} failed`)
        }
      }),
    )
    signal.throwIfAborted()
    return tally
  } finally {
    signal.removeEventListener("abort", stop)
    stop()
  }
}

async function ask(worker: ChildProcess, task: SimulationTask): Promise<Tally> {
  const answer = await askChild<{ readonly tally?: Tally; readonly error?: string }>(worker, task, "the simulation's process")
  if (answer.tally === undefined) throw new Error(`Expected a simulated seed to end, got ${answer.error}`)
  return answer.tally
}

function end(worker: ChildProcess): void {
  worker.kill("SIGKILL")
}
