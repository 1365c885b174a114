import { parseArgs } from "node:util"
import type { Scale } from "./layer.js"
import { DEFAULT_LAYERS, isEverything, LAYERS, type Layer } from "./layers.js"
import { NEAR_MODES, type NearMode, WITH_NEAR_CACHE, WITHOUT_NEAR_CACHE } from "./near/near-mode.js"
import { DEFECTS, type Defect } from "./workloads/defects.js"

export interface CommandLine {
  readonly help: boolean
  readonly scale: Scale
  readonly layers: readonly Layer[]
  readonly rows: readonly string[]
  readonly seed: number
  readonly operations: number
  /** Seeds to simulate, where it was said. */
  readonly seeds: number | undefined
  readonly json: string | undefined
  readonly defect: Defect | undefined
  readonly soakMinutes: number
  /** Without near-cache, with it, or both, one after the other. */
  readonly modes: readonly NearMode[]
}

/** What runs with a mistake built in. */
const DEFECTIVE = LAYERS.filter(({ takesDefects }) => takesDefects === true)
  .map(({ name }) => `--layer ${name}`)
  .join(" ")

/** What differs by a near-cache. */
const NEAR = LAYERS.filter(({ inBothModes }) => inBothModes === true)
  .map(({ name }) => name)
  .join(", ")

export const HELP = `Usage: npm run reliability -- [options]

Starts Redis and Valkey, calls the library on them from several processes, breaks servers, networks, clocks and processes, checks every answer, and
prints one table. Layers in which services may have a near-cache run twice: without, then with one in each service on Redis (files have none).
It needs one to two hours, ends all that it starts, and can be cancelled with Ctrl-C: what ran whole until then is printed.

  --quick            a little of everything, in about four minutes; of faults only those of near-caches run with one, the others without
  --layer NAME       only this layer; may be given several times:
${LAYERS.map(({ name, about }) => `                       ${name.padEnd(13)} ${about}`).join("\n")}
  --row NAME         only rows of this number or with this in their name; may be given several times, and each must name one
  --operations N     how many calls to check by histories, instead of 1 000 000
  --seed N           which calls to make; printed with every result, random without it
  --seeds N          how many seeds to simulate, from the first on; failures name the one to look at
  --near-cache       only with near-cache, and only layers that differ by it: ${NEAR}; reads may be older by its lease
  --no-near-cache    only without
  --json FILE        writes the result as JSON, too
  --soak MINUTES     only the soak, for so long in each mode; 480 before a release
  --defect NAME      builds a mistake into the service, to see it found; only with ${DEFECTIVE}:
                     ${DEFECTS.join(", ")}
  --help             this text

Exit code: 0 everything held, 1 something did not or was not decided, 2 it could not run, 130 cancelled with Ctrl-C.
Where the environment has CI, a row that cannot run on this machine counts as failed.
`

const ALL_OPERATIONS = 1_000_000
const QUICK_OPERATIONS = 20_000
const DEFAULT_SOAK_MINUTES = 30
const LEAST_SOAK_MINUTES = 0.1
const SEEDS = 2 ** 31

/** Reads the command line. @throws TypeError or RangeError with a message for whoever typed it */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      layer: { type: "string", multiple: true, default: [] },
      row: { type: "string", multiple: true, default: [] },
      operations: { type: "string" },
      seed: { type: "string" },
      seeds: { type: "string" },
      json: { type: "string" },
      soak: { type: "string" },
      "near-cache": { type: "boolean", default: false },
      "no-near-cache": { type: "boolean", default: false },
      defect: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  const { quick, operations, seed, seeds, json, defect, help, layer, row, soak } = values
  const modes = chosenModes(values["near-cache"], values["no-near-cache"])
  const layers = layersIn(modes, chosenLayers(layer, soak !== undefined))
  return {
    help,
    json,
    modes,
    scale: quick ? "quick" : "full",
    layers,
    soakMinutes: soak === undefined ? DEFAULT_SOAK_MINUTES : minutes(soak),
    rows: row,
    operations: operations === undefined ? (quick ? QUICK_OPERATIONS : ALL_OPERATIONS) : wholeNumber("--operations", operations, 1, 100_000_000),
    seeds: seeds === undefined ? undefined : wholeNumber("--seeds", seeds, 1, 10_000_000),
    seed: seed === undefined ? Math.floor(Math.random() * SEEDS) : wholeNumber("--seed", seed, 0, SEEDS - 1),
    defect: defect === undefined ? undefined : knownDefect(defect, layers),
  }
}

function minutes(text: string): number {
  const number = Number(text)
  if (!/^\d+(?:\.\d+)?$/.test(text) || number < LEAST_SOAK_MINUTES || number > 100_000)
    throw new RangeError(`Expected --soak to be minutes from ${LEAST_SOAK_MINUTES} to 100000, got "${text}"`)
  return number
}

function wholeNumber(name: string, text: string, lowest: number, highest: number): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < lowest || number > highest)
    throw new RangeError(`Expected ${name} to be a whole number from ${lowest} to ${highest}, got "${text}"`)
  return number
}

function chosenLayers(names: readonly string[], soak: boolean): readonly Layer[] {
  const wanted = soak && !names.includes("soak") ? [...names, "soak"] : names
  return wanted.length === 0 ? DEFAULT_LAYERS : wanted.map(knownLayer)
}

function chosenModes(near: boolean, noNear: boolean): readonly NearMode[] {
  if (near && noNear) throw new RangeError("Expected one of --near-cache and --no-near-cache, got both: leave both out for a run in both modes")
  return near ? [WITH_NEAR_CACHE] : noNear ? [WITHOUT_NEAR_CACHE] : NEAR_MODES
}

/** With near-cache alone only what differs by it is run; who names another layer is told, for nothing of it would be. */
function layersIn(modes: readonly NearMode[], layers: readonly Layer[]): readonly Layer[] {
  if (modes.includes(WITHOUT_NEAR_CACHE)) return layers
  if (isEverything(layers)) return layers.filter(({ inBothModes }) => inBothModes === true)
  const other = layers.find(({ inBothModes }) => inBothModes !== true)
  if (other !== undefined) throw new RangeError(`Expected --near-cache with ${NEAR}, got ${other.name}, which has no near-cache: leave --near-cache out`)
  return layers
}

function knownLayer(name: string): Layer {
  const layer = LAYERS.find((known) => known.name === name)
  if (layer === undefined) throw new RangeError(`Expected --layer to be one of ${LAYERS.map((known) => known.name).join(", ")}, got "${name}"`)
  return layer
}

function knownDefect(name: string, layers: readonly Layer[]): Defect {
  const defect = DEFECTS.find((known) => known === name)
  if (defect === undefined) throw new RangeError(`Expected --defect to be one of ${DEFECTS.join(", ")}, got "${name}"`)
  // Elsewhere nothing would be spoilt, and a run that passes would seem to have missed the mistake.
  const sound = layers.filter(({ takesDefects }) => takesDefects !== true)
  if (sound.length > 0)
    throw new RangeError(
      `Expected --defect with ${DEFECTIVE} alone, since no other layer is run with a mistake, got ${sound.map((one) => one.name).join(", ")}`,
    )
  return defect
}
