// npm test: servers, build, vitest, and the closing count. Names of further npm scripts as arguments are run after it and counted too.
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { closeWithCount, countOutput, countReport } from "./count-line.mjs"
import { offerHelp } from "./help.mjs"
import { countRows } from "./security/count-rows.mjs"

offerHelp(`npm test [-- SCRIPT …]

Prepares the servers, builds, and runs every test. The last line is "N passed, N failed". Names of further npm scripts are run after the tests and counted,
too. One file alone: npx vitest run FILE, after npm run build.`)

const REPORT = ".cache/tests/report.json"

process.exitCode = closeWithCount([...testCounts(), ...process.argv.slice(2).map(countScript)])

function testCounts() {
  for (const step of ["servers", "build", "build:service", "build:reliability", "build:bench"]) {
    if (run("npm", ["run", "--silent", step]) !== 0) return [failedStep(`npm run ${step} failed: no test ran`)]
  }
  // An old report must not stand in for a run that wrote none.
  rmSync(REPORT, { force: true })
  const exitCode = run("npx", ["--no-install", "vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`])
  if (!existsSync(REPORT)) return [failedStep(`vitest wrote no report (exit code ${exitCode})`)]
  const report = JSON.parse(readFileSync(REPORT, "utf8"))
  const count = countReport(report)
  if (exitCode !== 0 && count.failed === 0) return [count, failedStep(`vitest: exit code ${exitCode}`)]
  return [count, countRows(report, join(import.meta.dirname, ".."))]
}

function countScript(name) {
  const { status, stdout } = spawnSync("npm", ["run", "--silent", name], { encoding: "utf8", stdio: ["inherit", "pipe", "inherit"] })
  process.stdout.write(stdout)
  return countOutput(name, stdout, status ?? 1)
}

function failedStep(complaint) {
  return { passed: 0, failed: 1, complaints: [complaint] }
}

function run(command, args) {
  return spawnSync(command, args, { stdio: "inherit" }).status ?? 1
}
