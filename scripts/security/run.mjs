// npm run security: runs the tests that the rows name, and prints what each row comes to: requirement, tests, result.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { judge, testFiles } from "./judge.mjs"
import { modesOf } from "./modes.mjs"
import { renderPage } from "./page.mjs"
import { comparison, countLine, matrix, summary, timings } from "./print.mjs"
import { CONTROLS } from "./rows/controls.mjs"
import { PEERS } from "./rows/peers.mjs"
import { SECTIONS } from "./rows.mjs"
import { CANCELLED, runTests } from "./run-tests.mjs"

const HELP = `npm run security [-- WORD …] [-- --OPTION …]

Runs the tests that the rows of scripts/security/rows name, first without and then with the near-cache on in every service on Redis. For each of these modes
it prints for each requirement and attack which tests show it and how they ended, how the library compares with others, how long answers to wrong tokens
take, and a summary. A row whose test is missing, skipped or red in one of them fails the command (exit code 1).

  WORD …           only rows whose id or text holds one of the words
  --near-cache     only with the near-cache
  --no-near-cache  only without it
  --json           prints one JSON document in place of the tables; progress goes to stderr as always
  --check          runs nothing; fails when docs/security.md is not what the rows say
  --write          runs nothing; writes docs/security.md
  --help           this text

It takes some minutes for each mode. Ctrl-C ends it with all servers that it started; the modes that ran whole are told (exit code 130).`

const ROOT = join(import.meta.dirname, "../..")
const PAGE = join(ROOT, "docs/security.md")

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean" },
    check: { type: "boolean" },
    write: { type: "boolean" },
    help: { type: "boolean" },
    "near-cache": { type: "boolean" },
    "no-near-cache": { type: "boolean" },
  },
})
if (values.help) console.log(HELP)
else if (values.write) writeFileSync(PAGE, renderPage(SECTIONS, CONTROLS, PEERS))
else if (values.check) checkPage()
else await runOrRefuse()

async function runOrRefuse() {
  try {
    await run(modesOf(values))
  } catch (error) {
    console.error(`security: ${error.message}`)
    process.exitCode = 1
  }
}

function checkPage() {
  if (readFileSync(PAGE, "utf8") === renderPage(SECTIONS, CONTROLS, PEERS)) return
  console.error("docs/security.md is not current: run npm run security -- --write")
  process.exitCode = 1
}

async function run(modes) {
  const all = [...SECTIONS.flatMap(({ rows: ofSection }) => ofSection), ...CONTROLS]
  const holds = (word) => (row) => row.id === word || row.text.toLowerCase().includes(word.toLowerCase())
  const unknown = positionals.filter((word) => !all.some(holds(word)))
  if (unknown.length > 0) {
    console.error(`No row holds: ${unknown.join(", ")}`)
    process.exitCode = 1
    return
  }
  const rows = all.filter((row) => positionals.length === 0 || positionals.some((word) => holds(word)(row)))
  const done = []
  for (const [at, mode] of modes.entries()) {
    const outcome = await runIn(mode, { rows, at, of: modes.length })
    if (outcome === null) break
    done.push(outcome)
    if (!values.json) console.log(tablesOf(outcome))
  }
  const cancelled = done.length < modes.length
  const ok = !cancelled && done.every((outcome) => outcome.ok)
  if (values.json && done.length > 0) console.log(JSON.stringify({ ok, cancelled, modes: done.map(documentOf), peers: PEERS }, null, 2))
  // Its tables are far up by now.
  else if (done.length > 1) console.log(`\n${done.map(countLine).join("\n")}`)
  if (cancelled) console.error(`cancelled: ${done.length} of ${modes.length} modes ran whole`)
  process.exitCode = cancelled ? CANCELLED : ok ? 0 : 1
}

async function runIn(mode, { rows, at, of }) {
  const names = [...new Set(rows.flatMap(({ shown = [] }) => shown.map(([, name]) => name)))]
  const files = testFiles(rows)
  const place = { mode, before: at * files.length, of: of * files.length }
  const report = names.length === 0 ? { success: true, testResults: [] } : await runTests(ROOT, { files, names }, place)
  if (report === null) return null
  const judged = judge(rows, report, ROOT)
  const failed = judged.some(({ result }) => result === "FAILED")
  // A run that fails outside of its tests has shown nothing.
  const sound = report.success || failed
  return { mode, judged, sound, ok: sound && !failed, times: timings(report) }
}

function tablesOf(outcome) {
  const { mode } = outcome
  const { sections, controls } = parted(outcome)
  return [...sections.map((section) => matrix(section, mode)), comparison(controls, PEERS, mode), summary(outcome)].filter(Boolean).join("\n")
}

function documentOf(outcome) {
  const { mode, ok, times } = outcome
  return { mode, ok, ...parted(outcome), timings: times }
}

function parted({ judged }) {
  return {
    sections: SECTIONS.map((section) => ({ ...section, rows: judged.filter(({ id }) => section.rows.some((row) => row.id === id)) })),
    controls: judged.filter(({ id }) => CONTROLS.some((control) => control.id === id)),
  }
}
