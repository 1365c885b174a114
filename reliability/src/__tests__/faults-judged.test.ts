import { setTimeout as pause } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { judge } from "../faults/judge.js"
import { beyondDeadline, limitsHeld } from "../faults/limits.js"
import { ShareWatch } from "../faults/ShareWatch.js"
import { Standstills } from "../faults/Standstills.js"
import type { HistoryLine } from "../histories/history-line.js"

const MS = 1_000_000

function line(at: number, more: Partial<HistoryLine>): HistoryLine {
  return { client: "0.1", op: "get", args: {}, call: at, ret: at + 1, settled: at + 1, outcome: "ok", value: {}, ...more }
}

const SEEN = { session: "AAA.1", version: 1, text: "a" }
const CREATED = line(1, { op: "create", args: { user: "u", write: "a" }, value: { seen: SEEN, secret: "s", evicted: [] } })
const read = (at: number, seen: HistoryLine["value"]["seen"] = SEEN): HistoryLine =>
  line(at, { args: { session: "AAA.1", secret: "s" }, value: { seen: seen ?? null } })
const signedOut = (at: number): HistoryLine => line(at, { op: "delete", args: { session: "AAA.1", secret: "s", bestEffort: true }, value: { ended: true } })
const emptied = (at: number): HistoryLine => line(at, { client: "the fault", op: "deleteAll", args: { user: "u" } })

