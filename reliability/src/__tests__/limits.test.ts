import { describe, expect, it } from "vitest"
import { ClockWatch } from "../limits/ClockWatch.js"
import { checkLimits } from "../limits/check-limits.js"
import { byStoreClock, type CheckedRule, type LimitLine, type LimitViolation } from "../limits/limit-line.js"
import { type Mistake, RULES, simulateLimits } from "./simulated-limits.js"

const EXACT = { least: 0, most: 0 }

function judged(lines: readonly LimitLine[], rules: readonly CheckedRule[] = RULES): readonly LimitViolation["rule"][] {
  return [...new Set(checkLimits(rules, byStoreClock(lines, EXACT)).map(({ rule }) => rule))].sort()
}

describe("a limiter that keeps its word", () => {
  it.each(RULES)(
    "$name: is accused of nothing, however slow its answers are",
    async (rule) => {
      for (let seed = 1; seed <= 12; seed++) {
        const lines = await simulateLimits(rule, { seed, calls: 400, slownessMs: [1, 5, 40, 300][seed % 4] ?? 1 })
        expect([seed, judged(lines)]).toEqual([seed, []])
        expect(lines.some(({ answer }) => answer === "denied")).toBe(true)
      }
    },
    300_000,
  )
})

describe("a limiter with a mistake is found out", () => {
  const MISTAKES: readonly (readonly [string, string, Mistake, readonly LimitViolation["rule"][]])[] = [
    ...["gcra", "log", "counter", "fixed"].flatMap((name): (readonly [string, string, Mistake, readonly LimitViolation["rule"][]])[] => [
      [name, "one unit too many", { rule: { capacity: capacityOf(name) + 1 } }, name === "counter" ? ["L2"] : ["L1"]],
      [name, "one unit too few", { rule: { capacity: capacityOf(name) - 1 } }, ["L3"]],
      [name, "what is given back is not", { backTimes: 0 }, ["L3"]],
      [name, "denies now and then", { deniesInTen: 2 }, ["L3"]],
      [name, "denies always", { deniesInTen: 10 }, ["L3"]],
      [name, "admits now and then", { allowsInTen: 2 }, ["L1"]],
      [name, "admits always", { allowsInTen: 10 }, ["L1"]],
    ]),
    ["gcra", "units come back too soon", { rule: { period: 40_000 } }, ["L1"]],
    ["gcra", "units come back too late", { rule: { period: 70_000 } }, ["L3"]],
    ["log", "a window that is too short", { rule: { period: 300_000 } }, ["L1"]],
    ["log", "a window that is too long", { rule: { period: 500_000 } }, ["L3"]],
    ["log", "a fixed window", { rule: { algorithm: "fixed-window" } }, ["L1"]],
    ["log", "a sliding counter", { rule: { algorithm: "sliding-counter" } }, ["L3"]],
    ["fixed", "windows that are too short", { rule: { period: 200_000 } }, ["L1", "L2"]],
    ["fixed", "windows that are too long", { rule: { period: 800_000 } }, ["L3"]],
    ["fixed", "a sliding log", { rule: { algorithm: "sliding-log" } }, ["L3"]],
    ["leases", "one place too many", { rule: { capacity: 4 } }, ["L4"]],
    ["leases", "one place too few", { rule: { capacity: 2 } }, ["L5"]],
    ["leases", "places that are not free again", { keepsLeases: true }, ["L5"]],
    ["leases", "leases that end too late", { rule: { period: 900_000 } }, ["L5"]],
    ["leases", "denies now and then", { deniesInTen: 2 }, ["L5"]],
    ["leases", "grants now and then", { allowsInTen: 2 }, ["L4"]],
  ]

  it.each(MISTAKES)("%s: %s", async (name, _what, mistake, rules) => {
    const rule = RULES.find((one) => one.name === name)
    if (rule === undefined) throw new RangeError("Expected a rule of that name")
    const lines = await simulateLimits(rule, { seed: 7, calls: 900, slownessMs: 4 }, mistake)
    expect(judged(lines)).toEqual(expect.arrayContaining([...rules]))
  })
})

