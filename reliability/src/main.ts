import { writeFile } from "node:fs/promises"
import { type CommandLine, HELP, readCommandLine } from "./command-line.js"
import { formatReport, makeReport } from "./report.js"
import { runReliability } from "./run-reliability.js"

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

async function run({ seed, operations, json, defect }: CommandLine, signal: AbortSignal): Promise<number> {
  const began = performance.now()
  const targets = await runReliability({ seed, operations, defect, signal, onProgress: progressTo(process.stderr) })
  const replay = `npm run reliability -- --seed ${seed} --operations ${operations}${defect === undefined ? "" : ` --defect ${defect}`}`
  const report = makeReport(targets, { seed, seconds: (performance.now() - began) / 1_000, replay })
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`)
  process.stdout.write(`${formatReport(report)}\n`)
  return report.passed ? 0 : 1
}

function progressTo(stream: NodeJS.WritableStream): (text: string) => void {
  let last = Number.NEGATIVE_INFINITY
  return (text) => {
    if (performance.now() - last < PROGRESS_EVERY_MS) return
    last = performance.now()
    stream.write(`reliability: ${text}\n`)
  }
}
