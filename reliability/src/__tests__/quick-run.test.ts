import { readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { TOPOLOGIES } from "../faults/fault-row.js"
import { FAULT_ROWS } from "../faults/fault-table.js"
import { SUMMARY } from "../layer.js"
import { DEFAULT_LAYERS } from "../layers.js"
import { NOT_MEASURED, type Report } from "../report.js"
import { DEFECTS } from "../workloads/defects.js"
import { type CommandEnd, ownFolder, runCommand } from "./command.js"

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

it("every layer passes in a quick run, every call on every topology, server and client is explained, and nothing is left behind", {
  timeout: 1_800_000,
}, async () => {
  const folder = ownFolder()
  const json = join(folder, "report.json")
  const { exitCode, stdout, stderr } = await runCommand(["--quick", "--operations", "6000", "--seed", "7", "--json", json], folder)
  expect(stdout).toContain("passed: every answer is explained")
  expect(exitCode).toBe(0)
  const report = JSON.parse(readFileSync(json, "utf8")) as Report
  rmSync(json)
  expect(readdirSync(folder)).toEqual([])
  expect(report.layers.map(({ layer }) => layer)).toEqual(DEFAULT_LAYERS.map(({ name }) => name))
  for (const { layer, rows } of report.layers) expect([layer, rows.filter(({ verdict }) => verdict === "passed").length > 0]).toEqual([layer, true])
  expect(report.layers.flatMap(({ rows }) => rows).filter(({ verdict }) => verdict === "failed")).toEqual([])
  for (const { name, verdict, why } of report.layers.flatMap(({ rows }) => rows))
    if (verdict === "not run") console.info(`not run on this machine: ${name}, because it lacks ${why.join(", ")}`)
  // What a quick run leaves out is told, and every topology is still there.
  const faults = report.layers.find(({ layer }) => layer === "faults")?.rows ?? []
  const leftOut = FAULT_ROWS.filter(({ onlyInFull }) => onlyInFull !== undefined)
  expect(faults.filter(({ verdict }) => verdict === "left out").map(({ name }) => name)).toEqual(leftOut.map(({ number, name }) => `${number} ${name}`))
  for (const { number, name } of leftOut)
    expect(stdout).toMatch(new RegExp(`^${number} ${name.replace(/[()]/g, "\\$&")} .* left out .*left to the full run`, "m"))
  for (const topology of TOPOLOGIES) expect(report.summary[`  survived, ${topology}`]).toBeGreaterThan(0)
  for (const topology of TOPOLOGIES) expect([topology, report.summary[`  survived, ${topology}`]]).toEqual([topology, report.summary[`  tried, ${topology}`]])
  expect({ passed: report.passed, scale: report.scale, seed: report.seed, failed: report.failed }).toEqual({
    passed: true,
    scale: "quick",
    seed: 7,
    failed: [],
  })
  expect(report.versions.node).toBe(process.version)
  expect(report.versions.servers["redis-server"]).toMatch(/^\d+\.\d+\.\d+/)
  expect(report.versions.packages.redis).toMatch(/^\d+\.\d+\.\d+/)
  expect(stdout).toContain("npm run reliability -- --quick --seed 7 --operations 6000")
  // Further progress is told at most every two seconds, so what else is told of is chance.
  for (const [at, { name }] of DEFAULT_LAYERS.entries())
    expect(stderr).toMatch(new RegExp(`^reliability: \\[${at + 1} of ${DEFAULT_LAYERS.length}, ${name}, \\d+:\\d\\d\\] begins$`, "m"))

  for (const name of ZERO_ROWS) expect([name, ...row(stdout, name)]).toEqual([name, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  const operations = row(stdout, "operations checked")
  expect(operations).toHaveLength(9)
  expect(operations[8]).toBeGreaterThanOrEqual(6_000)
  expect(operations.slice(0, 8).reduce((sum, one) => sum + one, 0)).toBe(operations[8])
  expect(row(stdout, "session histories searched")[8]).toBeGreaterThan(100)
  expect(row(stdout, "audit: sessions looked at")[8]).toBeGreaterThan(100)
  const users = row(stdout, "users searched as a whole")
  expect(users[8]).toBeGreaterThan(0)
  const histories = report.layers.find(({ layer }) => layer === "histories")?.rows ?? []
  expect(histories.map(({ name, where }) => `${where.replace(/ .*/, "")}: ${name}`)).toEqual([
    "redis: one server, node-redis",
    "redis: one server, ioredis",
    "valkey: one server, node-redis",
    "valkey: one server, ioredis",
    "redis: sentinel, node-redis",
    "valkey: sentinel, ioredis",
    "redis: cluster, node-redis",
    "valkey: cluster, ioredis",
    "redis: rate limits, one server, node-redis",
    "valkey: rate limits, one server, ioredis",
    "valkey: rate limits, sentinel, ioredis",
    "redis: rate limits, cluster, node-redis",
    "redis: near-cache, one server, node-redis",
    "redis: giant user",
    "redis: expiry",
  ])

  // What each layer counts is in the sum, and what no layer counted is not called 0.
  const { summary } = report
  expect(Object.keys(summary)).toEqual(Object.keys(SUMMARY))
  for (const line of ["bad inputs tried", "mutants tried", "faults tried", "operations checked", "calls of rate limits"] as const)
    expect(summary[line]).toBeGreaterThan(0)
  expect(summary["mutants killed"]).toBe(summary["mutants tried"])
  expect(summary["faults survived"]).toBe(summary["faults tried"])
  expect(summary["soak: growth of the heap (MB an hour)"]).toBe(NOT_MEASURED)
})

describe("a service with a mistake is found out", () => {
  const SIGNS: Record<(typeof DEFECTS)[number], readonly string[]> = {
    "delete-does-nothing": ["sessions that came back (V5)", "no order explains the answers"],
    "update-without-compare": ["lost or repeated updates (V1, V3)", "no order explains the answers"],
    "no-limit": ["limit exceeded (V8)", "sessions beyond the limit"],
    "limit-in-two-steps": ["above the formula"],
    "limit-too-strict": ["denied although there was room"],
    "lease-by-timer": ["older than the lease"],
    "kept-over-reconnect": ["older than the lease"],
    "remembered-reads": ["lost or repeated updates (V1, V3)", "no order explains the answers"],
  }

  it.each(DEFECTS)("%s", { timeout: 600_000 }, async (defect) => {
    const { exitCode, stdout } = await runCommand(
      ["--quick", "--layer", "histories", "--row", "redis, one server, node-redis", "--operations", "5000", "--seed", "7", "--defect", defect],
      ownFolder(),
    )
    expect(stdout).toContain("FAILED")
    expect(exitCode).toBe(1)
    for (const sign of SIGNS[defect]) expect(row(stdout, sign).at(-1), sign).toBeGreaterThan(0)
  })

  it.each([
    ["update-without-compare", "redis, cluster, node-redis"],
    ["lease-by-timer", "redis, cluster, node-redis, near-cache"],
    ["kept-over-reconnect", "redis, cluster, node-redis, near-cache"],
  ] as const)("%s, on a cluster", { timeout: 120_000 }, async (defect, place) => {
    const { exitCode, stdout } = await runCommand(
      ["--quick", "--layer", "histories", "--row", place, "--operations", "5000", "--seed", "7", "--defect", defect],
      ownFolder(),
    )
    expect(stdout).toContain("FAILED")
    expect(exitCode).toBe(1)
    for (const sign of SIGNS[defect]) expect(row(stdout, sign).at(-1), sign).toBeGreaterThan(0)
  })
})

describe("the command line", () => {
  const told = async (...args: string[]): Promise<CommandEnd> => runCommand(args, ownFolder())

  it("--help tells every option, and starts nothing", async () => {
    const { exitCode, stdout } = await told("--help")
    expect(exitCode).toBe(0)
    for (const option of ["--quick", "--layer", "--row", "--operations", "--seed", "--json", "--soak", "--defect", "--help"]) expect(stdout).toContain(option)
  })

  it.each([
    ["--operations", "0"],
    ["--operations", "many"],
    ["--seed", "-1"],
    ["--seed", "1e3"],
    ["--defect", "unknown"],
    ["--layer", "unknown"],
    ["--soak", "0"],
    ["--json", "/no/such/folder/report.json"],
    ["--json", "/"],
    ["--nonsense"],
  ])("%s %s is refused", async (...args) => {
    const { exitCode, stderr, stdout } = await told(...args)
    expect(exitCode).toBe(2)
    expect(stderr).toContain("reliability: ")
    expect(stderr).not.toContain("begins")
    expect(stdout).toBe("")
  })

  it.each([
    ["without a layer", []],
    ["beside another layer", ["--layer", "histories", "--layer", "faults"]],
    ["beside the soak", ["--layer", "histories", "--soak", "1"]],
  ])("--defect %s, which would run without the mistake, is refused", async (_where, layers) => {
    const { exitCode, stderr } = await told("--quick", "--defect", "no-limit", ...layers)
    expect(exitCode).toBe(2)
    expect(stderr).toContain("Expected --defect with --layer histories alone")
    expect(stderr).not.toContain("begins")
  })

  it("--row that names no row fails, whatever else ran", { timeout: 60_000 }, async () => {
    const { exitCode, stdout } = await told("--quick", "--layer", "simulation", "--seeds", "1", "--row", "simulated", "--row", "simulatde")
    expect(exitCode).toBe(1)
    expect(stdout).toContain('got "simulatde"')
    expect(stdout).not.toContain('got "simulated"')
  })
})
