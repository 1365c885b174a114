// npm run test:mutants: takes rules out of the code, one at a time, in a copy of the project, and expects a test to go red.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { parseArgs } from "node:util"
import { offerHelp } from "../help.mjs"
import { MUTANTS } from "./rules.mjs"

const ROOT = join(import.meta.dirname, "../..")
const COPIED = ["src", "service", "scripts", "package.json", "tsconfig.json", "tsconfig.build.json", "vitest.config.ts"]
const MINUTES = 5
const ENDS_WITHIN_MS = 5_000

offerHelp(`npm run test:mutants [-- WORD …] [-- --json FILE]

Takes protective rules out of the code, one at a time, in a copy of the project, and expects a test to go red. The last line is "killed / total".
About half a minute for each of the ${MUTANTS.length} mutants; Ctrl-C ends it and leaves nothing behind.

  WORD         only mutants whose rule holds one of these words
  --json FILE  writes what became of each, too
  --help       shows this`)

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: "string" } } })
const chosen = MUTANTS.filter(({ rule }) => positionals.length === 0 || positionals.some((word) => rule.includes(word)))
const copy = mkdtempSync(join(tmpdir(), "coatcheck-mutants-"))
let child

// The project itself is never changed, so whoever stops this finds it as it was; what runs on the copy goes with the copy.
process.on("exit", () => {
  killGroup("SIGKILL")
  rmSync(copy, { recursive: true, force: true, maxRetries: 3 })
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    killGroup("SIGTERM")
    setTimeout(() => process.exit(130), ENDS_WITHIN_MS)
    child?.once("close", () => process.exit(130))
    if (child === undefined) process.exit(130)
  })
}

for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true })
symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"))
mkdirSync(join(copy, "docs"), { recursive: true })

function killGroup(signal) {
  try {
    if (child?.pid !== undefined) process.kill(-child.pid, signal)
  } catch {}
}

async function run(command, args) {
  const env = { ...process.env, COATCHECK_MUTANTS: "1" }
  child = spawn(command, args, { cwd: copy, env, detached: true, stdio: ["ignore", "pipe", "pipe"] })
  const late = setTimeout(() => killGroup("SIGKILL"), MINUTES * 60_000)
  const ended = once(child, "close")
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await ended
  clearTimeout(late)
  const status = child.exitCode
  child = undefined
  return { status, output: stdout + stderr }
}

/** How the named tests end: with the names of those that failed, or with a reason why nothing can be said. */
async function test({ tests, only }) {
  const report = join(copy, "report.json")
  rmSync(report, { force: true })
  // The tests read the sources, so only the scripts have to be built.
  const built = await run(process.execPath, ["scripts/build-lua.mjs"])
  if (built.status !== 0) return { broken: `does not build: ${built.output.split("\n")[0]}` }
  await run("npx", ["--no-install", "vitest", "run", ...tests, "--reporter=json", `--outputFile.json=${report}`, ...(only ? ["-t", only] : [])])
  if (!existsSync(report)) return { broken: "vitest wrote no report" }
  const { numPassedTests, testResults } = JSON.parse(readFileSync(report, "utf8"))
  const failed = testResults.flatMap((file) => file.assertionResults).filter(({ status }) => status === "failed")
  // A file that does not load proves nothing about the rule.
  const unloaded = testResults.find((file) => file.status === "failed" && file.assertionResults.length === 0)
  if (unloaded) return { broken: `cannot load ${unloaded.name}` }
  return { passed: numPassedTests, failed: failed.map(({ fullName }) => fullName) }
}

function mutate({ file, from, to }) {
  const path = join(copy, file)
  const original = readFileSync(path, "utf8")
  if (original.split(from).length !== 2) throw new Error(`${file}: expected this text once: ${from}`)
  writeFileSync(
    path,
    original.replace(from, () => to),
  )
  return () => writeFileSync(path, original)
}

// Without any change the tests pass; otherwise a red test would say nothing.
const sound = new Map()
async function isSound(mutant) {
  const key = JSON.stringify([mutant.tests, mutant.only])
  if (!sound.has(key)) {
    const { passed = 0, failed = [], broken } = await test(mutant)
    sound.set(key, broken === undefined && failed.length === 0 && passed > 0)
    if (!sound.get(key)) console.log(`      the unchanged code fails: ${broken ?? failed[0] ?? "no test ran"}`)
  }
  return sound.get(key)
}

/** What becomes of one mutant: `killed` with the test that noticed, `survived`, `broken` where nothing can be said, `not judged` where the tests fail anyway. */
async function judge(mutant) {
  if (!(await isSound(mutant))) return { verdict: "not judged", by: "" }
  const restore = mutate(mutant)
  const { failed = [], broken } = await test(mutant)
  restore()
  if (failed.length > 0) return { verdict: "killed", by: failed[0] }
  return broken ? { verdict: "broken", by: broken } : { verdict: "survived", by: "" }
}

const results = []
for (const [at, mutant] of chosen.entries()) {
  const started = performance.now()
  console.log(`[${at + 1}/${chosen.length}] ${mutant.rule}`)
  const { verdict, by } = await judge(mutant)
  const seconds = (performance.now() - started) / 1000
  results.push({ rule: mutant.rule, verdict, by, seconds })
  console.log(`      ${verdict === "killed" ? "killed by" : verdict.toUpperCase()}${by === "" ? "" : ` "${by}"`} (${seconds.toFixed(0)} s)`)
}
const killed = results.filter(({ verdict }) => verdict === "killed").length
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ killed, total: chosen.length, mutants: results }, null, 2)}\n`)
console.log(`${killed} / ${chosen.length}`)
process.exitCode = killed === chosen.length && killed > 0 ? 0 : 1
