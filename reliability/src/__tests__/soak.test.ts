import { readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import type { Report } from "../report.js"
import { afterWarmUp, growthAnHour } from "../soak/slope.js"
import { ownFolder, runCommand } from "./command.js"

it.each([
  ["nothing", [], 0],
  ["one sample", [{ at: 1, value: 9 }], 0],
  ["what stays", [0, 1, 2].map((at) => ({ at, value: 7 })), 0],
  ["what grows by 3 an hour", [0, 0.5, 1, 1.5].map((at) => ({ at, value: 5 + 3 * at })), 3],
  ["what shrinks", [0, 1].map((at) => ({ at, value: -2 * at })), -2],
  ["samples of one instant", [1, 1].map((at, value) => ({ at, value })), 0],
  [
    "noise about a line",
    [
      { at: 0, value: 1 },
      { at: 1, value: -1 },
      { at: 2, value: -1 },
      { at: 3, value: 1 },
    ],
    0,
  ],
])("the growth of %s", (_name, samples, growth) => {
  expect(growthAnHour(samples)).toBeCloseTo(growth, 9)
})

it("a quarter of the samples is warm-up", () => {
  expect(afterWarmUp([1, 2, 3, 4, 5, 6, 7, 8])).toEqual([3, 4, 5, 6, 7, 8])
  expect(afterWarmUp([1])).toEqual([1])
})

it("a short soak brings faults about, says that it is too short to judge the growth, and leaves nothing", { timeout: 600_000 }, async () => {
  const folder = ownFolder()
  const json = join(folder, "report.json")
  const { exitCode, stdout } = await runCommand(["--soak", "0.1", "--seed", "4", "--json", json], folder)
  const report = JSON.parse(readFileSync(json, "utf8")) as Report
  rmSync(json)
  expect([exitCode, report.passed, report.layers.map(({ layer, mode }) => `${layer} ${mode}`)]).toEqual([
    0,
    true,
    ["soak without near-cache", "soak with near-cache"],
  ])
  for (const { mode, rows } of report.layers) {
    const [row] = rows
    expect(row?.why).toEqual([])
    expect(row?.figures.answered).toBeGreaterThan(0)
    expect(row?.figures.samples).toBeGreaterThanOrEqual(2)
    expect(row?.figures.faults).toMatch(/\d/)
    expect(row?.figures["heap growth MB/h"]).toContain("not judged")
    expect(report.summaries[mode]?.["soak: growth of the heap (MB an hour)"]).toBe("not measured")
  }
  expect(report.replay).toBe("npm run reliability -- --layer soak --soak 0.1 --seed 4")
  expect(stdout).toContain("passed: every answer is explained")
  expect(readdirSync(folder)).toEqual([])
})
