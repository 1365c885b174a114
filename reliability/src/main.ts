import { constants } from "node:fs"
import { access, stat, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { type CommandLine, HELP, readCommandLine } from "./command-line.js"
import { isWanted } from "./layer.js"
import { DEFAULT_LAYERS, type Layer } from "./layers.js"
import { turnNearCacheOn } from "./near/near-mode.js"
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
    return await run(commandLine, cancel.signal)
  } catch (error) {
    if (cancel.signal.aborted) {
      process.stderr.write("reliability: cancelled, all that was started has ended\n")
      return CANCELLED
    }
    process.stderr.write(`reliability: ${error instanceof Error ? error.message : "failed"}\n`)
    return COULD_NOT_RUN
  }
}

// Whoever asks twice does not want to wait for an orderly end.
function end(cancel: AbortController): void {
  if (cancel.signal.aborted) process.exit(CANCELLED)
  cancel.abort(new Error("cancelled"))
  setTimeout(() => process.exit(CANCELLED), ORDERLY_END_MS).unref()
}

async function run(commandLine: CommandLine, signal: AbortSignal): Promise<number> {
  const { scale, layers, rows, seed, seeds, operations, json, defect, soakMinutes, nearCache } = commandLine
  if (json !== undefined) await mustTake(json)
  if (nearCache) turnNearCacheOn()
  const began = performance.now()
  const progress = new Progress(process.stderr)
  const settings = { seed, seeds, scale, rows, operations, defect, soakMinutes, signal, onProgress: (text: string) => progress.tell(text) }
  const results: LayerResult[] = []
  for (const [at, { name, about, run: runLayer }] of layers.entries()) {
    signal.throwIfAborted()
    progress.enter({ at: at + 1, of: layers.length, name })
    const layerBegan = performance.now()
    results.push({ layer: name, about, rows: await runLayer(settings), seconds: (performance.now() - layerBegan) / 1_000 })
  }
  signal.throwIfAborted()
  // What was not asked for did not run, and is no reason to fail.
  const asked = rows.length === 0 ? results : results.filter((result) => result.rows.length > 0)
  const mustRunAll = process.env.CI !== undefined
  const unmatched = rows.filter((wanted) => !results.some((result) => result.rows.some((row) => isWanted(row.replayAs ?? row.name, { rows: [wanted] }))))
  const replay = {
    all: replayOf(commandLine),
    row: (layer: string, row: string) => replayOf({ ...commandLine, layers: [layerNamed(layers, layer)], rows: [row] }),
  }
  const report = makeReport(asked, { seed, scale, seconds: (performance.now() - began) / 1_000, replay, mustRunAll, unmatched, versions: readVersions() })
  process.stdout.write(`${formatReport(report)}\n`)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`)
  return report.passed ? 0 : 1
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

function replayOf({ scale, layers, rows, seed, seeds, operations, defect, soakMinutes, nearCache }: CommandLine): string {
  const everything = layers.length === DEFAULT_LAYERS.length && layers.every((layer) => DEFAULT_LAYERS.includes(layer))
  const chosen = [
    ...(scale === "quick" ? ["--quick"] : []),
    ...(nearCache ? ["--near-cache"] : []),
    ...(everything ? [] : layers.map(({ name }) => `--layer ${name}`)),
    ...(layers.some(({ onDemand }) => onDemand === true) ? [`--soak ${soakMinutes}`] : []),
    ...rows.map((row) => `--row ${JSON.stringify(row)}`),
    `--seed ${seed}`,
    ...(seeds === undefined ? [] : [`--seeds ${seeds}`]),
    ...(layers.some(({ countsOperations }) => countsOperations === true) ? [`--operations ${operations}`] : []),
    ...(defect === undefined ? [] : [`--defect ${defect}`]),
  ]
  return `npm run reliability -- ${chosen.join(" ")}`
}
