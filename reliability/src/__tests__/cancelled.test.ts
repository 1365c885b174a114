import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { setTimeout as pause } from "node:timers/promises"
import { expect, it } from "vitest"
import { ownFolder, runCommand } from "./command.js"

const AT_LEAST_MS = 2_000
const AT_MOST_MS = 300_000
/** Between its last word and its end. */
const LINGERS_MS = 5_000
const LAST_WORD = "cancelled, all that was started has ended"

/** Processes that were told of a folder, in a word of their command or in their environment, or that work in it, as servers do. */
function processesOf(folder: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      const told = [() => readFileSync(`/proc/${pid}/cmdline`, "utf8"), () => readFileSync(`/proc/${pid}/environ`, "utf8")]
      return [...told, () => readlinkSync(`/proc/${pid}/cwd`)].some((read) => orNothing(read).includes(folder))
    })
}

function orNothing(read: () => string): string {
  try {
    return read()
  } catch {
    return ""
  }
}

/** Waits until the command has processes of its own, and a little more, so that some work is under way. */
async function untilItStartedSomething(folder: string): Promise<number> {
  const began = performance.now()
  for (;;) {
    await pause(100)
    const count = processesOf(folder).length
    const ms = performance.now() - began
    if ((count > 1 && ms > AT_LEAST_MS) || ms > AT_MOST_MS) return count
  }
}

it.each([["suites"], ["histories"], ["faults", "--row", "1"], ["mutants"], ["soak"]])(
  "Ctrl-C in the layer %s ends all that it started",
  { timeout: 600_000 },
  async (layer, ...more) => {
    const folder = ownFolder()
    let running = 0
    let begun = false
    let lastWordAt = Number.NEGATIVE_INFINITY
    const { exitCode, stdout } = await runCommand(["--layer", layer, ...more], folder, (piece, interrupt) => {
      if (piece.includes(LAST_WORD)) lastWordAt = performance.now()
      if (begun) return
      begun = true
      void untilItStartedSomething(folder).then((count) => {
        running = count
        interrupt()
      })
    })
    expect([exitCode, stdout]).toEqual([130, ""])
    expect(performance.now() - lastWordAt).toBeLessThan(LINGERS_MS)
    // Itself and whatever it had started by then.
    expect(running).toBeGreaterThan(1)
    expect(processesOf(folder)).toEqual([])
    expect(readdirSync(folder)).toEqual([])
  },
)

it("Ctrl-C in a later part tells of what ran whole before", { timeout: 600_000 }, async () => {
  const folder = ownFolder()
  const args = ["--quick", "--layer", "simulation", "--seeds", "1", "--layer", "histories"]
  let told = ""
  const { exitCode, stdout, stderr } = await runCommand(args, folder, (piece, interrupt) => {
    const before = told
    told += piece
    const second = "[2 of 3, histories without near-cache"
    if (told.includes(second) && !before.includes(second)) void untilItStartedSomething(folder).then(interrupt)
  })
  expect(exitCode).toBe(130)
  expect(stderr).toContain(LAST_WORD)
  expect(stderr).not.toContain("[3 of 3")
  expect(stdout).toContain("simulation, without near-cache: ")
  expect(stdout).not.toContain("histories, ")
  expect(stdout).toMatch(/^simulated runs +\d+$/m)
  expect(stdout).toMatch(/^cancelled: 1 of 3 parts ran whole, 0 rows of them failed\n$/m)
  expect(processesOf(folder)).toEqual([])
  expect(readdirSync(folder)).toEqual([])
})
