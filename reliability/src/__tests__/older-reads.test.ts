import { expect, it } from "vitest"
import { checkHistory } from "../histories/check-history.js"
import type { HistoryLine } from "../histories/history-line.js"
import { allowOlderReads } from "../near/older-reads.js"

const LEASE_MS = 100
const MS = 1_000_000
const SEARCH_MS = 1_000

const line = (op: HistoryLine["op"], atMs: number, version: number | null, more: Partial<HistoryLine> = {}): HistoryLine => ({
  ...{ client: "0.1", op, args: { session: "s", secret: "a", user: "u" }, outcome: "ok", call: atMs * MS, ret: (atMs + 1) * MS, settled: (atMs + 1) * MS },
  value: { seen: version === null ? null : { session: "s", version, text: `t${version}` } },
  ...more,
})
const created = line("create", 0, 1, { args: { session: "s", user: "u", write: "t1" }, value: { seen: { session: "s", version: 1, text: "t1" }, secret: "a" } })
const updated = line("update", 10, 2, { args: { session: "s", secret: "a", write: "t2" } })
const deleted = line("delete", 10, null, { value: { ended: true } })
const elsewhere = { client: "1.1" }

it.each<readonly [what: string, lines: readonly HistoryLine[], isRight: boolean]>([
  ["an old version within the lease", [created, updated, line("get", 100, 1, elsewhere)], true],
  ["an old version later than that", [created, updated, line("get", 112, 1, elsewhere)], false],
  ["an old version in the process that changed it", [created, updated, line("get", 20, 1)], false],
  ["the new version in the process that changed it", [created, updated, line("get", 20, 2)], true],
  ["found within the lease after its end", [created, deleted, line("get", 100, 1, elsewhere)], true],
  ["found later than that", [created, deleted, line("get", 112, 1, elsewhere)], false],
  ["found by the process that ended it", [created, deleted, line("get", 20, 1)], false],
  ["not found before its end", [created, line("get", 5, null, elsewhere), deleted], false],
  [
    "an old version of a list",
    [created, deleted, line("list", 20, null, { ...elsewhere, args: { user: "u" }, value: { listed: [{ session: "s", version: 1, text: "t1" }] } })],
    false,
  ],
])("%s", (_what, lines, isRight) => {
  const { violations, undecided } = checkHistory(allowOlderReads(lines, LEASE_MS), SEARCH_MS)
  expect(undecided).toEqual([])
  expect(violations.length === 0, JSON.stringify(violations)).toBe(isRight)
  // Without a near-cache nothing that is old is right.
  if (isRight) expect(checkHistory(lines, SEARCH_MS).violations.length === 0).toBe(!lines.some(({ op, client }) => op === "get" && client !== "0.1"))
})
