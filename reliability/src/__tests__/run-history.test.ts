import { describe, expect, it } from "vitest"
import type { Answer, HistoryLine, OperationArgs, OperationName } from "../histories/history-line.js"
import { ABSENT, type SessionState, UNSEEN_SECRET } from "../histories/session-model.js"
import { Findings } from "../simulation/checks/Findings.js"
import { checkRun, type DataFault } from "../simulation/checks/run-history.js"
import { type Fault, optionsOf } from "../simulation/seed-options.js"

const MS = 1_000_000

/** A call between two times in milliseconds. */
function line(op: OperationName, [call, ret]: readonly [number, number], args: OperationArgs, value: Answer): HistoryLine {
  return { client: "c", op, args, call: call * MS, ret: ret * MS, settled: ret * MS, outcome: "ok", value }
}

const created = (times: readonly [number, number], user: string, session = "s", evicted: string[] = []): HistoryLine =>
  line("create", times, { user, write: "a" }, { seen: { session, version: 1, text: "a" }, secret: "k1", evicted })
const found = (times: readonly [number, number]): HistoryLine =>
  line("get", times, { session: "s", secret: "k1" }, { seen: { session: "s", version: 1, text: "a" } })
const missed = (times: readonly [number, number]): HistoryLine => line("get", times, { session: "s", secret: "k1" }, { seen: null })

/** The rules that the judge sees broken. */
function judge(lines: readonly HistoryLine[], faults: readonly DataFault[], ...kinds: readonly Fault[]): readonly string[] {
  const findings = new Findings()
  const options = { ...optionsOf(1), faults: new Set(kinds), expiring: false }
  checkRun(lines, { faults, failedTouches: [], options }, findings)
  return [...new Set(findings.found.map(({ rule }) => rule))].sort()
}

describe("a session that made room, whose creation was sent a second time", () => {
  const lines = [created([1, 9], "limited"), created([3, 4], "limited", "other", ["s"]), found([10, 11])]
  const madeRoom: DataFault = { kind: "evicted", at: 3.5 * MS, session: "s" }

  it("is there again where its user's list was lost", () => {
    expect(judge(lines, [madeRoom, { kind: "list-evicted", at: 5 * MS, user: "limited" }], "lost-reply", "eviction")).toEqual([])
  })

  it("is not where the list remembers it, or another user's was lost", () => {
    expect(judge(lines, [madeRoom], "lost-reply", "eviction")).toEqual(["V5", "search"])
    expect(judge(lines, [madeRoom, { kind: "list-evicted", at: 5 * MS, user: "unlimited" }], "lost-reply", "eviction")).toEqual(["V5", "search"])
  })

  it("is not once its creation had been answered", () => {
    const answered = [created([1, 2], "limited"), created([3, 4], "limited", "other", ["s"]), found([10, 11])]
    expect(judge(answered, [madeRoom, { kind: "list-evicted", at: 5 * MS, user: "limited" }], "lost-reply", "eviction")).toEqual(["V5", "search"])
  })
})

describe("a session whose secret a failover took back", () => {
  const live = { is: "live", version: 1, text: "a", secret: UNSEEN_SECRET, previous: null } as const
  const back = (state: SessionState): DataFault => ({ kind: "restored", at: 3 * MS, session: "s", state })

  it("opens with it again where a guest's was given out by a step that was sent twice", () => {
    expect(judge([created([1, 2], "guests"), found([5, 6])], [back(live)], "failover")).toEqual([])
  })

  it("need not, for no copy may have been on its way", () => {
    expect(judge([created([1, 2], "guests"), missed([5, 6])], [back(live)], "failover")).toEqual([])
  })

  it("does not open and stay closed in turns", () => {
    expect(judge([created([1, 2], "guests"), found([5, 6]), missed([7, 8])], [back(live)], "failover")).toEqual(["search"])
  })

  it("does not where a user's was made in one step", () => {
    expect(judge([created([1, 2], "unlimited"), found([5, 6])], [back(live)], "failover")).toEqual(["search"])
  })

  it("may be there again where all of it was lost, for then its creation may be read once more", () => {
    expect(judge([created([1, 2], "guests"), found([5, 6])], [back(ABSENT)], "failover")).toEqual([])
  })
})
