import { describe, expect, it } from "vitest"
import type { Answer, HistoryLine, OperationArgs, OperationName } from "../histories/history-line.js"
import type { SessionOperation } from "../histories/session-model.js"
import { checkUsers, searchUser, splitByUser } from "../histories/user-histories.js"
import { NO_SESSIONS, stepUser, type UserOperation, type UserState } from "../histories/user-model.js"

type Times = readonly [call: number, ret: number | null]

const seen = (session: string, version = 1, text = "a") => ({ session, version, text })

function line(op: OperationName, [call, ret]: Times, args: OperationArgs, value: Answer): HistoryLine {
  return { client: "c", op, args, call, ret, settled: ret ?? call, outcome: ret === null ? "unknown" : "ok", value }
}

const create = (times: Times, session: string, evicted: string[] = [], limit: number | null = 2): HistoryLine =>
  line("create", times, { user: "u", write: "a", ...(limit === null ? {} : { limit }) }, { seen: seen(session), secret: `k-${session}`, evicted })
const read = (times: Times, session: string): HistoryLine => line("get", times, { session, secret: `k-${session}` }, { seen: seen(session) })
const missed = (times: Times, session: string): HistoryLine => line("get", times, { session, secret: `k-${session}` }, { seen: null })
const end = (times: Times, session: string): HistoryLine => line("delete", times, { session, secret: `k-${session}` }, { ended: true })
const endAll = (times: Times): HistoryLine => line("deleteAll", times, { user: "u" }, { count: 1 })
const list = (times: Times, ...sessions: string[]): HistoryLine => line("list", times, { user: "u" }, { listed: sessions.map((session) => seen(session)) })

const rotate = (times: Times, session: string): HistoryLine =>
  line("rotate", times, { session, secret: `k-${session}`, grace: true }, { seen: seen(session), secret: "replaced" })

const MINUTE = 60e9
const TWO = [create([1, 2], "s"), create([3, 4], "t")]

const GOOD: Readonly<Record<string, readonly HistoryLine[]>> = {
  "two sessions at the limit": TWO,
  "the oldest makes room": [...TWO, create([5, 6], "v", ["s"]), missed([7, 8], "s"), read([7, 8], "t")],
  "no room needed after an end": [...TWO, end([5, 6], "s"), create([7, 8], "v")],
  "an end beside a creation, before it": [...TWO, end([5, 9], "s"), create([6, 8], "v")],
  "an end beside a creation, after it": [...TWO, end([5, 9], "t"), create([6, 8], "v", ["s"])],
  "two creations side by side, one makes room for the other": [...TWO, create([5, 9], "v", ["s"]), create([6, 8], "w", ["t"])],
  "a lowered limit": [...TWO, create([5, 6], "v", ["s", "t"], 1)],
  "no limit": [...TWO, create([5, 6], "v", [], null), list([7, 8], "s", "t", "v")],
  "a list": [...TWO, list([5, 6], "s", "t")],
  "a list that meets an end on its way": [...TWO, list([5, 9], "s"), end([6, 7], "t")],
  "a list that sees one before its end and the other after it": [...TWO, list([5, 12], "t"), end([6, 7], "s"), end([8, 9], "t")],
  "all ended": [...TWO, endAll([5, 6]), missed([7, 8], "s"), missed([7, 8], "t"), create([9, 10], "v")],
  "all ended, one seen to go before the other": [...TWO, endAll([5, 20]), missed([6, 7], "t"), read([8, 9], "s"), missed([10, 11], "s")],
  "created while all are ended, after the line": [...TWO, endAll([5, 20]), missed([6, 7], "s"), create([8, 9], "v"), read([21, 22], "v")],
  "created while all are ended, before the line": [...TWO, endAll([5, 20]), create([6, 7], "v", ["s"]), missed([21, 22], "v")],
  "all ended, by a call that nobody heard of": [...TWO, endAll([5, null]), missed([6, 7], "s"), read([6, 7], "t")],
  "the old secret after its grace": [
    ...TWO,
    rotate([5, 6], "s"),
    read([7, 8], "s"),
    missed([MINUTE + 5, MINUTE + 6], "s"),
    read([MINUTE + 5, MINUTE + 6], "t"),
  ],
  "a call that nobody heard of, and that did nothing": [...TWO, endAll([5, null]), read([6, 7], "s"), read([6, 7], "t")],
}

