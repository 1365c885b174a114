import type { Answer, HistoryLine, OperationArgs, OperationName, Outcome } from "../histories/history-line.js"
import type { Rule } from "../histories/violation.js"

export interface HandMadeHistory {
  readonly name: string
  readonly lines: readonly HistoryLine[]
  /** Whether an order explains every answer. */
  readonly explained: boolean
  /** What the version checker says. */
  readonly rules: readonly Rule[]
}

const SECOND = 1e9
const MINUTE = 60 * SECOND

/** From when to when; `null`: it never returned. */
type Times = readonly [call: number, ret: number | null]

function line(op: OperationName, [call, ret]: Times, args: OperationArgs, value: Answer, outcome: Outcome = ret === null ? "unknown" : "ok"): HistoryLine {
  return { client: "c", op, args, call, ret, settled: ret ?? call, outcome, value }
}

const seen = (version: number, text: string, session = "s") => ({ session, version, text })
const create = (times: Times, session = "s", more: { evicted?: string[]; limit?: number; user?: string } = {}): HistoryLine =>
  line(
    "create",
    times,
    { user: more.user ?? "u", write: "a", ...(more.limit === undefined ? {} : { limit: more.limit }) },
    { seen: seen(1, "a", session), secret: "k1", evicted: more.evicted ?? [] },
  )
const read = (times: Times, version: number, text: string, secret = "k1"): HistoryLine =>
  line("get", times, { session: "s", secret }, { seen: seen(version, text) })
const missed = (times: Times, secret = "k1"): HistoryLine => line("get", times, { session: "s", secret }, { seen: null })
const write = (times: Times, version: number, text: string, ifVersion?: number): HistoryLine =>
  line(
    "update",
    times,
    { session: "s", secret: "k1", write: text, ...(ifVersion === undefined ? {} : { ifVersion }) },
    times[1] === null ? {} : { seen: seen(version, text) },
  )
const missedWrite = (times: Times): HistoryLine => line("update", times, { session: "s", secret: "k1", write: "x" }, { seen: null })
const clash = (times: Times, ifVersion: number): HistoryLine => line("update", times, { session: "s", secret: "k1", write: "x", ifVersion }, {}, "conflict")
const rotate = (times: Times, from: string, to: string, grace = false): HistoryLine =>
  line("rotate", times, { session: "s", secret: from, grace }, times[1] === null ? {} : { seen: seen(1, "a"), secret: to })
const lostRotate = (times: Times, from: string): HistoryLine => line("rotate", times, { session: "s", secret: from, grace: false }, {}, "conflict")
const end = (times: Times, ended = true): HistoryLine => line("delete", times, { session: "s", secret: "k1" }, { ended })
const lossyEnd = (times: Times): HistoryLine => line("delete", times, { session: "s", secret: "k1", bestEffort: true }, { ended: false })
const endAll = (times: Times, user = "u"): HistoryLine => line("deleteAll", times, { user }, { count: 1 })
const list = (times: Times, ...sessions: string[]): HistoryLine =>
  line("list", times, { user: "u" }, { listed: sessions.map((session) => seen(1, "a", session)) })

type Row = readonly [name: string, explained: boolean, rules: readonly Rule[], ...lines: HistoryLine[]]

