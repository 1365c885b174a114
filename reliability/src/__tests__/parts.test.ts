import { describe, expect, it } from "vitest"
import { readCommandLine } from "../command-line.js"
import { runsIn } from "../faults/run-faults.js"
import { enterNearMode, leaseOfRun, NEAR_MODES, WITH_NEAR_CACHE, WITHOUT_NEAR_CACHE } from "../near/near-mode.js"
import { isNearBrief, partsOf } from "../parts.js"

const names = (...args: readonly string[]): readonly string[] => partsOf(readCommandLine(args)).map(({ layer, mode }) => `${layer.name} ${mode}`)

const WITHOUT = ["suites", "histories", "simulation", "differential", "faults", "peers", "mutants"].map((name) => `${name} without near-cache`)
const WITH = ["suites", "histories", "faults"].map((name) => `${name} with near-cache`)

describe("what runs in which mode", () => {
  it.each([
    ["everything, in both; what knows of no near-cache once", [], [...WITHOUT, ...WITH]],
    ["only without", ["--no-near-cache"], WITHOUT],
    ["only with: what knows of none does not run", ["--near-cache"], WITH],
    ["one layer in both", ["--layer", "faults"], ["faults without near-cache", "faults with near-cache"]],
    ["one that knows of none, once", ["--layer", "peers"], ["peers without near-cache"]],
    ["the soak, so long in each", ["--soak", "1"], ["soak without near-cache", "soak with near-cache"]],
    ["the soak with, alone", ["--soak", "1", "--near-cache"], ["soak with near-cache"]],
  ] as const)("%s", (_what, args, expected) => {
    expect(names(...args)).toEqual(expected)
  })

  it.each([
    [["--near-cache", "--no-near-cache"], "leave both out"],
    [["--near-cache", "--layer", "mutants"], "leave --near-cache out"],
  ])("%j is refused", (args, remedy) => {
    expect(() => readCommandLine(args)).toThrow(remedy)
  })

  it.each([
    [["--quick"], true],
    [[], false],
    [["--quick", "--near-cache"], false],
    [["--quick", "--layer", "faults"], false],
    [["--quick", "--row", "18"], false],
  ])("a quick run %j leaves faults with a near-cache to the full one: %s", (args, brief) => {
    expect(isNearBrief(readCommandLine(args))).toBe(brief)
  })

  it("a fault that is the same in both modes is brought about in one", () => {
    const runs = (nearCache: "own" | "none" | undefined, nearBriefly: boolean): readonly boolean[] =>
      NEAR_MODES.map((mode) => runsIn({ mode, nearBriefly }, nearCache === undefined ? {} : { nearCache }))
    expect(runs("own", false)).toEqual([false, true])
    expect(runs("none", false)).toEqual([true, false])
    expect(runs(undefined, false)).toEqual([true, true])
    expect((["own", "none", undefined] as const).map((one) => runs(one, true))).toEqual([
      [false, true],
      [true, false],
      [true, false],
    ])
  })

  it("services have a near-cache in one mode and not in the other, whatever the environment said before", () => {
    const before = process.env.COATCHECK_NEAR_CACHE
    try {
      enterNearMode(WITH_NEAR_CACHE)
      expect(leaseOfRun()).toBeGreaterThan(0)
      enterNearMode(WITHOUT_NEAR_CACHE)
      expect(leaseOfRun()).toBeNull()
    } finally {
      if (before !== undefined) process.env.COATCHECK_NEAR_CACHE = before
    }
  })
})
