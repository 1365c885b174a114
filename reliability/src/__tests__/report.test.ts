import { expect, it } from "vitest"
import type { Row, Verdict } from "../layer.js"
import { formatReport, type LayerResult, makeReport, NOT_MEASURED } from "../report.js"

const versions = { node: "v1", machine: "m", servers: { "redis-server": "8" }, packages: { redis: "6" } }
const run = {
  seed: 5,
  scale: "quick",
  seconds: 1,
  versions,
  unmatched: [],
  cancelled: null,
  replay: { all: "all again", row: ({ layer, mode }: Pick<LayerResult, "layer" | "mode">, row: string) => `${layer} ${mode}: ${row} again` },
} as const

const row = (verdict: Verdict, more: Partial<Row> = {}): Row => ({ name: "1 kill", where: "redis", verdict, figures: { tried: 1 }, why: ["because"], ...more })
const layer = (...rows: Row[]) => ({ layer: "faults", mode: "without near-cache", about: "what happens", seconds: 1, rows }) as const

it("what no layer measured is called so, and not 0", () => {
  const report = makeReport([layer(row("passed", { summary: { "faults tried": 0, "mutants tried": 3 } }))], { ...run, mustRunAll: false })
  const summary = report.summaries["without near-cache"]
  expect(summary?.["faults tried"]).toBe(0)
  expect(summary?.["mutants tried"]).toBe(3)
  expect(summary?.["operations checked"]).toBe(NOT_MEASURED)
  const text = formatReport(report)
  expect(text).toMatch(/^operations checked +not measured$/m)
  expect(text).toMatch(/^faults tried +0$/m)
  expect(text).toContain("redis-server 8, node v1, redis 6")
  expect(text).toContain("quick run of 1.0 s, seed 5")
})

it("a row that failed says how to run it alone", () => {
  const report = makeReport([layer(row("passed"), row("failed"), row("failed", { replayAs: "other" }))], { ...run, mustRunAll: false })
  expect(report.passed).toBe(false)
  expect(report.failed.map(({ replay }) => replay)).toEqual(["faults without near-cache: 1 kill again", "faults without near-cache: other again"])
  expect(formatReport(report)).toContain("failed: faults, without near-cache, 1 kill, redis; again: faults without near-cache: 1 kill again")
})

it("a row that could not run fails where all must run, and only there; a layer without rows fails everywhere", () => {
  expect(makeReport([layer(row("passed"), row("not run"))], { ...run, mustRunAll: false }).passed).toBe(true)
  expect(makeReport([layer(row("passed"), row("not run"))], { ...run, mustRunAll: true })).toMatchObject({ passed: false, failed: [{ name: "1 kill" }] })
  expect(makeReport([layer()], { ...run, mustRunAll: false }).passed).toBe(false)
  expect(makeReport([], { ...run, mustRunAll: false }).passed).toBe(false)
})

it("each mode has its own rows and its own sum", () => {
  const counted = (tried: number) => layer(row("passed", { summary: { "faults tried": tried } }))
  const once = { ...layer(row("passed", { summary: { "mutants tried": 5 } })), layer: "mutants" }
  const report = makeReport([counted(3), once, { ...counted(4), mode: "with near-cache" }], { ...run, mustRunAll: false })
  const [without, near] = [report.summaries["without near-cache"], report.summaries["with near-cache"]]
  expect([without?.["faults tried"], without?.["mutants tried"]]).toEqual([3, 5])
  expect([near?.["faults tried"], near?.["mutants tried"]]).toEqual([4, NOT_MEASURED])
  const text = formatReport(report)
  expect(text).toContain("faults, without near-cache: what happens")
  expect(text).toContain("faults, with near-cache: what happens")
  expect(text).toMatch(/^ +without near-cache +with near-cache$/m)
  expect(text).toMatch(/^faults tried +3 +4$/m)
  expect(text).toMatch(/^mutants tried +5 +not measured$/m)
})

it("a run that was cancelled tells of what ran whole, and has not passed", () => {
  const report = makeReport([layer(row("passed"), row("failed"))], { ...run, mustRunAll: false, cancelled: { ran: 1, of: 3 } })
  expect(report.passed).toBe(false)
  expect(formatReport(report)).toMatch(/^faults tried .*\n[\s\S]*^cancelled: 1 of 3 parts ran whole, 1 rows of them failed$/m)
  expect(makeReport([layer(row("passed"))], { ...run, mustRunAll: false, cancelled: { ran: 1, of: 3 } }).passed).toBe(false)
})

it("a row that was asked for and is none fails, though others passed", () => {
  const report = makeReport([layer(row("passed"))], { ...run, mustRunAll: false, unmatched: ["kil"] })
  expect(report.passed).toBe(false)
  expect(formatReport(report)).toContain('failed: Expected --row to name a row of the layers that ran, got "kil"')
})

it("a row that is left to the full run is told, and fails nowhere", () => {
  const report = makeReport([layer(row("passed"), row("left out", { name: "2 pull", figures: {}, why: ["takes long"] }))], { ...run, mustRunAll: true })
  expect(report.passed).toBe(true)
  expect(formatReport(report)).toMatch(/^2 pull +redis +left out +takes long$/m)
})

it("of several places counts are added up, and of times the longest is told", () => {
  const names = Array.from({ length: 10 }, (_, i) => `calls ${i}`)
  const figures = (count: number) => ({
    ...Object.fromEntries(names.map((name) => [name, count])),
    "unavailable ms, most": count,
    "  longest call (ms)": count,
  })
  const text = formatReport(makeReport([layer(row("passed", { figures: figures(3) }), row("passed", { figures: figures(4) }))], { ...run, mustRunAll: true }))
  expect(text).toMatch(/^calls 0 +3 +4 +7$/m)
  expect(text).toMatch(/^unavailable ms, most +3 +4 +4$/m)
  expect(text).toMatch(/^ {2}longest call \(ms\) +3 +4 +4$/m)
})
