import { describe, expect, it } from "vitest"
import { judgeClockPhases } from "../faults/rates/judge-clock-phases.js"
import { judgeRates } from "../faults/rates/judge-rates.js"
import { LOST_CALLS, type LostAnswer, wrongCount } from "../faults/rates/lost-calls.js"
import type { LimitLine } from "../limits/limit-line.js"

const SAME_CLOCK = { least: 0, most: 0 }
const SECOND = 1_000_000

function line(op: LimitLine["op"], at: number, more: Partial<LimitLine> = {}): LimitLine {
  return { process: 0, subject: "s", rule: "log", op, units: 1, call: at, settled: at + 10, answer: "done", judgedBy: "store", ...more }
}

const take = (at: number, units: number, more: Partial<LimitLine> = {}): LimitLine => line("take", at, { units, ...more })
const denied = (at: number, more: Partial<LimitLine> = {}): LimitLine => take(at, 1, { answer: "denied", ...more })

describe("limits through which a fault ran", () => {
  const away = { from: 10_000, to: 20_000 }
  const judged = (lines: readonly LimitLine[], more: object = {}): string =>
    judgeRates(lines, { offset: SAME_CLOCK, disturbances: [away], ...more }).why.join("\n")

  it("keep to their word for an outage, and have one only in it", () => {
    const policy = { judgedBy: "policy" } as const
    expect(judged([denied(12_000, policy)])).toBe("")
    expect(judged([take(12_000, 1, policy)])).toMatch(/onOutage closed .* got policy, done/)
    expect(judged([take(12_000, 1, { ...policy, rule: "open" })])).toBe("")
    expect(judged([denied(12_000, { ...policy, rule: "open" })])).toMatch(/onOutage open .* got policy, denied/)
    expect(judged([take(12_000, 1, { judgedBy: "local", rule: "local" })])).toBe("")
    expect(judged([denied(12_000, { ...policy, rule: "local" })])).toMatch(/onOutage local .* got policy, denied/)
    expect(judged([denied(1_000, policy)])).toMatch(/when nothing was done to it/)
    expect(judged([denied(30_000, policy)])).toMatch(/when nothing was done to it/)
    expect(judged([denied(9_995, policy)])).toBe("")
  })

  it("count in each process by themselves while the store is away, within the formula", () => {
    const local = (at: number, units: number, process: number): LimitLine => take(at, units, { judgedBy: "local", rule: "local", process })
    expect(judged([local(12_000, 6, 0), local(12_100, 6, 1)])).toBe("")
    expect(judged([local(12_000, 6, 0), local(15_100, 1, 0)])).toMatch(/L1, s in process 0, local/)
    expect(judged([take(12_000, 1, { answer: "denied", judgedBy: "local", rule: "local" })])).toMatch(/L3, s in process 0, local/)
  })

  it("may have counted what they did not answer, until soon after the store was heard again", () => {
    const untold = Array.from({ length: 6 }, (_, at) => denied(12_000 + at, { judgedBy: "policy" }))
    expect(judged([...untold, denied(30_000)])).toBe("")
    expect(judged([...untold.slice(0, 5), denied(30_000)])).toMatch(/L3/)
    expect(judged([...untold, denied(20_000 + SECOND + 500_001)])).toMatch(/L3/)
  })

  it("begin anew once for each loss, which is told, and not at other times", () => {
    const lines = [take(1_000, 6), take(30_000, 6)]
    expect(judged(lines)).toMatch(/L1/)
    expect(judged(lines, { mayLose: true })).toBe("")
    expect(judgeRates(lines, { offset: SAME_CLOCK, disturbances: [away], mayLose: true }).surplus).toBe(6)
    expect(judged([...lines, take(31_000, 1)], { mayLose: true })).toMatch(/L1/)
    expect(judged([take(1_000, 6), take(2_000, 1)], { mayLose: true })).toMatch(/L1/)
    const held = (at: number, lease: string): LimitLine => line("hold", at, { rule: "leases", lease })
    expect(judged([held(1_000, "a"), held(1_100, "b"), held(30_000, "c"), held(30_100, "d")], { mayLose: true })).toBe("")
    expect(judged([held(30_000, "c"), held(30_100, "d"), held(30_200, "e")], { mayLose: true })).toMatch(/L4/)
  })

  it("may lose what was given back in a fault, and at no other time", () => {
    expect(judged([take(1_000, 6), line("give back", 12_000), denied(30_000)])).toBe("")
    expect(judged([take(1_000, 6), line("give back", 2_000), denied(30_000)])).toMatch(/L3/)
    expect(judged([take(1_000, 6), line("give back", 25_000), denied(30_000)])).toMatch(/L3/)
    expect(judged([take(1_000, 6), line("give back", 12_000), take(30_000, 1)])).toBe("")
  })

  it("count twice what a client sent again by itself, if at all", () => {
    const lines = [take(12_000, 3), denied(30_000)]
    expect(judged(lines)).toMatch(/L3/)
    expect(judged(lines, { resends: true })).toBe("")
    expect(judged([take(1_000, 3), denied(2_000)], { resends: true })).toMatch(/L3/)
  })
})

