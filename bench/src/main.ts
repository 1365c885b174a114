import { writeFile } from "node:fs/promises"
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import { GROUPS } from "./groups.js"
import { progressOn } from "./progress.js"

const HELP = `Usage: npm run bench -- [GROUP …] [--quick] [--rounds N] [--only TEXT] [--json FILE]

Measures side by side, on servers that it starts. It needs a machine that does nothing else. Without a name it runs all groups:

${Object.entries(GROUPS)
  .map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`)
  .join("\n")}

  --quick      3 short rounds: to see that it runs, too short to judge by
  --rounds N   rounds after the one that warms up, 3 to 1 000; 9 otherwise
  --only TEXT  only rows whose names have it in them
  --json FILE  writes the figures there, too
  --help       shows this
`

const CANCELLED = 130
const cancel = new AbortController()
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => cancel.abort(new Error("cancelled")))

process.exitCode = await main().catch((error: unknown) => {
  // What broke after Ctrl-C broke because of it.
  process.stderr.write(`bench: ${cancel.signal.aborted ? "cancelled" : error instanceof Error ? error.message : "failed"}\n`)
  return cancel.signal.aborted ? CANCELLED : 2
})

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      only: { type: "string", default: "" },
      json: { type: "string" },
      help: { type: "boolean", default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const { quick, only } = values
  const rounds = values.rounds === undefined ? (quick ? 3 : 9) : Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 3 || rounds > 1_000) throw new RangeError("Expected --rounds to be a whole number from 3 to 1000")
  const groups = chosen(positionals)
  const machine = `${cpus()[0]?.model ?? "?"}, ${cpus().length} cores, Node ${process.version}, ${process.platform}`
  const date = new Date().toISOString()
  process.stdout.write(`${date.slice(0, 10)}, ${machine}; ${rounds} rounds${quick ? ", --quick" : ""}; median (quartiles)\n`)
  const figures: Record<string, unknown> = {}
  for (const [name, group] of groups) {
    const tell = progressOn(process.stderr)
    const onText = (text: string): void => {
      tell("")
      process.stdout.write(`${text}\n\n`)
    }
    onText(`\n## ${name}: ${group.about}`)
    figures[name] = await group.run({ rounds, quick, only, signal: cancel.signal, onProgress: (text) => tell(`${name}: ${text}`), onText })
  }
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ date, machine, rounds, quick, groups: figures }, null, 2)}\n`)
  return 0
}

/** @throws RangeError for a name that no group has */
function chosen(names: readonly string[]) {
  const unknown = names.find((name) => !Object.hasOwn(GROUPS, name))
  if (unknown !== undefined) throw new RangeError(`Expected a group to be one of ${Object.keys(GROUPS).join(", ")}`)
  return Object.entries(GROUPS).filter(([name]) => names.length === 0 || names.includes(name))
}
