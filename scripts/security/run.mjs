// npm run security: runs the tests that the rows name, and prints what each row comes to: requirement, tests, result.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { judge, testFiles } from "./judge.mjs"
import { renderPage } from "./page.mjs"
import { comparison, matrix, summary, timings } from "./print.mjs"
import { CONTROLS } from "./rows/controls.mjs"
import { PEERS } from "./rows/peers.mjs"
import { SECTIONS } from "./rows.mjs"
import { runTests } from "./run-tests.mjs"

const HELP = `npm run security [-- WORD …] [-- --OPTION …]

Runs the tests that the rows of scripts/security/rows name, and prints for each requirement and attack which tests show it and how they ended, how the
library compares with others, and how long answers to wrong tokens take. A row whose test is missing, skipped or red fails the command (exit code 1).

  WORD …        only rows whose id or text holds one of the words
  --near-cache  runs the tests with the near-cache on in every service on Redis
  --json        prints one JSON document in place of the tables; progress goes to stderr as always
  --check       runs nothing; fails when docs/security.md is not what the rows say
  --write       runs nothing; writes docs/security.md
  --help        this text

It takes some minutes. Ctrl-C ends it with all servers that it started.`

const ROOT = join(import.meta.dirname, "../..")
const PAGE = join(ROOT, "docs/security.md")

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean" }, check: { type: "boolean" }, write: { type: "boolean" }, help: { type: "boolean" }, "near-cache": { type: "boolean" } },
})
// The tests are processes of their own, which get these.
if (values["near-cache"]) process.env.COATCHECK_NEAR_CACHE = "1"
if (values.help) console.log(HELP)
else if (values.write) writeFileSync(PAGE, renderPage(SECTIONS, CONTROLS, PEERS))
else if (values.check) checkPage()
else await run()

function checkPage() {
  if (readFileSync(PAGE, "utf8") === renderPage(SECTIONS, CONTROLS, PEERS)) return
  console.error("docs/security.md is not current: run npm run security -- --write")
  process.exitCode = 1
}

async function run() {
  const all = [...SECTIONS.flatMap(({ rows: ofSection }) => ofSection), ...CONTROLS]
  const holds = (word) => (row) => row.id === word || row.text.toLowerCase().includes(word.toLowerCase())
  const unknown = positionals.filter((word) => !all.some(holds(word)))
  if (unknown.length > 0) {
    console.error(`No row holds: ${unknown.join(", ")}`)
    process.exitCode = 1
    return
  }
  const rows = all.filter((row) => positionals.length === 0 || positionals.some((word) => holds(word)(row)))
  const names = [...new Set(rows.flatMap(({ shown = [] }) => shown.map(([, name]) => name)))]
  const report = names.length === 0 ? { success: true, testResults: [] } : await runTests(ROOT, testFiles(rows), names)
  const judged = judge(rows, report, ROOT)
  const sections = SECTIONS.map((section) => ({ ...section, rows: judged.filter(({ id }) => section.rows.some((row) => row.id === id)) }))
  const controls = judged.filter(({ id }) => CONTROLS.some((control) => control.id === id))
  const failed = judged.filter(({ result }) => result === "FAILED")
  // A run that fails outside of its tests has shown nothing.
  const sound = report.success || failed.length > 0
  if (values.json) console.log(JSON.stringify({ ok: sound && failed.length === 0, sections, controls, peers: PEERS, timings: timings(report) }, null, 2))
  else console.log([...sections.map(matrix), comparison(controls, PEERS), summary(judged, timings(report), sound)].filter(Boolean).join("\n"))
  process.exitCode = sound && failed.length === 0 ? 0 : 1
}
