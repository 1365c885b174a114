import { writeFile } from "node:fs/promises"
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import { type Row, runHttp } from "./http/run-http.js"
import type { Spread } from "./spread.js"

const HELP = `Usage: npm run bench -- [--quick] [--rounds N] [--json FILE]

Measures what authentication adds to a request: Express, Fastify and node:http alone, with coatcheck, and with the session library that is common there,
side by side on one Redis that it starts. It needs a machine that does nothing else.

  --quick      3 rounds of 1 500 requests instead of 9 of 5 000
  --rounds N   rounds after the one that warms up, 3 to 1 000
  --json FILE  writes the figures there, too
  --help       shows this
`

const CANCELLED = 130
const cancel = new AbortController()
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => cancel.abort(new Error("cancelled")))

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : "failed"}\n`)
  return cancel.signal.aborted ? CANCELLED : 2
})

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { quick: { type: "boolean", default: false }, rounds: { type: "string" }, json: { type: "string" }, help: { type: "boolean", default: false } },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const rounds = values.rounds === undefined ? (values.quick ? 3 : 9) : Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 3 || rounds > 1_000) throw new RangeError("Expected --rounds to be a whole number from 3 to 1000")
  const requests = values.quick ? 1_500 : 5_000
  const rows = await runHttp({ rounds, requests, users: 200, connections: 32, signal: cancel.signal, onProgress: (text) => tell(text) })
  const machine = `${cpus()[0]?.model ?? "?"}, ${cpus().length} cores, Node ${process.version}, ${process.platform}`
  if (values.json !== undefined)
    await writeFile(values.json, `${JSON.stringify({ date: new Date().toISOString(), machine, rounds, requests, rows }, null, 2)}\n`)
  process.stdout.write(`${machine}; ${rounds} rounds of ${requests} requests, 32 connections, 200 users; median (quartiles)\n\n${table(rows)}\n`)
  return 0
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ application, cpu, added, share, verdicts }) =>
    [application, shown(cpu, 0), shown(added, 1), shown(share, 2), verdicts.join("; ") || "–"].join(" | "),
  )
  const head = ["application", "CPU µs a request", "added to the bare framework", "requests a second, of the bare framework's", "target"].join(" | ")
  return [head, "---|---|---|---|---", ...lines].map((line) => `| ${line} |`).join("\n")
}

function shown({ low, median, high }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`
}

function tell(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
  else process.stderr.write(`${text}\n`)
}
