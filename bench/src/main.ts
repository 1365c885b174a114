import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { chosenGroups, namesOfWhole } from "./chosen-groups.js"
import { GROUPS } from "./groups.js"
import { AwakeCores } from "./processes/AwakeCores.js"
import { progressOn } from "./progress.js"
import { isWorthKeeping } from "./results/results.js"
import { ResultsFolder } from "./results/results-folder.js"
import { told } from "./results/results-page.js"
import { minutesOf, runGroups } from "./results/run-groups.js"
import { runOf } from "./results/run-of.js"
import { targetSum } from "./targets/target-table.js"

const HELP = `Usage: npm run bench -- [GROUP …] [--quick] [--rounds N] [--only TEXT] [--out FOLDER]

Measures side by side, on servers that it starts. It needs a machine that does nothing else. Without a name it runs all groups:

${Object.entries(GROUPS)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join("\n")}

Results go to bench/RESULTS.md, bench/results.json and bench/charts, each group's as soon as it ended; what other groups said before stays there. Runs
that are too short or not whole (--quick, --only, fewer than 5 rounds) write nothing, but into a folder of your own.

  --quick       3 short rounds: to see that it runs, too short to judge by
  --rounds N    rounds after the one that warms up, 3 to 1 000; 7 otherwise
  --only TEXT   only rows whose names have it in them, as RESULTS.md tells them; leaves out groups that are measured as a whole
                (${namesOfWhole(GROUPS).join(", ")})
  --out FOLDER  writes RESULTS.md, results.json and charts there instead, whatever the run
  --help        shows this
`

const CANCELLED = 130
/** As of a program that the system ends when nobody reads on, such as after `head`. */
const UNREAD = 141
const cancel = new AbortController()
let isRead = true
for (const stream of [process.stdout, process.stderr])
  stream.on("error", ({ code }: NodeJS.ErrnoException) => {
    isRead &&= code !== "EPIPE"
    process.exitCode = isRead ? 2 : UNREAD
    cancel.abort(new Error(`cannot write what was measured (${code})`))
  })
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => cancel.abort(new Error("cancelled")))

process.exitCode = await main().catch((error: unknown) => {
  if (!isRead) return UNREAD
  // What broke after Ctrl-C broke because of it.
  process.stderr.write(`bench: ${cancel.signal.aborted ? "cancelled" : error instanceof Error ? error.message || error.name : "failed"}\n`)
  return cancel.signal.aborted ? CANCELLED : 2
})
// Servers and other processes have ended; a connection that was just being made would go on trying.
if (process.exitCode !== 0) process.exit()

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      only: { type: "string", default: "" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const { quick, only } = values
  const rounds = values.rounds === undefined ? (quick ? 3 : 7) : Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 3 || rounds > 1_000) throw new RangeError("Expected --rounds to be a whole number from 3 to 1000")
  const groups = chosenGroups(GROUPS, positionals, only)
  const run = runOf({ rounds, quick, awake: await AwakeCores.areThere() })
  const path = values.out ?? (isWorthKeeping({ quick, only, rounds }) ? fileURLToPath(new URL("..", import.meta.url)) : undefined)
  const folder = path === undefined ? undefined : new ResultsFolder(path, GROUPS)
  await folder?.prepare()
  process.stdout.write(`${told(run)}; median (quartiles)\n`)
  const minutes = Math.ceil(minutesOf(groups, { quick, rounds }))
  process.stderr.write(`About ${minutes} min. ${path === undefined ? "Nothing is written; --out FOLDER writes there." : `Results go to ${path}.`}\n`)
  const tell = progressOn(process.stderr)
  const onText = (text: string): void => {
    tell("")
    process.stdout.write(`${text}\n\n`)
  }
  const keep = async (...result: Parameters<ResultsFolder["keep"]>): Promise<void> => folder?.keep(...result)
  const onTook = (name: string, seconds: number): void => {
    tell("")
    process.stderr.write(`${name} took ${seconds.toFixed(0)} s\n`)
  }
  const findings = await runGroups(groups, { run, keep, rounds, quick, only, signal: cancel.signal, onProgress: tell, onText, onTook })
  onText(`Of all that is wanted: ${targetSum(findings)}${quick ? "; too short to judge by" : ""}.`)
  return 0
}
