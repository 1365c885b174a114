import { describe, expect, it } from "vitest"
import { checkExpiry, type ExpiryLine, type ExpiryRule } from "../expiry/expiry-checker.js"
import { runExpiry } from "../expiry/run-expiry.js"
import { quickSettings } from "./quick-settings.js"

const TIMES = { idleMs: 100, absoluteMs: 250, touchMs: 20 }

const create = (from: number, to: number): ExpiryLine => ({ kind: "create", from, to, found: true })
const access = (from: number, to: number, found = true): ExpiryLine => ({ kind: "access", from, to, found })
const look = (from: number, to: number, found = true): ExpiryLine => ({ kind: "look", from, to, found })

type Row = readonly [name: string, rules: readonly ExpiryRule[], ...lines: readonly ExpiryLine[]]

const ROWS: readonly Row[] = [
  ["nothing", []],
  ["a creation", [], create(0, 2)],
  ["found before its idle deadline", [], create(0, 2), look(99, 101)],
  ["gone after its idle deadline", [], create(0, 2), look(101, 103, false)],
  ["gone while its idle deadline passed", [], create(0, 2), look(95, 100, false)],
  ["gone before its idle deadline", ["ended early"], create(0, 2), look(95, 99, false)],
  ["found within the slack", [], create(0, 2), look(121, 123)],
  ["perhaps found within the slack", [], create(0, 2), look(123, 140)],
  ["found beyond the slack", ["found too late"], create(0, 2), look(124, 140)],
  ["an access moves the deadline", [], create(0, 2), access(90, 92), look(189, 191)],
  ["gone too early after an access", ["ended early"], create(0, 2), access(90, 92), look(185, 189, false)],
  ["gone in time after an access", [], create(0, 2), access(90, 92), look(188, 190, false)],
  ["a look moves nothing", ["found too late"], create(0, 2), look(90, 92), look(190, 192)],
  ["an access that found nothing moves nothing", ["came back"], create(0, 2), access(101, 103, false), look(110, 112)],
  ["found at its absolute deadline, kept by accesses", ["found after its absolute deadline"], create(0, 2), access(90, 92), access(180, 182), look(252, 254)],
  ["found while its absolute deadline passed", [], create(0, 2), access(90, 92), access(180, 182), look(251, 254)],
  ["gone at its absolute deadline", [], create(0, 2), access(90, 92), access(180, 182), look(247, 249, false)],
  ["gone before its absolute deadline", ["ended early"], create(0, 2), access(90, 92), access(180, 182), look(247, 248.5, false)],
  ["not found by a touch in its last millisecond", [], create(0, 2), access(90, 92), access(180, 182), access(247, 248.5, false)],
  ["not found by a touch before it", ["ended early"], create(0, 2), access(90, 92), access(180, 182), access(246, 247.5, false)],
  ["it comes back", ["came back"], create(0, 2), look(104, 106, false), look(107, 109)],
]

describe("hand-made histories of deadlines", () => {
  it.each(ROWS.map(([name, rules, ...lines]) => ({ name, rules, lines })))("$name", ({ rules, lines }) => {
    expect(checkExpiry(lines, TIMES).violations.map(({ rule }) => rule)).toEqual(rules)
  })

  it("count what they met", () => {
    expect(checkExpiry([create(0, 2), access(90, 92), look(130, 132), look(200, 202, false)], TIMES)).toMatchObject({ kept: 1, endedIdle: 1, endedAbsolute: 0 })
    expect(checkExpiry([create(0, 2), access(90, 92), access(180, 182), look(255, 256, false)], TIMES)).toMatchObject({
      kept: 1,
      endedIdle: 0,
      endedAbsolute: 1,
    })
  })
})

it("on a server, sessions end neither early nor late", { timeout: 600_000 }, async () => {
  const [row] = await runExpiry(quickSettings(5))
  expect(row?.why).toEqual([])
  expect(row?.verdict).toBe("passed")
  expect(row?.figures.sessions).toBeGreaterThanOrEqual(60)
})
