import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Chart } from "../charts/chart.js"
import { picture } from "../charts/svg.js"
import type { Group, Measured } from "../group.js"
import { GROUPS as GROUPS_HERE } from "../groups.js"
import { type GroupResult, isWorthKeeping, type Results, type Run } from "../results/results.js"
import { ResultsFolder } from "../results/results-folder.js"
import { resultsPage, told } from "../results/results-page.js"
import { minutesOf, runGroups } from "../results/run-groups.js"
import { isChange, runOf } from "../results/run-of.js"

const RUN: Run = {
  date: "2026-01-02T03:04:05.678Z",
  commit: "abc1234",
  rounds: 7,
  quick: false,
  node: "v20.1.0",
  machine: "a machine",
  servers: { "redis-server": "8.0.1" },
  packages: { redis: "6.3.1" },
}
const GROUPS = { first: { about: "what comes first" }, second: { about: "what comes second" } }
const at = (median: number) => ({ low: median, median, high: median })

function resultOf(more: Partial<GroupResult> = {}): GroupResult {
  return { run: RUN, texts: ["a table"], findings: [], charts: [], figures: { count: 1 }, ...more }
}

describe("isWorthKeeping", () => {
  it("is a run that is whole and not short", () => {
    expect(isWorthKeeping({ quick: false, only: "", rounds: 7 })).toBe(true)
    expect(isWorthKeeping({ quick: true, only: "", rounds: 7 })).toBe(false)
    expect(isWorthKeeping({ quick: false, only: "gcra", rounds: 7 })).toBe(false)
    expect(isWorthKeeping({ quick: false, only: "", rounds: 4 })).toBe(false)
  })
})

describe("resultsPage", () => {
  it("tells targets first, then the groups in their order, with charts and what they were made with", () => {
    const first = resultOf({ findings: [{ target: "read-64 ioredis", measured: at(2) }], charts: [{ name: "sessions", title: "Sessions" }] })
    const page = resultsPage({ second: resultOf({ texts: ["another table"] }), first }, GROUPS)
    const places = ["2026-01-02 03:04 UTC", "redis-server", "## Targets", "1 reached", "## first: what comes first", "a table", "## second: what comes second"]
    expect(places.map((words) => page.indexOf(words))).toEqual(places.map((words) => page.indexOf(words)).toSorted((one, other) => one - other))
    expect(page).toContain("[![Sessions](charts/sessions.svg)](charts/sessions.svg)")
    for (const words of places) expect(page).toContain(words)
  })

  it("says of each group when it was measured, where that was not once", () => {
    const later = { ...RUN, date: "2026-02-03T04:05:06.789Z", commit: null }
    const page = resultsPage({ first: resultOf(), second: resultOf({ run: later }) }, GROUPS)
    expect(page).toContain("## second: what comes second\n\n2026-02-03 04:05 UTC; a machine")
    expect(resultsPage({ first: resultOf(), second: resultOf() }, GROUPS)).not.toContain("second\n\n2026")
  })

  it("says how long a group took", () =>
    expect(resultsPage({ first: resultOf({ seconds: 61 }) }, GROUPS)).toContain("## first: what comes first\n\ntook 61 s\n\na table"))

  it("leaves out a group that is no more", () => expect(resultsPage({ gone: resultOf() }, GROUPS)).not.toContain("a table"))

  it("says whether cores were kept awake", () => {
    expect(told({ ...RUN, awake: true })).toContain("; cores kept awake;")
    for (const awake of [false, undefined]) expect(told({ ...RUN, awake })).not.toContain("awake")
  })

  it("says nothing of rounds where there are none", () => expect(told({ ...RUN, rounds: null })).not.toContain("rounds"))

  it("says that a quick run is too short", () => expect(told({ ...RUN, quick: true })).toContain("too short to judge by"))
})

describe("ResultsFolder", () => {
  let path = ""
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), "coatcheck-bench-"))
  })
  afterEach(() => rm(path, { recursive: true, force: true }))

  it("is made with the folders above it, and tried", async () => {
    const below = join(path, "a", "b")
    await new ResultsFolder(below, GROUPS).prepare()
    expect(await readdir(join(below, "charts"))).toEqual([])
  })

  it("is refused where it cannot be written, or holds another program's results", async () => {
    await writeFile(join(path, "file"), "")
    for (const place of [join(path, "file"), join(path, "file", "below"), "/proc/coatcheck/bench"])
      await expect(new ResultsFolder(place, GROUPS).prepare()).rejects.toThrow(/Expected a folder that can be written.* with --out/)
    await writeFile(join(path, "results.json"), "not JSON")
    await expect(new ResultsFolder(path, GROUPS).prepare()).rejects.toThrow("results.json to be what a run wrote")
  })

  it("replaces what one group said, and keeps the rest", async () => {
    const folder = new ResultsFolder(path, GROUPS)
    await folder.keep("first", resultOf(), [{ name: "one", title: "One", svg: "<svg/>" }])
    await folder.keep("second", resultOf({ texts: ["of the second"] }), [])
    await folder.keep("first", resultOf({ texts: ["anew"], figures: { share: 0.123456789, starts: 1_767_225_600_000 } }), [])
    const page = await readFile(join(path, "RESULTS.md"), "utf8")
    expect(page).toContain("anew")
    expect(page).toContain("of the second")
    expect(page).not.toContain("a table")
    expect(JSON.parse(await readFile(join(path, "results.json"), "utf8"))).toMatchObject({
      first: { figures: { share: 0.12346, starts: 1_767_225_600_000 } },
      second: { run: RUN },
    })
    expect(await readFile(join(path, "charts", "one.svg"), "utf8")).toBe("<svg/>")
  })
})

