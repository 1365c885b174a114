import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"

const PROGRESS = join(import.meta.dirname, "progress.mjs")
const ENDS_WITHIN_MS = 5_000

/**
 * Runs the named tests and no others, tells of each file when it is through, and reads vitest's report.
 *
 * SIGINT, SIGTERM and SIGHUP end vitest with its servers, then this process.
 */
export async function runTests(root, files, names) {
  const report = join(root, ".cache/security/report.json")
  mkdirSync(join(root, ".cache/security"), { recursive: true })
  rmSync(report, { force: true })
  const pattern = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|")
  const args = ["--no-install", "vitest", "run", ...files, "-t", pattern, `--reporter=${PROGRESS}`, "--reporter=json", `--outputFile.json=${report}`]
  const env = { ...process.env, COATCHECK_FILES: String(files.length) }
  // What vitest prints is progress, and belongs beside the results, not among them.
  const child = spawn("npx", args, { cwd: root, env, detached: true, stdio: ["ignore", 2, 2] })
  stopWith(child)
  await once(child, "close")
  if (!existsSync(report)) throw new Error("vitest wrote no report")
  return JSON.parse(readFileSync(report, "utf8"))
}

function stopWith(child) {
  const end = (signal) => {
    try {
      process.kill(-child.pid, signal)
    } catch {}
  }
  process.once("exit", () => end("SIGKILL"))
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.once(signal, () => {
      end("SIGTERM")
      child.once("close", () => process.exit(130))
      setTimeout(() => process.exit(130), ENDS_WITHIN_MS)
    })
  }
}