const BAD: Readonly<Record<string, readonly HistoryLine[]>> = {
  "the old secret refused in its grace": [...TWO, rotate([5, 6], "s"), missed([7, 8], "s")],
  "a secret that is nobody's in grace refused after a minute": [...TWO, rotate([5, 6], "s"), missed([MINUTE + 5, MINUTE + 6], "t")],
  "beyond the limit": [...TWO, create([5, 6], "v")],
  "the younger one makes room": [...TWO, create([5, 6], "v", ["t"])],
  "more make room than needed": [...TWO, create([5, 6], "v", ["s", "t"])],
  "room is made without need": [...TWO, end([5, 6], "s"), create([7, 8], "v", ["t"])],
  "beyond the limit beside an end that comes too late": [...TWO, end([7, 8], "s"), create([5, 6], "v")],
  "two creations side by side take the same place": [...TWO, create([5, 9], "v", ["s"]), create([6, 8], "w", ["s"])],
  "two creations side by side, neither makes room for the other": [create([1, 2], "s"), create([3, 9], "v"), create([4, 8], "w")],
  "alive after it made room": [...TWO, create([5, 6], "v", ["s"]), read([7, 8], "s")],
  "a list without one": [...TWO, list([5, 6], "s")],
  "a list with one that made room": [...TWO, create([5, 6], "v", ["s"]), list([7, 8], "s", "t", "v")],
  "one is alive after all were ended": [...TWO, endAll([5, 6]), read([7, 8], "t")],
  "created after one was seen to go, and gone with the rest": [...TWO, endAll([5, 20]), missed([6, 7], "s"), create([8, 9], "v"), missed([10, 11], "v")],
  "created after all were ended, and gone": [...TWO, endAll([5, 6]), create([7, 8], "v"), missed([9, 10], "v")],
  "gone before anybody ended all": [...TWO, missed([5, 6], "s"), endAll([7, 8])],
  "back after a call that nobody heard of": [...TWO, endAll([5, null]), missed([6, 7], "s"), read([8, 9], "s")],
  "room made though all were seen to be gone": [...TWO, endAll([5, 20]), missed([6, 7], "s"), missed([6, 7], "t"), create([8, 9], "v", ["s"])],
}

describe("hand-made histories of a user", () => {
  it.each(Object.entries(GOOD))("%s: explained", (_name, lines) => {
    expect(checkUsers(lines, 5_000)).toMatchObject({ users: 1, violations: [], undecided: [] })
  })

  it.each(Object.entries(BAD))("%s: not explained", (_name, lines) => {
    const { users, violations, undecided } = checkUsers(lines, 5_000)
    expect([users, violations.map(({ rule, subject }) => [rule, subject]), undecided]).toEqual([1, [["user search", "u"]], []])
    expect(violations[0]?.what).toContain("none of these can come next")
  })
})

it("a line that was drawn spares whatever is created after it", () => {
  const times = { call: 0, ret: 1 }
  const creation = (session: string): UserOperation => {
    const operation: SessionOperation = { ...times, kind: "create", outcome: "ok", issued: "k", write: "a", seen: seen(session) }
    return { ...times, kind: "create", session, limit: undefined, evicted: [], operation }
  }
  const end = (session: string): UserOperation => ({ ...times, kind: "end one", endOfAll: 1, session })
  const after = (steps: readonly UserOperation[]) => steps.reduce<UserState | undefined>((state, step) => state && stepUser(state, step), NO_SESSIONS)
  const drawn = [creation("s"), { ...times, kind: "draw line", endOfAll: 1 } as const, creation("t")]
  expect(after([creation("s"), end("s")])).toBeUndefined()
  expect(after([...drawn, end("s"), end("t")])?.sessions.get("s")).toEqual({ is: "ended" })
  expect(after([...drawn, end("s"), end("t")])?.sessions.get("t")).toMatchObject({ is: "live" })
})

it("users with a creation that nobody heard of, one session or more than eight are left out", () => {
  expect(splitByUser([create([1, 2], "s")])).toEqual([])
  expect(splitByUser([...TWO, create([5, null], "v")])).toEqual([])
  const many = Array.from({ length: 9 }, (_, i) => create([2 * i, 2 * i + 1], `s${i}`, [], null))
  expect(splitByUser(many)).toEqual([])
  expect(splitByUser(many.slice(1))).toHaveLength(1)
})

it("a search that runs out of time says so", () => {
  const first = [create([1, 2], "s", [], null), create([1, 2], "t", [], null)]
  const unknown = Array.from({ length: 24 }, (_, i) => ({
    ...line("update", [3, null], { session: i % 2 === 0 ? "s" : "t", secret: i % 2 === 0 ? "k-s" : "k-t", write: `w${i}` }, {}),
  }))
  const strange = line("get", [4, 5], { session: "s", secret: "k-s" }, { seen: seen("s", 99, "a") })
  const [history] = splitByUser([...first, ...unknown, strange])
  expect(history?.operations).toHaveLength(27)
  if (history !== undefined) expect(searchUser(history, 30).verdict).toBe("undecided")
})
