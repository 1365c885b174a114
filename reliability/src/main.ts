import { constants } from "node:fs"
import { access, stat, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { type CommandLine, HELP, readCommandLine } from "./command-line.js"
import { isWanted } from "./layer.js"
import { isEverything, type Layer } from "./layers.js"
import { enterNearMode, NEAR_MODES, type NearMode, WITH_NEAR_CACHE } from "./near/near-mode.js"
import { isNearBrief, type Part, partsOf } from "./parts.js"
import { Progress } from "./progress.js"
import { formatReport, type LayerResult, makeReport } from "./report.js"
import { readVersions } from "./versions.js"

const CANCELLED = 130
const COULD_NOT_RUN = 2
/** For what is under way to end in order; then everything is ended outright. */
const ORDERLY_END_MS = 40_000

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const cancel = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(cancel))
  try {
    const commandLine = readCommandLine(args)
    if (commandLine.help) {
      process.stdout.write(HELP)
      return 0
    }
    const exitCode = await run(commandLine, cancel.signal)
    return cancel.signal.aborted ? cancelled() : exitCode
  } catch (error) {
    if (cancel.signal.aborted) return cancelled()
    process.stderr.write(`reliability: ${error instanceof Error ? error.message : "failed"}\n`)
    return COULD_NOT_RUN
  }
}

function cancelled(): number {
  process.stderr.write("reliability: cancelled, all that was started has ended\n")
  return CANCELLED
}

// Whoever asks twice does not want to wait for an orderly end.
function end(cancel: AbortController): void {
  if (cancel.signal.aborted) process.exit(CANCELLED)
  cancel.abort(new Error("cancelled"))
  setTimeout(() => process.exit(CANCELLED), ORDERLY_END_MS).unref()
}

async function run(commandLine: CommandLine, signal: AbortSignal): Promise<number> {
  const { scale, layers, rows, seed, json, defect } = commandLine
  if (json !== undefined) await mustTake(json)
  const began = performance.now()
  const parts = partsOf(commandLine)
  const results = await runParts(parts, commandLine, signal)
  // Of what was under way nothing is told, and of a run that got nowhere nothing at all.
  const cancelled = signal.aborted ? { ran: results.length, of: parts.length } : null
  if (cancelled?.ran === 0) return CANCELLED
  // What was not asked for did not run, and is no reason to fail; a mistake that was built in is looked for in the modes that it concerns.
  const mayBeEmpty = ({ layer }: LayerResult): boolean =>
    rows.length > 0 || (defect !== undefined && results.some((one) => one.layer === layer && one.rows.length > 0))
  const asked = results.filter((result) => result.rows.length > 0 || !mayBeEmpty(result))
  const mustRunAll = process.env.CI !== undefined
  const isNamed = (wanted: string): boolean => results.some((result) => result.rows.some((row) => isWanted(row.replayAs ?? row.name, { rows: [wanted] })))
  const unmatched = cancelled === null ? rows.filter((wanted) => !isNamed(wanted)) : []
  const replay = {
    all: replayOf(commandLine),
    row: ({ layer, mode }: { readonly layer: string; readonly mode: NearMode }, row: string): string => {
      const named = layerNamed(layers, layer)
      return replayOf({ ...commandLine, layers: [named], modes: named.inBothModes === true ? [mode] : NEAR_MODES, rows: [row] })
    },
  }
  const seconds = (performance.now() - began) / 1_000
  const report = makeReport(asked, { seed, scale, seconds, replay, mustRunAll, unmatched, cancelled, versions: readVersions() })
  process.stdout.write(`${formatReport(report)}\n`)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`)
  return report.passed ? 0 : 1
}

/** Runs one part after the other, until all are through or the signal ends it; what is given back ran whole. */
async function runParts(parts: readonly Part[], commandLine: CommandLine, signal: AbortSignal): Promise<readonly LayerResult[]> {
  const { scale, rows, seed, seeds, operations, defect, soakMinutes } = commandLine
  const progress = new Progress(process.stderr)
  const nearBriefly = isNearBrief(commandLine)
  const settings = { seed, seeds, scale, rows, operations, defect, soakMinutes, nearBriefly, signal, onProgress: (text: string) => progress.tell(text) }
  const results: LayerResult[] = []
  try {
    for (const [at, { layer, mode }] of parts.entries()) {
      signal.throwIfAborted()
      const { name, about, run: runLayer } = layer
      progress.enter({ at: at + 1, of: parts.length, name: `${name} ${mode}` })
      enterNearMode(mode)
      const partBegan = performance.now()
      const found = await runLayer({ ...settings, mode })
      signal.throwIfAborted()
      results.push({ layer: name, mode, about, rows: found, seconds: (performance.now() - partBegan) / 1_000 })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return results
}

/** Whoever waits for hours is not to learn at the end that the result cannot be written. */
async function mustTake(file: string): Promise<void> {
  const there = await stat(file).catch(() => undefined)
  if (there?.isDirectory() === true) throw new RangeError(`Expected --json to be a file, got a folder: "${file}"`)
  await access(there === undefined ? dirname(file) : file, constants.W_OK).catch(() => {
    throw new RangeError(`Expected --json to be a file that can be written, got "${file}"`)
  })
}

function layerNamed(layers: readonly Layer[], name: string): Layer {
  const layer = layers.find((one) => one.name === name)
  if (layer === undefined) throw new RangeError(`Expected a layer that ran, got ${name}`)
  return layer
}

function replayOf({ scale, layers, rows, seed, seeds, operations, defect, soakMinutes, modes }: CommandLine): string {
  const chosen = [
    ...(scale === "quick" ? ["--quick"] : []),
    ...(modes.length === NEAR_MODES.length ? [] : modes.map((mode) => (mode === WITH_NEAR_CACHE ? "--near-cache" : "--no-near-cache"))),
    ...(isEverything(layers) ? [] : layers.map(({ name }) => `--layer ${name}`)),
    ...(layers.some(({ onDemand }) => onDemand === true) ? [`--soak ${soakMinutes}`] : []),
    ...rows.map((row) => `--row ${JSON.stringify(row)}`),
    `--seed ${seed}`,
    ...(seeds === undefined ? [] : [`--seeds ${seeds}`]),
    ...(layers.some(({ countsOperations }) => countsOperations === true) ? [`--operations ${operations}`] : []),
    ...(defect === undefined ? [] : [`--defect ${defect}`]),
  ]
  return `npm run reliability -- ${chosen.join(" ")}`
}
