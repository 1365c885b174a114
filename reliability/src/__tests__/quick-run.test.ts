import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import type { Report } from "../report.js"
import { DEFECTS } from "../workloads/defects.js"
import { type CommandEnd, runCommand } from "./command.js"

const folder = mkdtempSync(join(tmpdir(), "coatcheck-reliability-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ZERO_ROWS = [
  "violations",
  "sessions that came back (V5)",
  "lost or repeated updates (V1, V3)",
  "limit exceeded (V8)",
  "no order explains the answers",
  "undecided",
  "keys without a time to live",
  "sessions missing in their list",
  "corrupt records",
  "keys that do not belong there",
  "sessions beyond the limit",
]

/** The figures of one row of the table. */
function row(table: string, name: string): number[] {
  const line = table.split("\n").find((text) => text.trim().startsWith(`${name}  `))
  return (line?.trim().slice(name.length).trim().split(/\s+/) ?? []).map(Number)
}

it("a short run on both servers through both clients explains every answer, and leaves nothing behind", { timeout: 60_000 }, async () => {
  const json = join(folder, "report.json")
  const { exitCode, stdout, stderr } = await runCommand(["--operations", "5000", "--seed", "7", "--json", json], folder)
  expect(stdout).toContain("passed: every answer is explained")
  expect(exitCode).toBe(0)
  for (const name of ZERO_ROWS) expect([name, ...row(stdout, name)]).toEqual([name, 0, 0, 0, 0, 0])
  const operations = row(stdout, "operations checked")
  expect(operations).toHaveLength(5)
  expect(operations[4]).toBeGreaterThanOrEqual(5_000)
  expect(operations.slice(0, 4).reduce((sum, one) => sum + one, 0)).toBe(operations[4])
  expect(row(stdout, "session histories searched")[4]).toBeGreaterThan(500)
  expect(row(stdout, "audit: sessions looked at")[4]).toBeGreaterThan(100)
  expect(stdout).toContain("npm run reliability -- --seed 7 --operations 5000")
  expect(stderr).toMatch(/redis \d+\.\d+\.\d+ through node-redis: W1/)
  const report = JSON.parse(readFileSync(json, "utf8")) as Report
  expect({ passed: report.passed, seed: report.seed, node: report.node }).toEqual({ passed: true, seed: 7, node: process.version })
  expect(report.targets.map(({ server, client }) => `${server} ${client}`)).toEqual([
    "redis node-redis",
    "redis ioredis",
    "valkey node-redis",
    "valkey ioredis",
  ])
  rmSync(json)
  expect(readdirSync(folder)).toEqual([])
})

describe("a service with a mistake is found out", () => {
  const SIGNS: Record<(typeof DEFECTS)[number], readonly string[]> = {
    "delete-does-nothing": ["sessions that came back (V5)", "no order explains the answers"],
    "update-without-compare": ["lost or repeated updates (V1, V3)", "no order explains the answers"],
    "no-limit": ["limit exceeded (V8)", "sessions beyond the limit"],
    "remembered-reads": ["lost or repeated updates (V1, V3)", "no order explains the answers"],
  }

  it.each(DEFECTS)("%s", { timeout: 60_000 }, async (defect) => {
    const { exitCode, stdout } = await runCommand(["--operations", "3000", "--seed", "7", "--defect", defect], folder)
    expect(stdout).toContain("FAILED")
    expect(exitCode).toBe(1)
    for (const sign of SIGNS[defect]) expect(row(stdout, sign)[4], sign).toBeGreaterThan(0)
  })
})

it("Ctrl-C ends the servers and is told by exit code 130", { timeout: 60_000 }, async () => {
  const pids: number[] = []
  const { exitCode, stdout } = await runCommand(["--operations", "1000000"], folder, (piece, interrupt) => {
    if (!piece.includes("W1") || pids.length > 0) return
    for (const name of readdirSync(folder)) pids.push(Number(/^(\d+):/m.exec(readFileSync(join(folder, name, "server.log"), "utf8"))?.[1]))
    interrupt()
  })
  expect(exitCode).toBe(130)
  expect(stdout).toBe("")
  expect(pids).toHaveLength(1)
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH")
  expect(readdirSync(folder)).toEqual([])
})

describe("the command line", () => {
  const told = async (...args: string[]): Promise<CommandEnd> => runCommand(args, folder)

  it("--help tells every option, and starts nothing", async () => {
    const { exitCode, stdout } = await told("--help")
    expect(exitCode).toBe(0)
    for (const option of ["--quick", "--operations", "--seed", "--json", "--defect", "--help"]) expect(stdout).toContain(option)
  })

  it.each([["--operations", "0"], ["--operations", "many"], ["--seed", "-1"], ["--seed", "1e3"], ["--defect", "unknown"], ["--nonsense"]])(
    "%s %s is refused",
    async (...args) => {
      const { exitCode, stderr, stdout } = await told(...args)
      expect(exitCode).toBe(2)
      expect(stderr).toContain("reliability: ")
      expect(stdout).toBe("")
    },
  )
})
