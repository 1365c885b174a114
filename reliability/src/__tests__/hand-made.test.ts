import { describe, expect, it } from "vitest"
import { checkHistory, explain, searchSession } from "../histories/check-history.js"
import { splitBySession } from "../histories/session-histories.js"
import { checkVersions } from "../histories/version-checker.js"
import { HAND_MADE } from "./hand-made-histories.js"

const SEARCH_MS = 5_000

describe("hand-made histories", () => {
  it("are at least forty, good ones and bad ones", () => {
    expect(HAND_MADE.filter(({ explained, rules }) => explained && rules.length === 0).length).toBeGreaterThanOrEqual(20)
    expect(HAND_MADE.filter(({ explained, rules }) => !explained || rules.length > 0).length).toBeGreaterThanOrEqual(20)
    expect(new Set(HAND_MADE.map(({ name }) => name)).size).toBe(HAND_MADE.length)
  })

  it.each(HAND_MADE)("$name: the search", ({ lines, explained }) => {
    const verdicts = splitBySession(lines).map((history) => searchSession(history, SEARCH_MS).verdict)
    expect(verdicts).not.toContain("undecided")
    expect(verdicts.every((verdict) => verdict === "ok")).toBe(explained)
  })

  it.each(HAND_MADE)("$name: the version checker", ({ lines, rules }) => {
    const found = new Set(checkVersions(lines).map(({ rule }) => rule))
    expect([...found].sort()).toEqual([...rules].sort())
  })
})

it("every rule of the version checker is broken by some hand-made history", () => {
  expect([...new Set(HAND_MADE.flatMap(({ rules }) => rules))].sort()).toEqual(["V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8"])
})

it("a failure shows the longest order that was found, and what could not follow", () => {
  const [history] = splitBySession(HAND_MADE.find(({ name }) => name === "a read after the end")?.lines ?? [])
  expect(history).toBeDefined()
  if (history === undefined) return
  const verdict = searchSession(history, SEARCH_MS)
  expect(verdict.verdict).toBe("violation")
  expect(verdict.order.map(({ kind }) => kind)).toEqual(["create", "delete"])
  if (verdict.verdict === "ok") return
  const text = explain(verdict, history.operations.length)
  expect(text).toContain("2 of 3 operations")
  expect(text.split("none of these can come next")[1]).toContain("read ok secret=k1 version=1 text=a")
})

it("a search that runs out of time says so", () => {
  // Many writes side by side whose outcome nobody knows, and a read that none of them explains: every order has to be tried.
  const creation = HAND_MADE.find(({ name }) => name === "a creation")?.lines ?? []
  const unknown = Array.from({ length: 24 }, (_, i) => ({
    client: "c",
    op: "update" as const,
    args: { session: "s", secret: "k1", write: `w${i}` },
    call: 3,
    ret: null,
    settled: 3,
    outcome: "unknown" as const,
    value: {},
  }))
  const strange = {
    client: "c",
    op: "get" as const,
    args: { session: "s", secret: "k1" },
    call: 4,
    ret: 5,
    settled: 5,
    outcome: "ok" as const,
    value: { seen: { session: "s", version: 99, text: "a" } },
  }
  const report = checkHistory([...creation, ...unknown, strange], 30)
  expect(report.undecided).toEqual(["s"])
  expect(report.unknown).toBe(24)
})