describe("a call whose connection broke", () => {
  const wrong = (call: string, answer: LostAnswer, counts: readonly number[], copies = 1): boolean => {
    const lost = LOST_CALLS[call]
    if (lost === undefined) throw new RangeError("Expected the name of a call")
    return wrongCount(call, lost, answer, counts, copies).length > 0
  }

  it.each([
    ["one rule", "answered", [1], 1, false],
    ["one rule", "answered", [0], 1, true],
    ["one rule", "answered", [2], 1, true],
    ["one rule", "answered", [2], 2, false],
    ["one rule", "in its place", [0], 1, false],
    ["one rule", "in its place", [1], 1, false],
    ["one rule", "in its place", [2], 1, true],
    ["all rules", "in its place", [1, 1, 1, 1], 1, false],
    ["all rules", "in its place", [1, 1, 0, 1], 1, true],
    ["lease", "answered", [2], 2, true],
    ["refund", "answered", [2], 1, false],
    ["refund", "answered", [3], 1, true],
    ["refund", "unknown", [3], 1, false],
    ["refund", "unknown", [1], 1, true],
    ["refund", "not applied", [2], 1, true],
  ] as [string, LostAnswer, number[], number, boolean][])("%s, %s, counts %j with %s copies: wrong %s", (call, answer, counts, copies, expected) => {
    expect(wrong(call, answer, counts, copies)).toBe(expected)
  })
})

describe("a store whose clock was set", () => {
  const HOUR = 3_600_000_000
  const phases = (shift: number) => [
    { from: 0, to: 10_000, shift },
    { from: 10_100, to: Number.POSITIVE_INFINITY, shift: 0 },
  ]
  const judged = (lines: readonly LimitLine[], shift: number): readonly string[] => [
    ...new Set(judgeClockPhases(lines, SAME_CLOCK, phases(shift)).map(({ rule }) => rule)),
  ]

  it("back: admits nothing anew, and limits nobody for longer than a window", () => {
    expect(judged([take(1_000, 6), denied(20_000)], HOUR)).toEqual([])
    expect(judged([take(1_000, 6), take(20_000, 6)], HOUR)).toEqual(["L1"])
    expect(judged([take(1_000, 6), denied(10_100 + 500_001)], HOUR)).toEqual(["L3"])
    expect(judged([take(1_000, 6, { rule: "fixed" }), denied(900_000, { rule: "fixed" })], HOUR)).toEqual([])
    expect(judged([take(1_000, 6, { rule: "fixed" }), denied(1_000_001, { rule: "fixed" })], HOUR)).toEqual(["L3"])
  })

  it("back: limits nobody by a sliding counter for longer than if all had just been used up, and admits nothing of it anew", () => {
    const counter = { rule: "counter" } as const
    expect(judged([take(1_000, 6, counter), denied(583_000, counter)], HOUR)).toEqual([])
    expect(judged([take(1_000, 6, counter), denied(583_400, counter)], HOUR)).toEqual(["L3"])
    expect(judged([take(1_000, 6, counter), take(20_000, 6, counter)], HOUR)).toEqual(["L1"])
  })

  it("back: lets one more fixed window begin, and not two", () => {
    const fixed = { rule: "fixed" } as const
    const three = [take(1_000, 6, fixed), take(20_000, 6, fixed), take(500_010, 6, fixed)]
    expect(judged(three, HOUR)).toEqual([])
    expect(judged([take(900, 6, fixed), ...three], HOUR)).toContain("L1")
  })

  it("ahead: admits as much as the limit once more, and not twice", () => {
    expect(judged([take(1_000, 6), take(20_000, 6)], -HOUR)).toEqual([])
    expect(judged([take(1_000, 6), take(20_000, 6), take(21_000, 1)], -HOUR)).toEqual(["L1"])
  })
})