describe("runGroups", () => {
  const group = (run: () => Promise<Measured>): Group => ({ about: "something", takes: { quick: 60, full: 120 }, run })
  const settings = (kept: string[]) => ({
    run: RUN,
    keep: async (name: string, { texts }: GroupResult) => void kept.push(`${name}: ${texts.join()}`),
    rounds: 7,
    quick: false,
    only: "",
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onText: () => undefined,
    onTook: () => undefined,
  })

  it("keeps what came before the group that breaks", async () => {
    const kept: string[] = []
    const saying: Group["run"] = async ({ onText }) => {
      onText("said")
      return { figures: 1 }
    }
    const groups = [
      ["good", { ...group(async () => ({ figures: 1 })), run: saying }],
      ["bad", group(() => Promise.reject(new Error("broken")))],
    ] as const
    await expect(runGroups(groups, settings(kept))).rejects.toThrow("broken")
    expect(kept).toEqual(["good: said"])
  })

  it("writes below each chart what it was made with", async () => {
    const svgs: string[] = []
    const charts = [{ name: "one", title: "One", svg: picture({ width: 500, height: 100, title: "One", description: "" }) }]
    const keep = async (_name: string, _result: GroupResult, kept: readonly Chart[]) => void svgs.push(...kept.map(({ svg }) => svg))
    await runGroups([["one", group(async () => ({ figures: 1, charts }))]], { ...settings([]), keep })
    for (const words of ["2026-01-02 03:04 UTC, commit abc1234; a machine", "redis-server\u00a08.0.1", "redis\u00a06.3.1"]) expect(svgs[0]).toContain(words)
  })

  it("marks what it found where it was quick, and hands on all of it", async () => {
    const finding = { target: "read-64 ioredis", measured: at(2) } as const
    const groups = [["one", group(async () => ({ figures: 1, findings: [finding] }))]] as const
    expect(await runGroups(groups, settings([]))).toEqual([finding])
    expect(await runGroups(groups, { ...settings([]), quick: true })).toEqual([{ ...finding, isQuick: true }])
  })

  it("refuses rows that no group has, and keeps nothing of a group that has none", async () => {
    const saying: Group["run"] = async ({ onText }) => {
      onText("said")
      return { figures: 1 }
    }
    const kept: string[] = []
    const [without, having] = [group(async () => ({ figures: 1 })), { ...group(async () => ({ figures: 1 })), run: saying }]
    await expect(runGroups([["one", without]], { ...settings(kept), only: "such" })).rejects.toThrow('no row of one has "such" in it')
    await runGroups(Object.entries({ one: without, two: having }), { ...settings(kept), only: "a row" })
    expect(kept).toEqual(["two: said"])
  })

  it("knows about how long it takes", () => {
    const groups = [["one", group(async () => ({ figures: 1 }))]] as const
    expect(minutesOf(groups, { quick: false, rounds: 7 })).toBe(2)
    expect(minutesOf(groups, { quick: true, rounds: 3 })).toBe(1)
    expect(minutesOf(groups, { quick: false, rounds: 15 })).toBe(4)
    const [[, one]] = groups
    for (const rounds of [null, { quick: 2, full: 5 }]) expect(minutesOf([["one", { ...one, rounds }]], { quick: false, rounds: 15 })).toBe(2)
  })
})

describe("runOf", () => {
  it.each([
    [" M src/index.ts", true],
    ["?? src/new.ts", true],
    ["?? bench/src/new.ts", true],
    [" M package.json", true],
    ["?? notes.txt", false],
    [" M bench/RESULTS.md", false],
    ["?? bench/charts/new.svg", false],
    ["", false],
  ])("takes %j for a change: %j", (line, expected) => expect(isChange(line)).toBe(expected))

  it("tells the versions of the library and of what stands beside it", () => {
    const { packages, commit } = runOf({ rounds: 7, quick: false })
    expect(packages).toMatchObject({
      coatcheck: expect.stringMatching(/^\d/),
      redis: expect.stringMatching(/^6/),
      "connect-redis": expect.stringMatching(/^\d/),
    })
    expect(Object.values(packages)).not.toContain("not installed")
    // Outside a repository there is none.
    expect(commit ?? "0000000").toMatch(/^[0-9a-f]{7,}(, changed)?$/)
  })
})

describe("the results in this repository", () => {
  const here = new URL("../../", import.meta.url)
  const read = (name: string): Promise<string> => readFile(new URL(name, here), "utf8")

  it("have a chart for each that is told, which says when and with what it was made, and no other", async () => {
    const all = Object.values(JSON.parse(await read("results.json")) as Results)
    const charts = all.flatMap(({ run, charts: drawn }) => drawn.map(({ name }) => ({ name, run })))
    expect((await readdir(new URL("charts/", here))).toSorted()).toEqual(charts.map(({ name }) => `${name}.svg`).toSorted())
    for (const { name, run } of charts) {
      const words = (await read(`charts/${name}.svg`)).replaceAll(/<\/text>|\u00a0/g, " ").replaceAll(/<[^>]*>/g, "")
      expect(words, name).toContain(`${run.date.slice(0, 16).replace("T", " ")} UTC, commit ${run.commit}; ${run.machine}`)
      for (const [library, version] of Object.entries(run.packages)) expect(words, name).toContain(`${library} ${version}`)
    }
  })

  it("are told on the page as they lie there", async () => {
    expect(await read("RESULTS.md")).toBe(resultsPage(JSON.parse(await read("results.json")) as Results, GROUPS_HERE))
  })
})