describe("what a load met", () => {
  it("counts a session that is gone as lost, and one that is back as revived", () => {
    expect(judge([CREATED, read(3), signedOut(5), read(7, null)])).toMatchObject({ lost: 0, revived: 0, violations: [] })
    expect(judge([CREATED, read(3, null)])).toMatchObject({ lost: 1, revived: 0 })
    expect(judge([CREATED, signedOut(3), read(5)])).toMatchObject({ lost: 0, revived: 1 })
    expect(judge([CREATED, line(3, { outcome: "fail", value: { code: "ERR_SESSION_CORRUPT" } })])).toMatchObject({ partial: 1, failed: 1 })
  })

  it("excuses what a fault ended, and no more than that", () => {
    const judged = (lines: readonly HistoryLine[]): readonly string[] => limitsHeld(judge(lines, { ends: [emptied(5)] }), { timeoutMs: 1_000 })
    expect(judged([CREATED, read(3), read(7, null)])).toEqual([])
    expect(judged([CREATED, read(3, null)])).toContainEqual(expect.stringContaining("V6"))
    expect(judged([CREATED, read(3), read(7)])).toContainEqual(expect.stringContaining("V5"))
    expect(judge([CREATED, read(3)], { ends: [emptied(5)] }).operations).toBe(2)
  })

  it("may be the second copy of a change where the store was away, and nowhere else", () => {
    const other = { session: "AAA.2", version: 1, text: "b" }
    const away = line(20, { op: "list", args: { user: "u" }, settled: 40, ret: 40, outcome: "fail", value: { code: "ERR_STORE_UNAVAILABLE" } })
    const creation = (at: number): HistoryLine =>
      line(at, { op: "create", args: { user: "u", write: "b" }, settled: at + 10, ret: at + 10, value: { seen: other, secret: "t", evicted: [] } })
    const gone = read(60, null)
    expect(judge([CREATED, away, creation(35), gone]).violations).toEqual([])
    expect(judge([CREATED, creation(35), gone], { closes: [37] }).violations).toEqual([])
    expect(judge([CREATED, creation(35), gone], { closes: [34, 46] }).violations).toMatchObject([{ rule: "V6" }, { rule: "search" }])
    expect(judge([CREATED, away, creation(45), gone]).violations).toMatchObject([{ rule: "V6" }, { rule: "search" }])
    const update = (at: number): HistoryLine =>
      line(at, { op: "update", args: { session: "AAA.1", secret: "s", write: "c" }, settled: at + 20, ret: at + 20, value: { seen: null } })
    const applied = line(42, { args: { session: "AAA.1", secret: "s" }, value: { seen: { ...SEEN, version: 2, text: "c" } } })
    expect(judge([CREATED, away, update(30), applied, signedOut(45), gone]).violations).toEqual([])
    expect(judge([CREATED, update(30), applied, signedOut(45), gone]).violations).toMatchObject([{ rule: "V2" }, { rule: "search" }])
    expect(judge([CREATED, away, update(30), applied, read(60, { ...SEEN, version: 2, text: "c" })]).lost).toBe(1)
  })

  it("shows what others have written since, where it was a rotation's second copy, and nothing that came after its answer", () => {
    const away = line(20, { op: "list", args: { user: "u" }, settled: 40, ret: 40, outcome: "fail", value: { code: "ERR_STORE_UNAVAILABLE" } })
    const rotation = (at: number, seen: HistoryLine["value"]["seen"] = { ...SEEN, version: 2, text: "c" }): HistoryLine =>
      line(at, {
        op: "rotate",
        args: { session: "AAA.1", secret: "s", grace: false },
        settled: at + 20,
        ret: at + 20,
        value: { seen: seen ?? null, secret: "t" },
      })
    // Nobody could show it before the rotation was made.
    const refused = (at: number): HistoryLine => read(at, null)
    const written = (at: number): HistoryLine =>
      line(at, { op: "update", args: { session: "AAA.1", write: "c" }, value: { seen: { ...SEEN, version: 2, text: "c" } } })
    expect(judge([CREATED, away, rotation(30), refused(36), written(40)]).violations).toEqual([])
    expect(judge([CREATED, rotation(50), refused(56), written(60)]).violations).toMatchObject([{ rule: "search" }])
    expect(judge([CREATED, away, rotation(30), refused(36), written(55)]).violations).toMatchObject([{ rule: "V4" }, { rule: "search" }])
    expect(judge([CREATED, away, rotation(30, SEEN), refused(36), written(40)]).violations).toEqual([])
  })

  it("is excused where writes may be lost, but not in calm times", () => {
    const calm = { until: 10, from: 100 }
    const opened = (at: number, id: string): readonly HistoryLine[] => {
      const seen = { session: id, version: 1, text: id }
      const args = { session: id, secret: id }
      const found = line(at + 4, { args, value: { seen } })
      return [line(at, { op: "create", args: { user: id, write: id }, value: { seen, secret: id, evicted: [] } }), found]
    }
    const ended = (at: number, id: string): HistoryLine => line(at, { op: "delete", args: { session: id, secret: id }, value: { ended: true } })
    const broken = (lines: readonly HistoryLine[]): string => limitsHeld(judge(lines, { calm }), { timeoutMs: 1_000, mayLose: true }).join()
    const around = [...opened(2, "CCC.1"), ended(7, "CCC.1"), ...opened(110, "BBB.1")]
    expect(broken([...around, ...opened(50, "AAA.2"), line(60, { args: { session: "AAA.2" }, value: { seen: null } })])).toBe("")
    expect(broken([...opened(1, "AAA.3"), ended(3, "AAA.3"), ...opened(110, "BBB.1")])).toMatch(/before the fault: V5, AAA.3/)
    expect(broken([...around, ...opened(120, "DDD.1"), ended(122, "DDD.1")])).toMatch(/after the fault: V5, DDD.1/)
    expect(broken(opened(110, "BBB.1"))).toMatch(/Expected sessions to be ended before the fault/)
    expect(broken(around.slice(0, 3))).toMatch(/Expected sessions to be opened after the fault/)
    expect(limitsHeld(judge(around), { timeoutMs: 1_000, mayLose: true }).join()).toMatch(/Expected to be told when/)
  })

  it("is not late by the time for which this process stood still, and late by any other", async () => {
    const origin = process.hrtime.bigint()
    const now = (): number => Number(process.hrtime.bigint() - origin)
    using standstills = new Standstills(origin)
    await pause(30)
    const from = now()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
    const to = now()
    const called = (call: number, settled: number): number => beyondDeadline(judge([{ ...CREATED, call, ret: settled, settled }], { standstills }), 100)
    expect(called(from, to)).toBeLessThan(100)
    expect(called(to + 1_000 * MS, to + 1_300 * MS)).toBe(200)
  })
})

it("a share whose session is gone, or that answers nothing, is not served", async () => {
  const service = { createSession: async () => ({ token: `AAA.${"b".repeat(22)}.c` }) }
  const of = async (updateSession: () => Promise<unknown>): Promise<object | undefined> => {
    const watch = await ShareWatch.open({ ...service, updateSession } as never, 1)
    watch.begin()
    await pause(50)
    return (await watch.end())[0]
  }
  const { answered, gone, silenceMs, calls } = (await of(async () => null)) as Record<string, number>
  expect({ answered, all: gone === calls, silent: (silenceMs ?? 0) >= 40 }).toEqual({ answered: 0, all: true, silent: true })
})
