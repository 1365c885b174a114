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

it("calls on every topology, server and client are explained, and nothing is left behind", { timeout: 180_000 }, async () => {
  const json = join(folder, "report.json")
  const { exitCode, stdout, stderr } = await runCommand(["--layer", "histories", "--operations", "6000", "--seed", "7", "--json", json], folder)
  expect(stdout).toContain("passed: every answer is explained")
  expect(exitCode).toBe(0)
  for (const name of ZERO_ROWS) expect([name, ...row(stdout, name)]).toEqual([name, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  const operations = row(stdout, "operations checked")
  expect(operations).toHaveLength(9)
  expect(operations[8]).toBeGreaterThanOrEqual(6_000)
  expect(operations.slice(0, 8).reduce((sum, one) => sum + one, 0)).toBe(operations[8])
  expect(row(stdout, "session histories searched")[8]).toBeGreaterThan(500)
  expect(row(stdout, "audit: sessions looked at")[8]).toBeGreaterThan(100)
  expect(stdout).toContain("npm run reliability -- --layer histories --seed 7 --operations 6000")
  expect(stderr).toMatch(/redis, one server, node-redis: W1/)
  const report = JSON.parse(readFileSync(json, "utf8")) as Report
  expect({ passed: report.passed, seed: report.seed, node: report.node }).toEqual({ passed: true, seed: 7, node: process.version })
  expect(report.layers.flatMap(({ rows }) => rows.map(({ name, where }) => `${where.replace(/ .*/, "")}: ${name}`))).toEqual([
    "redis: one server, node-redis",
    "redis: one server, ioredis",
    "valkey: one server, node-redis",
    "valkey: one server, ioredis",
    "redis: sentinel, node-redis",
    "valkey: sentinel, ioredis",
    "redis: cluster, node-redis",
    "valkey: cluster, ioredis",
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
    const { exitCode, stdout } = await runCommand(
      ["--layer", "histories", "--row", "redis, one server, node-redis", "--operations", "5000", "--seed", "7", "--defect", defect],
      folder,
    )
    expect(stdout).toContain("FAILED")
    expect(exitCode).toBe(1)
    for (const sign of SIGNS[defect]) expect(row(stdout, sign)[1], sign).toBeGreaterThan(0)
  })
})

it("Ctrl-C ends the servers and is told by exit code 130", { timeout: 60_000 }, async () => {
  const pids: number[] = []
  const { exitCode, stdout } = await runCommand(["--layer", "histories"], folder, (piece, interrupt) => {
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
    for (const option of ["--quick", "--layer", "--row", "--operations", "--seed", "--json", "--defect", "--help"]) expect(stdout).toContain(option)
  })

  it.each([
    ["--operations", "0"],
    ["--operations", "many"],
    ["--seed", "-1"],
    ["--seed", "1e3"],
    ["--defect", "unknown"],
    ["--layer", "unknown"],
    ["--nonsense"],
  ])("%s %s is refused", async (...args) => {
    const { exitCode, stderr, stdout } = await told(...args)
    expect(exitCode).toBe(2)
    expect(stderr).toContain("reliability: ")
    expect(stdout).toBe("")
  })
})
