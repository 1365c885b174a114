import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { afterAll, expect, it } from "vitest"
import { runCommand } from "./command.js"

const AT_LEAST_MS = 2_000
const AT_MOST_MS = 30_000

const folder = mkdtempSync(join(tmpdir(), "coatcheck-reliability-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Processes that were told of our folder, in a word of their command or in their environment. */
function processesOfFolder(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].some((file) => readOrNothing(file).includes(folder)))
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

/** Waits until the command has processes of its own, and a little more, so that some work is under way. */
async function untilItStartedSomething(): Promise<number> {
  const began = performance.now()
  for (;;) {
    await pause(100)
    const count = processesOfFolder().length
    const ms = performance.now() - began
    if ((count > 1 && ms > AT_LEAST_MS) || ms > AT_MOST_MS) return count
  }
}

it.each([["suites"], ["faults", "--row", "1"], ["mutants"], ["soak"]])(
  "Ctrl-C in the layer %s ends all that it started",
  { timeout: 60_000 },
  async (layer, ...more) => {
    let running = 0
    let begun = false
    const { exitCode, stdout, stderr } = await runCommand(["--layer", layer, ...more], folder, (_piece, interrupt) => {
      if (begun) return
      begun = true
      void untilItStartedSomething().then((count) => {
        running = count
        interrupt()
      })
    })
    expect([exitCode, stdout]).toEqual([130, ""])
    expect(stderr).toContain("cancelled, all that was started has ended")
    // Itself and whatever it had started by then.
    expect(running).toBeGreaterThan(1)
    expect(processesOfFolder()).toEqual([])
    expect(readdirSync(folder)).toEqual([])
  },
)