describe("hand-made histories", () => {
  type Step = readonly [op: LimitLine["op"], call: number, settled: number, answer?: LimitLine["answer"], more?: Partial<LimitLine>]
  const line = (rule: string, [op, call, settled, answer = "done", more = {}]: Step): LimitLine => ({
    ...{ process: 0, subject: "s", rule, op, units: 1, call, settled, answer, judgedBy: "store" },
    ...more,
  })
  const W = 400_000
  const full = (at: number, units = 8): Step => ["take", at, at + 10, "done", { units }]
  const HISTORIES: readonly (readonly [name: string, rule: string, steps: readonly Step[], rules: readonly LimitViolation["rule"][]])[] = [
    ["nothing", "log", [], []],
    ["a full window", "log", [full(1_000)], []],
    ["one unit more, surely within the window", "log", [full(1_000), full(2_000, 1)], ["L1"]],
    ["one unit more, that may have come when the window was over", "log", [full(1_000), ["take", 2_000, 1_000 + W]], []],
    ["the next window's unit comes a microsecond too soon", "log", [full(1_000), ["take", W - 1_000, W + 999]], ["L1"]],
    ["one unit more, for one that was given back", "log", [full(1_000), ["give back", 1_500, 1_600], full(2_000, 1)], []],
    ["one unit more, for one that may have been given back", "log", [full(1_000), ["give back", 1_500, 1_600, "untold"], full(2_000, 1)], []],
    ["two units more, for one that was given back", "log", [full(1_000), ["give back", 1_500, 1_600], full(2_000, 2)], ["L1"]],
    ["a unit that nobody was told of does not count as taken", "log", [full(1_000), ["take", 2_000, 2_100, "untold"]], []],
    ["denied when all is used up", "log", [full(1_000), ["take", 2_000, 2_100, "denied"]], []],
    ["denied at the beginning", "log", [["take", 2_000, 2_100, "denied"]], ["L3"]],
    ["denied when one unit is left", "log", [full(1_000, 7), ["take", 2_000, 2_100, "denied"]], ["L3"]],
    ["two units denied when one is left", "log", [full(1_000, 7), ["take", 2_000, 2_100, "denied", { units: 2 }]], []],
    ["denied when the last unit may be taken meanwhile", "log", [full(1_000, 7), ["take", 2_000, 9_000], ["take", 2_000, 2_100, "denied"]], []],
    ["denied when the last unit is taken only later", "log", [full(1_000, 7), ["take", 2_101, 9_000], ["take", 2_000, 2_100, "denied"]], ["L3"]],
    [
      "denied when somebody may have taken it who was not told",
      "log",
      [full(1_000, 7), ["take", 1_500, 1_600, "untold"], ["take", 2_000, 2_100, "denied"]],
      [],
    ],
    ["denied when the window is surely over", "log", [full(1_000), ["take", 1_011 + W, 1_020 + W, "denied"]], ["L3"]],
    ["denied when the window may not be over", "log", [full(1_000), ["take", 1_009 + W, 1_020 + W, "denied"]], []],
    ["denied although the process itself gave a unit back", "log", [full(1_000), ["give back", 1_500, 1_600], ["take", 2_000, 2_100, "denied"]], ["L3"]],
    [
      "denied by another process that may not have heard yet",
      "log",
      [full(1_000), ["give back", 1_500, 1_600, "done", { process: 1 }], ["take", 2_000, 2_100, "denied"]],
      [],
    ],
    ["denied while a unit is given back", "log", [full(1_000), ["give back", 1_500, 2_050], ["take", 2_000, 2_100, "denied"]], []],
    ["a burst, and a unit each period", "gcra", [full(1_000, 5), full(51_010, 1), full(101_010, 1)], []],
    ["a unit before its period", "gcra", [full(1_000, 5), full(49_000, 1)], ["L1"]],
    ["denied after a period", "gcra", [full(1_000, 5), ["take", 51_011, 51_020, "denied"]], ["L3"]],
    ["denied before a period is over", "gcra", [full(1_000, 5), ["take", 51_009, 51_020, "denied"]], []],
    ["two windows' units around a boundary", "fixed", [full(W - 100), full(W + 100)], []],
    ["a window's units, and one that surely lies in it", "fixed", [full(100), full(W - 100, 1)], ["L2"]],
    ["a window's units, and one that may lie in the next", "fixed", [full(100), ["take", W - 100, W]], []],
    ["denied in a new window", "fixed", [full(W - 100), ["take", W, W + 10, "denied"]], ["L3"]],
    ["denied where the window may be the old one", "fixed", [full(W - 100), ["take", W - 1, W + 10, "denied"]], []],
    ["two windows' units around a boundary", "counter", [full(W - 100), full(W + 100)], ["L1"]],
    ["as much as the window before leaves", "counter", [full(W - 100), full(W + W / 2, 4)], []],
    ["denied what the window before leaves", "counter", [full(W - 100), ["take", W + W / 2, W + W / 2 + 10, "denied", { units: 4 }]], ["L3"]],
    ["denied more than the window before leaves", "counter", [full(W - 100), ["take", W + W / 2, W + W / 2 + 10, "denied", { units: 5 }]], []],
  ]

  it.each(HISTORIES)("%s: %s", (_name, rule, steps, rules) => {
    expect(judged(steps.map((step) => line(rule, step)))).toEqual(rules)
  })

  const hold = (lease: string, call: number, settled: number, answer: LimitLine["answer"] = "done"): Step => ["hold", call, settled, answer, { lease }]
  const release = (lease: string, call: number, settled: number): Step => ["release", call, settled, "done", { lease }]
  const three = ["a", "b", "c"].map((name) => hold(name, 1_000, 1_100))
  const LEASES: readonly (readonly [name: string, steps: readonly Step[], rules: readonly LimitViolation["rule"][]])[] = [
    ["as many as the limit", three, []],
    ["one more", [...three, hold("d", 1_200, 1_300)], ["L4"]],
    ["one more, when one is given back", [...three, release("a", 1_200, 1_500), hold("d", 1_300, 1_400)], []],
    ["one more before one is given back", [...three, hold("d", 1_100, 1_200), release("a", 1_300, 1_500)], ["L4"]],
    ["one more when the first have ended by themselves", [...three, hold("d", 301_000, 301_200)], []],
    ["one more before the first can have ended", [...three, hold("d", 300_000, 300_999)], ["L4"]],
    ["denied when all are held", [...three, hold("d", 1_200, 1_300, "denied")], []],
    ["denied when one is free", [...three.slice(1), hold("d", 1_200, 1_300, "denied")], ["L5"]],
    ["denied when one was given back", [...three, release("a", 1_200, 1_300), hold("d", 1_301, 1_400, "denied")], ["L5"]],
    ["denied while one is given back", [...three, release("a", 1_200, 1_300), hold("d", 1_300, 1_400, "denied")], []],
    ["denied when one may be held by whoever was not told", [...three.slice(1), hold("a", 1_000, 1_100, "untold"), hold("d", 1_200, 1_300, "denied")], []],
    ["denied when all have ended by themselves", [...three, hold("d", 301_101, 301_200, "denied")], ["L5"]],
  ]

  it.each(LEASES)("leases, %s", (_name, steps, rules) => {
    expect(judged(steps.map((step) => line("leases", step)))).toEqual(rules)
  })

  it("what a client sent again by itself may have been taken twice, and given back twice", () => {
    const twice = (steps: readonly Step[]): readonly string[] =>
      checkLimits(
        RULES,
        byStoreClock(
          steps.map((step) => line("log", step)),
          EXACT,
        ),
        { copiesOf: () => 2 },
      ).map(({ rule }) => rule)
    expect(twice([full(1_000, 4), ["take", 2_000, 2_100, "denied"]])).toEqual([])
    expect(twice([full(1_000, 3), ["take", 2_000, 2_100, "denied"]])).toEqual(["L3"])
    expect(twice([full(1_000), ["give back", 1_500, 1_600], full(2_000, 2)])).toEqual([])
    expect(twice([full(1_000), ["give back", 1_500, 1_600], full(2_000, 3)])).toEqual(["L1"])
  })

  it("what is not known of the store's clock is in the limiter's favour", () => {
    const one = line("log", ["take", 1_000, 1_100])
    expect(byStoreClock([one], { least: 10.5, most: 20.5 })).toMatchObject([{ from: 1_010, to: 1_121 }])
    expect(byStoreClock([{ ...one, answer: "untold" }], { least: 0, most: 0 })).toMatchObject([{ to: Number.POSITIVE_INFINITY }])
  })
})

it("the clock of this machine is watched, also when it does not run evenly", () => {
  const real = (): number => performance.now() * 1_000
  let behind = 0
  using watch = new ClockWatch(() => real() - behind)
  const { least, most } = watch.offset
  const [earliest, wall, latest] = [real(), Date.now() * 1_000, real()]
  // In whole milliseconds the clock may be read up to one too low.
  expect(wall + 1_000 - earliest).toBeGreaterThan(least)
  expect(wall - latest).toBeLessThan(most)
  behind = 50_000
  const later = watch.offset
  expect(later.least).toBeLessThanOrEqual(most)
  expect(later.most - later.least).toBeGreaterThanOrEqual(50_000)
})

function capacityOf(name: string): number {
  return RULES.find((rule) => rule.name === name)?.capacity ?? 0
}
