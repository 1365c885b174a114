import { readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { type FaultRow, TOPOLOGIES } from "../faults/fault-row.js"
import { FAULT_ROWS } from "../faults/fault-table.js"
import { type Row, SUMMARY, type Verdict } from "../layer.js"
import { DEFAULT_LAYERS } from "../layers.js"
import { isNearDefect } from "../near/near-defects.js"
import { NEAR_MODES, type NearMode, WITH_NEAR_CACHE, WITHOUT_NEAR_CACHE } from "../near/near-mode.js"
import { type ModeSummary, NOT_MEASURED, type Report } from "../report.js"
import { DEFECTS, type Defect } from "../workloads/defects.js"
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

const PARTS = [
  ...DEFAULT_LAYERS.map(({ name }) => `${name} ${WITHOUT_NEAR_CACHE}`),
  ...["suites", "histories", "faults"].map((name) => `${name} ${WITH_NEAR_CACHE}`),
]

function rowsOf({ layers }: Report, name: string, wanted: NearMode): readonly Row[] {
  const [found, ...more] = layers.filter(({ layer, mode }) => layer === name && mode === wanted)
  if (found === undefined || more.length > 0) throw new Error(`Expected ${name} to run once ${wanted}`)
  return found.rows
}

function summaryOf({ summaries }: Report, mode: NearMode): ModeSummary {
  const summary = summaries[mode]
  if (summary === undefined) throw new Error(`Expected a summary ${mode}`)
  return summary
}

it("every layer passes in a quick run, without and with near-cache, every call on every topology, server and client is explained, and nothing is left behind", {
  timeout: 1_800_000,
}, async () => {
  const folder = ownFolder()
  const json = join(folder, "report.json")
  const wanted = ["--quick", "--seed", "7", "--seeds", "40", "--operations", "6000"]
  const { exitCode, stdout, stderr } = await runCommand([...wanted, "--json", json], folder)
  expect(stdout).toContain("passed: every answer is explained")
  expect(exitCode).toBe(0)
  const report = JSON.parse(readFileSync(json, "utf8")) as Report
  rmSync(json)
  expect(readdirSync(folder)).toEqual([])
  expect(report.layers.map(({ layer, mode }) => `${layer} ${mode}`)).toEqual(PARTS)
  for (const { layer, mode, rows } of report.layers)
    expect([layer, mode, rows.filter(({ verdict }) => verdict === "passed").length > 0]).toEqual([layer, mode, true])
  expect(report.layers.flatMap(({ rows }) => rows).filter(({ verdict }) => verdict === "failed")).toEqual([])
  for (const { name, verdict, why } of report.layers.flatMap(({ rows }) => rows))
    if (verdict === "not run") console.info(`not run on this machine: ${name}, because it lacks ${why.join(", ")}`)
  // What a quick run leaves out is told, and every topology is still there.
  const leftOut = FAULT_ROWS.filter(({ onlyInFull }) => onlyInFull !== undefined)
  const ofNear = FAULT_ROWS.filter(({ nearCache }) => nearCache === "own")
  const nameOf = ({ number, name }: FaultRow): string => `${number} ${name}`
  const ran = (mode: NearMode, verdicts: readonly Verdict[]): readonly string[] =>
    rowsOf(report, "faults", mode)
      .filter(({ verdict }) => verdicts.includes(verdict))
      .map(({ name }) => name)
  expect(ran(WITHOUT_NEAR_CACHE, ["left out"])).toEqual(leftOut.filter((row) => !ofNear.includes(row)).map(nameOf))
  expect(ran(WITH_NEAR_CACHE, ["left out"])).toEqual(leftOut.filter((row) => ofNear.includes(row)).map(nameOf))
  expect(ran(WITH_NEAR_CACHE, ["passed"])).toEqual(ofNear.filter((row) => !leftOut.includes(row)).map(nameOf))
  for (const { number, name } of leftOut)
    expect(stdout).toMatch(new RegExp(`^${number} ${name.replace(/[()]/g, "\\$&")} .* left out .*left to the full run`, "m"))
  const summary = summaryOf(report, WITHOUT_NEAR_CACHE)
  const near = summaryOf(report, WITH_NEAR_CACHE)
  for (const topology of TOPOLOGIES) expect(summary[`  survived, ${topology}`]).toBeGreaterThan(0)
  for (const topology of TOPOLOGIES) expect([topology, summary[`  survived, ${topology}`]]).toEqual([topology, summary[`  tried, ${topology}`]])
  expect({ passed: report.passed, scale: report.scale, seed: report.seed, failed: report.failed }).toEqual({
    passed: true,
    scale: "quick",
    seed: 7,
    failed: [],
  })
  expect(report.versions.node).toBe(process.version)
  expect(report.versions.servers["redis-server"]).toMatch(/^\d+\.\d+\.\d+/)
  expect(report.versions.packages.redis).toMatch(/^\d+\.\d+\.\d+/)
  expect(stdout).toContain(`npm run reliability -- ${wanted.join(" ")}`)
  // Further progress is told at most every two seconds, so what else is told of is chance.
  for (const [at, name] of PARTS.entries())
    expect(stderr).toMatch(new RegExp(`^reliability: \\[${at + 1} of ${PARTS.length}, ${name}, \\d+:\\d\\d\\] begins$`, "m"))

  for (const mode of NEAR_MODES) {
    const table = stdout.slice(stdout.indexOf(`histories, ${mode}: `))
    for (const name of ZERO_ROWS) expect([mode, name, ...row(table, name)]).toEqual([mode, name, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    const operations = row(table, "operations checked")
    expect(operations).toHaveLength(9)
    expect(operations[8]).toBeGreaterThanOrEqual(6_000)
    expect(operations.slice(0, 8).reduce((sum, one) => sum + one, 0)).toBe(operations[8])
    expect(row(table, "session histories searched")[8]).toBeGreaterThan(100)
    expect(row(table, "audit: sessions looked at")[8]).toBeGreaterThan(100)
    const users = row(table, "users searched as a whole")
    expect(users[8]).toBeGreaterThan(0)
  }
  const histories = (mode: NearMode): readonly string[] => rowsOf(report, "histories", mode).map(({ name, where }) => `${where.replace(/ .*/, "")}: ${name}`)
  const places = [
    "redis: one server, node-redis",
    "redis: one server, ioredis",
    "valkey: one server, node-redis",
    "valkey: one server, ioredis",
    "redis: sentinel, node-redis",
    "valkey: sentinel, ioredis",
    "redis: cluster, node-redis",
    "valkey: cluster, ioredis",
  ]
  expect(histories(WITHOUT_NEAR_CACHE)).toEqual([
    ...places,
    "redis: rate limits, one server, node-redis",
    "valkey: rate limits, one server, ioredis",
    "valkey: rate limits, sentinel, ioredis",
    "redis: rate limits, cluster, node-redis",
    "redis: giant user",
    "redis: expiry",
  ])
  expect(histories(WITH_NEAR_CACHE)).toEqual([...places, "redis: near-cache, one server, node-redis", "redis: giant user"])

  // What each layer counts is in the sum, and what no layer counted is not called 0.
  for (const one of [summary, near]) expect(Object.keys(one)).toEqual(Object.keys(SUMMARY))
  for (const line of ["bad inputs tried", "faults tried", "operations checked", "reads through a near-cache"] as const)
    expect([line, near[line]]).toEqual([line, expect.toSatisfy((count) => Number(count) > 0)])
  expect(near["mutants tried"]).toBe(NOT_MEASURED)
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

  async function findsOut(defect: Defect, mode: NearMode, place: string): Promise<void> {
    const near = mode === WITH_NEAR_CACHE ? "--near-cache" : "--no-near-cache"
    const wanted = ["--layer", "histories", "--row", place, "--operations", "5000", "--seed", "7", "--defect", defect]
    const { exitCode, stdout } = await runCommand(["--quick", near, ...wanted], ownFolder())
    expect(stdout).toContain("FAILED")
    expect(exitCode).toBe(1)
    for (const sign of SIGNS[defect]) expect(row(stdout, sign).at(-1), sign).toBeGreaterThan(0)
  }

  it.each<readonly [Defect, NearMode]>([
    ...DEFECTS.map((defect) => [defect, isNearDefect(defect) ? WITH_NEAR_CACHE : WITHOUT_NEAR_CACHE] as const),
    // Older reads are allowed there, but what was ended stays so.
    ["delete-does-nothing", WITH_NEAR_CACHE],
  ])("%s, %s", { timeout: 600_000 }, async (defect, mode) => {
    await findsOut(defect, mode, "redis, one server, node-redis")
  })

  it.each([
    ["update-without-compare", "redis, cluster, node-redis"],
    ["lease-by-timer", "redis, cluster, node-redis, near-cache"],
    ["kept-over-reconnect", "redis, cluster, node-redis, near-cache"],
  ] as const)("%s, on a cluster", { timeout: 120_000 }, async (defect, place) => {
    await findsOut(defect, place.endsWith("near-cache") ? WITH_NEAR_CACHE : WITHOUT_NEAR_CACHE, place)
  })
})

describe("the command line", () => {
  const told = async (...args: string[]): Promise<CommandEnd> => runCommand(args, ownFolder())

  it("--help tells every option, and starts nothing", async () => {
    const { exitCode, stdout } = await told("--help")
    expect(exitCode).toBe(0)
    for (const option of ["--quick", "--layer", "--row", "--operations", "--seed", "--json", "--near-cache", "--no-near-cache", "--soak", "--defect", "--help"])
      expect(stdout).toContain(option)
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
    ["--near-cache", "--no-near-cache"],
    ["--near-cache", "--layer", "mutants"],
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