const ROWS: readonly Row[] = [
  ["nothing", true, []],
  ["a creation", true, [], create([1, 2])],
  ["a creation and a read", true, [], create([1, 2]), read([3, 4], 1, "a")],
  ["a read beside the creation", true, [], create([1, 5]), read([2, 4], 1, "a")],
  ["no read beside the creation", true, [], create([1, 5]), missed([2, 4])],
  ["a read of what was never written", false, ["V2"], create([1, 2]), read([3, 4], 1, "b")],
  ["a session that is not found while it lives", false, ["V6"], create([1, 2]), missed([3, 4])],
  ["a write that is not let in while it lives", false, ["V6"], create([1, 2]), missedWrite([3, 4])],
  ["a delete that ended the session and lost its first reply", true, [], create([1, 2]), lossyEnd([3, 4]), missed([5, 6])],
  ["a delete that lost its reply, and ended nothing", false, [], create([1, 2]), lossyEnd([3, 4]), read([5, 6], 1, "a")],
  ["a wrong secret", true, [], create([1, 2]), missed([3, 4], "k0")],
  ["a write and its read", true, [], create([1, 2]), write([3, 4], 2, "b"), read([5, 6], 2, "b")],
  ["an old read beside a write", true, [], create([1, 2]), write([3, 6], 2, "b"), read([4, 5], 1, "a")],
  ["a new read beside a write", true, [], create([1, 2]), write([3, 6], 2, "b"), read([4, 5], 2, "b")],
  ["an old read after a write", false, ["V3"], create([1, 2]), write([3, 4], 2, "b"), read([5, 6], 1, "a")],
  ["new, then old, beside a write", false, [], create([1, 2]), write([3, 9], 2, "b"), read([4, 5], 2, "b"), read([6, 7], 1, "a")],
  ["old, then new, beside a write", true, [], create([1, 2]), write([3, 9], 2, "b"), read([4, 5], 1, "a"), read([6, 7], 2, "b")],
  ["a read of a write that began later", false, ["V4"], create([1, 2]), read([3, 4], 2, "b"), write([5, 6], 2, "b")],
  ["a text under another version", false, ["V2"], create([1, 2]), write([3, 4], 2, "b"), write([5, 6], 3, "c"), read([7, 8], 3, "b")],
  ["two writers with one version", false, ["V1"], create([1, 2]), write([3, 6], 2, "b"), write([4, 7], 2, "c")],
  ["two writers in a row with one version", false, ["V1", "V3"], create([1, 2]), write([3, 4], 2, "b"), write([5, 6], 2, "c")],
  ["a version left out", false, ["V1"], create([1, 2]), write([3, 4], 3, "b")],
  ["a version that an unknown write took", true, [], create([1, 2]), write([3, null], 2, "x"), write([4, 5], 3, "b")],
  ["an unknown write that was seen", true, [], create([1, 2]), write([3, null], 2, "x"), read([4, 5], 2, "x")],
  ["an unknown write that takes effect late", true, [], create([1, 2]), write([3, null], 2, "x"), read([4, 5], 1, "a"), read([6, 7], 2, "x")],
  ["an unknown write that came and went", false, [], create([1, 2]), write([3, null], 2, "x"), read([4, 5], 2, "x"), read([6, 7], 1, "a")],
  ["an unknown write that never took effect", true, [], create([1, 2]), write([3, null], 2, "x"), read([4, 5], 1, "a")],
  ["a write at its version", true, [], create([1, 2]), write([3, 4], 2, "b", 1)],
  ["a write at a version that was not there", false, [], create([1, 2]), write([3, 4], 2, "b", 7)],
  ["a clash with a writer", true, [], create([1, 2]), write([3, 4], 2, "b"), clash([5, 6], 1)],
  ["a clash with nobody", false, [], create([1, 2]), clash([3, 4], 1)],
  ["an end", true, [], create([1, 2]), end([3, 4]), missed([5, 6])],
  ["a read after the end", false, ["V5"], create([1, 2]), end([3, 4]), read([5, 6], 1, "a")],
  ["a read beside the end", true, [], create([1, 2]), end([3, 6]), read([4, 5], 1, "a")],
  ["found, not found, beside the end", true, [], create([1, 2]), end([3, 9]), read([4, 5], 1, "a"), missed([6, 7])],
  ["not found, found, beside the end", false, [], create([1, 2]), end([3, 9]), missed([4, 5]), read([6, 7], 1, "a")],
  ["a write after the end", false, ["V5"], create([1, 2]), end([3, 4]), write([5, 6], 2, "b")],
  ["two ends, both of which did it", false, ["V5"], create([1, 2]), end([3, 4]), end([5, 6])],
  ["two ends side by side, one of which did it", true, [], create([1, 2]), end([3, 6]), end([4, 5], false)],
  ["an end that found nothing", false, ["V6"], create([1, 2]), end([3, 4], false)],
  ["an end of unknown outcome, and both answers after it", false, [], create([1, 2]), end([3, null]), missed([4, 5]), read([6, 7], 1, "a")],
  ["an end of unknown outcome that takes effect late", true, [], create([1, 2]), end([3, null]), read([4, 5], 1, "a"), missed([6, 7])],
  ["a rotation", true, [], create([1, 2]), rotate([3, 4], "k1", "k2"), missed([5, 6]), read([5, 6], 1, "a", "k2")],
  ["the old secret after a rotation", false, [], create([1, 2]), rotate([3, 4], "k1", "k2"), read([5, 6], 1, "a")],
  ["the old secret in grace", true, [], create([1, 2]), rotate([3, 4], "k1", "k2", true), read([5, 6], 1, "a")],
  ["the old secret refused in grace", false, ["V6"], create([1, 2]), rotate([3, 4], "k1", "k2", true), missed([5, 6])],
  ["the old secret refused after its grace", true, [], create([1, 2]), rotate([3, 4], "k1", "k2", true), missed([MINUTE + 3, MINUTE + 4])],
  ["the old secret refused a second early", false, ["V6"], create([1, 2]), rotate([3, 4], "k1", "k2", true), missed([59 * SECOND, 59 * SECOND + 1])],
  [
    "the old secret refused after its grace, and the new one too",
    false,
    ["V6"],
    create([1, 2]),
    rotate([3, 4], "k1", "k2", true),
    missed([MINUTE + 3, MINUTE + 4]),
    missed([MINUTE + 5, MINUTE + 6], "k2"),
  ],
  [
    "the old secret refused after its grace, and then taken",
    false,
    [],
    create([1, 2]),
    rotate([3, 4], "k1", "k2", true),
    missed([MINUTE + 3, MINUTE + 4]),
    read([MINUTE + 5, MINUTE + 6], 1, "a"),
  ],
  ["a second rotation ends the grace", true, [], create([1, 2]), rotate([3, 4], "k1", "k2", true), rotate([5, 6], "k2", "k3", true), missed([7, 8])],
  ["two rotations of one secret", false, [], create([1, 2]), rotate([3, 6], "k1", "k2"), rotate([4, 5], "k1", "k3")],
  ["two rotations, one of which is told", true, [], create([1, 2]), rotate([3, 6], "k1", "k2"), lostRotate([4, 7], "k1")],
  ["a rotation that is told of nobody", false, [], create([1, 2]), lostRotate([3, 4], "k1")],
  ["a new secret that is refused", false, ["V6"], create([1, 2]), rotate([3, 4], "k1", "k2"), missed([5, 6], "k2")],
  ["all ended", true, [], create([1, 2]), endAll([3, 4]), missed([5, 6])],
  ["alive after all were ended", false, ["V5"], create([1, 2]), endAll([3, 4]), read([5, 6], 1, "a")],
  ["created while all are ended", true, [], create([3, 4]), endAll([2, 5]), read([6, 7], 1, "a")],
  ["created while all are ended, and gone", true, [], create([3, 4]), endAll([2, 9]), read([5, 6], 1, "a"), missed([7, 8])],
  ["all of another user ended", false, ["V6"], create([1, 2]), endAll([3, 4], "v"), missed([5, 6])],
  ["a list", true, [], create([1, 2]), list([3, 4], "s")],
  ["a list without it", false, ["V6", "V7"], create([1, 2]), list([3, 4])],
  ["a list beside its creation", true, [], create([1, 4]), list([2, 3])],
  ["a list beside its end", true, [], create([1, 2]), list([3, 6]), end([4, 5])],
  ["a list with an ended one", false, ["V5", "V7"], create([1, 2]), end([3, 4]), list([5, 6], "s")],
  ["a list with one twice", true, ["V7"], create([1, 2]), list([3, 4], "s", "s")],
  ["a list with a stranger's", true, ["V7"], create([1, 2]), create([1, 2], "t", { user: "v" }), list([3, 4], "s", "t")],
  ["at the limit", true, [], create([1, 2], "s", { limit: 1 }), create([3, 4], "t", { limit: 1, evicted: ["s"] }), missed([5, 6])],
  ["beyond the limit", true, ["V8"], create([1, 2], "s", { limit: 1 }), create([3, 4], "t", { limit: 1 })],
  ["beside each other at the limit", true, [], create([1, 4], "s", { limit: 1 }), create([2, 3], "t", { limit: 1, evicted: ["s"] })],
  ["an eviction without need", true, ["V8"], create([1, 2], "s", { limit: 2 }), create([3, 4], "t", { limit: 2, evicted: ["s"] })],
  ["alive after its eviction", false, ["V5"], create([1, 2], "s", { limit: 1 }), create([3, 4], "t", { limit: 1, evicted: ["s"] }), read([5, 6], 1, "a")],
  [
    "evicted twice",
    false,
    ["V8"],
    create([1, 2], "s", { limit: 2 }),
    create([1, 2], "t", { limit: 2 }),
    create([3, 4], "v", { limit: 2, evicted: ["s"] }),
    create([5, 6], "w", { limit: 2, evicted: ["s"] }),
  ],
]

export const HAND_MADE: readonly HandMadeHistory[] = ROWS.map(([name, explained, rules, ...lines]) => ({ name, explained, rules, lines }))
