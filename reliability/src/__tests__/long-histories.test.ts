import { expect, it } from "vitest"
import { checkHistory } from "../histories/check-history.js"
import type { HistoryLine, Seen } from "../histories/history-line.js"

const SEARCH_MS = 10_000

/** One user who signs in again and again, with a limit of two; each sign-in is followed by a list, each fourth list by the end of all. */
function longHistory(signIns: number): HistoryLine[] {
  const lines: HistoryLine[] = []
  let alive: Seen[] = []
  const add = (line: Pick<HistoryLine, "op" | "value"> & { readonly args?: HistoryLine["args"] }): void => {
    const call = lines.length * 10 + 1
    lines.push({ client: "0.1", call, ret: call + 5, settled: call + 5, outcome: "ok", ...line, args: { user: "u", ...line.args } })
  }
  for (let i = 0; i < signIns; i++) {
    const seen = { session: `AAA.${i}`, version: 1, text: `${i}` }
    const evicted = alive.length < 2 ? [] : [alive[0]?.session ?? ""]
    add({ op: "create", args: { write: `${i}`, limit: 2 }, value: { seen, secret: `s${i}`, evicted } })
    alive = [...alive.slice(evicted.length), seen]
    add({ op: "list", value: { listed: alive } })
    if (i % 4 !== 3) continue
    add({ op: "deleteAll", value: { count: alive.length } })
    alive = []
  }
  return lines
}

it("a history of one user is judged in a time that grows as its length, and every rule still holds at its end", { timeout: 600_000 }, () => {
  const lines = longHistory(6_000)
  const { violations, undecided, operations } = checkHistory(lines, SEARCH_MS)
  expect([violations, undecided, operations]).toEqual([[], [], 13_500])

  const broken = (change: (line: HistoryLine, at: number) => HistoryLine) =>
    checkHistory(lines.map(change), SEARCH_MS).violations.map(({ rule, subject }) => `${rule} ${subject}`)
  const last = lines.findLastIndex(({ op, value }) => op === "list" && value.listed?.length === 2)
  const [first = { session: "", version: 0, text: "" }] = lines[last]?.value.listed ?? []
  const with_ = (listed: readonly Seen[]) => broken((line, at) => (at === last ? { ...line, value: { listed } } : line))
  expect(with_([first])).toEqual(expect.arrayContaining(["V7 u"]))
  expect(with_([first, first, ...(lines[last]?.value.listed?.slice(1) ?? [])])).toEqual(["V7 u"])
  expect(with_([...(lines[last]?.value.listed ?? []), { session: "AAA.7", version: 1, text: "7" }])).toEqual(
    expect.arrayContaining(["V7 u", "V5 AAA.7", "search AAA.7"]),
  )
})
