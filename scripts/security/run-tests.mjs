import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { environmentOf } from "./modes.mjs"

const PROGRESS = join(import.meta.dirname, "progress.mjs")
const ENDS_WITHIN_MS = 5_000
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"]

/** The exit code after Ctrl-C. */
export const CANCELLED = 130

/**
 * Runs the named tests and no others in one mode, tells of each file when it is through, and reads vitest's report.
 *
 * SIGINT, SIGTERM and SIGHUP end vitest with its servers.
 *
 * @param part - `mode`, and for the progress `before`: files that are through, `of`: files of the whole run
 * @returns the report; `null` when a signal ended it
 */
export async function runTests(root, { files, names }, { mode, before, of }) {
  const report = join(root, ".cache/security/report.json")
  mkdirSync(join(root, ".cache/security"), { recursive: true })
  rmSync(report, { force: true })
  const pattern = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|")
  const args = ["--no-install", "vitest", "run", ...files, "-t", pattern, `--reporter=${PROGRESS}`, "--reporter=json", `--outputFile.json=${report}`]
  const progress = { COATCHECK_MODE: mode, COATCHECK_FILES_BEFORE: String(before), COATCHECK_FILES: String(of) }
  const env = { ...environmentOf(mode, process.env), ...progress }
  // What vitest prints is progress, and belongs beside the results, not among them.
  const child = spawn("npx", args, { cwd: root, env, detached: true, stdio: ["ignore", 2, 2] })
  const stop = stopWith(child)
  // Not longer than it may take to end when it was told to: then it is killed with this process.
  await Promise.race([once(child, "close").then(stop.forget), stop.late])
  if (stop.cancelled) return null
  if (!existsSync(report)) throw new Error("vitest wrote no report")
  return JSON.parse(readFileSync(report, "utf8"))
}

function stopWith(child) {
  const end = (signal) => {
    try {
      process.kill(-child.pid, signal)
    } catch {}
  }
  let tell
  const stop = {
    cancelled: false,
    late: new Promise((resolve) => {
      tell = resolve
    }),
    forget() {
      process.off("exit", kill)
      for (const signal of SIGNALS) process.off(signal, onSignal)
    },
  }
  const kill = () => end("SIGKILL")
  const onSignal = () => {
    // Whoever asks twice does not want to wait.
    if (stop.cancelled) process.exit(CANCELLED)
    stop.cancelled = true
    end("SIGTERM")
    setTimeout(() => tell(), ENDS_WITHIN_MS).unref()
  }
  process.on("exit", kill)
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return stop
}
