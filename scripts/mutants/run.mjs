// npm run test:mutants: takes rules out of the code, one at a time, in a copy of the project, and expects a test to go red.
// The last line is "killed / total". Words as arguments run only the mutants whose rule holds one of them.
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { MUTANTS } from "./rules.mjs"

const ROOT = join(import.meta.dirname, "../..")
const COPIED = ["src", "scripts", "package.json", "tsconfig.json", "tsconfig.build.json", "vitest.config.ts"]
const MINUTES = 5

const chosen = MUTANTS.filter(({ rule }) => process.argv.length === 2 || process.argv.slice(2).some((word) => rule.includes(word)))
const copy = mkdtempSync(join(tmpdir(), "coatcheck-mutants-"))
process.on("exit", () => rmSync(copy, { recursive: true, force: true }))
process.on("SIGINT", () => process.exit(130))

for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true })
symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"))
mkdirSync(join(copy, "docs"), { recursive: true })

function run(command, args) {
  return spawnSync(command, args, { cwd: copy, encoding: "utf8", timeout: MINUTES * 60_000, env: { ...process.env, COATCHECK_MUTANTS: "1" } })
}

/** How the named tests end: with the names of those that failed, or with a reason why nothing can be said. */
function test({ tests, only }) {
  const report = join(copy, "report.json")
  rmSync(report, { force: true })
  const built = run("npm", ["run", "--silent", "build"])
  if (built.status !== 0) return { broken: `does not build: ${(built.stdout + built.stderr).split("\n")[0]}` }
  run("npx", ["--no-install", "vitest", "run", ...tests, "--reporter=json", `--outputFile.json=${report}`, ...(only ? ["-t", only] : [])])
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
function isSound(mutant) {
  const key = JSON.stringify([mutant.tests, mutant.only])
  if (!sound.has(key)) {
    const { passed = 0, failed = [], broken } = test(mutant)
    sound.set(key, broken === undefined && failed.length === 0 && passed > 0)
    if (!sound.get(key)) console.log(`      the unchanged code fails: ${broken ?? failed[0] ?? "no test ran"}`)
  }
  return sound.get(key)
}

let killed = 0
for (const [at, mutant] of chosen.entries()) {
  const started = performance.now()
  let verdict = "SURVIVED"
  if (isSound(mutant)) {
    const restore = mutate(mutant)
    const { failed = [], broken } = test(mutant)
    restore()
    if (failed.length > 0) {
      killed += 1
      verdict = `killed by "${failed[0]}"`
    } else if (broken) verdict = `BROKEN (${broken})`
  } else verdict = "NOT JUDGED"
  console.log(`[${at + 1}/${chosen.length}] ${mutant.rule}\n      ${verdict} (${((performance.now() - started) / 1000).toFixed(0)} s)`)
}
console.log(`${killed} / ${chosen.length}`)
process.exitCode = killed === chosen.length && killed > 0 ? 0 : 1
