import { writeFile } from "node:fs/promises"
import { type CommandLine, HELP, readCommandLine } from "./command-line.js"
import { LAYERS } from "./layers.js"
import { formatReport, type LayerResult, makeReport } from "./report.js"

const CANCELLED = 130
const COULD_NOT_RUN = 2
const PROGRESS_EVERY_MS = 2_000

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const cancel = new AbortController()
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => cancel.abort(new Error("cancelled")))
  try {
    const commandLine = readCommandLine(args)
    if (commandLine.help) {
      process.stdout.write(HELP)
      return 0
    }
    return await run(commandLine, cancel.signal)
  } catch (error) {
    if (cancel.signal.aborted) {
      process.stderr.write("reliability: cancelled, servers ended\n")
      return CANCELLED
    }
    process.stderr.write(`reliability: ${error instanceof Error ? error.message : "failed"}\n`)
    return COULD_NOT_RUN
  }
}

async function run(commandLine: CommandLine, signal: AbortSignal): Promise<number> {
  const { scale, layers, rows, seed, operations, json, defect } = commandLine
  const began = performance.now()
  const settings = { seed, scale, rows, operations, defect, signal, onProgress: progressTo(process.stderr) }
  const results: LayerResult[] = []
  for (const { name, about, run: runLayer } of layers) {
    const layerBegan = performance.now()
    results.push({ layer: name, about, rows: await runLayer(settings), seconds: (performance.now() - layerBegan) / 1_000 })
  }
  // What was not asked for did not run, and is no reason to fail.
  const asked = rows.length === 0 ? results : results.filter((result) => result.rows.length > 0)
  const mustRunAll = process.env["CI"] !== undefined
  const report = makeReport(asked, { seed, seconds: (performance.now() - began) / 1_000, replay: replayOf(commandLine), mustRunAll })
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`)
  process.stdout.write(`${formatReport(report)}\n`)
  return report.passed ? 0 : 1
}

function replayOf({ scale, layers, rows, seed, operations, defect }: CommandLine): string {
  const chosen = [
    ...(scale === "quick" ? ["--quick"] : []),
    ...(layers.length === LAYERS.length ? [] : layers.map(({ name }) => `--layer ${name}`)),
    ...rows.map((row) => `--row ${JSON.stringify(row)}`),
    `--seed ${seed}`,
    `--operations ${operations}`,
    ...(defect === undefined ? [] : [`--defect ${defect}`]),
  ]
  return `npm run reliability -- ${chosen.join(" ")}`
}

function progressTo(stream: NodeJS.WritableStream): (text: string) => void {
  let last = Number.NEGATIVE_INFINITY
  return (text) => {
    if (performance.now() - last < PROGRESS_EVERY_MS) return
    last = performance.now()
    stream.write(`reliability: ${text}\n`)
  }
}
