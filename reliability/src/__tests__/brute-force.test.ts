import fc from "fast-check"
import { expect, it } from "vitest"
import { searchSession } from "../histories/check-history.js"
import { ABSENT, type SessionOperation, type SessionState, step } from "../histories/session-model.js"

type Untimed = Omit<SessionOperation, "call" | "ret">

const seen = (version: number, text: string) => ({ session: "s", version, text })
const CREATE: Untimed = { kind: "create", outcome: "ok", issued: "k", write: "a", seen: seen(1, "a") }
const FOUND_OLD: Untimed = { kind: "read", outcome: "ok", secret: "k", seen: seen(1, "a") }
const FOUND_NEW: Untimed = { kind: "read", outcome: "ok", secret: "k", seen: seen(2, "b") }
const MISSED: Untimed = { kind: "read", outcome: "none", secret: "k" }
const WRITTEN: Untimed = { kind: "update", outcome: "ok", secret: "k", write: "b", seen: seen(2, "b") }
const PERHAPS_WRITTEN: Untimed = { kind: "update", outcome: "unknown", secret: "k", write: "b" }
const ENDED: Untimed = { kind: "delete", outcome: "ok", secret: "k" }
const PERHAPS_ENDED: Untimed = { kind: "delete", outcome: "unknown", secret: "k" }
const CLASH: Untimed = { kind: "update", outcome: "conflict", secret: "k", write: "c", ifVersion: 1 }
const ROTATED: Untimed = { kind: "rotate", outcome: "ok", secret: "k", issued: "l", grace: false }
const ALL_ENDED: Untimed = { kind: "end", outcome: "ok" }
const ALL = [ALL_ENDED, CREATE, FOUND_OLD, FOUND_NEW, MISSED, WRITTEN, PERHAPS_WRITTEN, ENDED, PERHAPS_ENDED, CLASH, ROTATED]

/** Every order of the operations, one after the other, without any memory or short cut. */
function isExplained(left: readonly SessionOperation[], state: SessionState): boolean {
  if (left.every(({ ret }) => !Number.isFinite(ret))) return true
  return left.some((operation) => {
    const others = left.filter((other) => other !== operation)
    if (others.some(({ ret }) => ret < operation.call)) return false
    const next = step(state, operation)
    return next !== undefined && isExplained(others, next)
  })
}

/** All ways in which the calls and returns of so many operations can follow each other; the operations are named by the order of their calls. */
function* interleavings(count: number, events: readonly number[] = [], open: readonly number[] = [], begun = 0): Generator<readonly number[]> {
  if (events.length === 2 * count) yield events
  if (begun < count) yield* interleavings(count, [...events, begun], [...open, begun], begun + 1)
  for (const operation of open) {
    yield* interleavings(
      count,
      [...events, operation],
      open.filter((other) => other !== operation),
      begun,
    )
  }
}

function* sequences(count: number, choices: readonly Untimed[], chosen: readonly Untimed[] = []): Generator<readonly Untimed[]> {
  if (chosen.length === count) yield chosen
  else for (const choice of choices) yield* sequences(count, choices, [...chosen, choice])
}

function timed(operations: readonly Untimed[], events: readonly number[]): SessionOperation[] {
  return operations.map((operation, i) => {
    const ret = operation.outcome === "unknown" ? Number.POSITIVE_INFINITY : events.lastIndexOf(i)
    return { ...operation, call: events.indexOf(i), ret }
  })
}

function compare(history: readonly SessionOperation[]): boolean {
  const explained = isExplained(history, ABSENT)
  const { verdict } = searchSession({ operations: history }, 5_000)
  if (verdict !== (explained ? "ok" : "violation")) throw new Error(`${verdict}, but explained: ${explained}\n${JSON.stringify(history, null, 1)}`)
  return explained
}

it.each([
  [1, ALL],
  [2, ALL],
  [3, ALL],
  // Four of each would be a million: the creation comes first, as in most histories that can be explained at all.
  [4, [FOUND_OLD, FOUND_NEW, MISSED, WRITTEN, ENDED, PERHAPS_ENDED]],
] as const)("the search agrees with trying every order, on all histories of %i operations", (count, choices) => {
  const orders = [...interleavings(count)]
  let explained = 0
  let checked = 0
  const chosen = count === 4 ? [...sequences(3, choices)].map((rest) => [CREATE, ...rest]) : [...sequences(count, choices)]
  for (const operations of chosen) {
    for (const events of orders) {
      checked += 1
      if (compare(timed(operations, events))) explained += 1
    }
  }
  expect(orders).toHaveLength([1, 3, 15, 105][count - 1] ?? 0)
  expect(checked).toBe(chosen.length * orders.length)
  expect(explained).toBeGreaterThan(0)
  expect(explained).toBeLessThan(checked)
})

it("the search agrees with trying every order, on random histories of five operations", () => {
  const orders = [...interleavings(5)]
  let explained = 0
  fc.assert(
    fc.property(fc.tuple(...Array.from({ length: 4 }, () => fc.constantFrom(...ALL))), fc.constantFrom(...orders), (rest, events) => {
      if (compare(timed([CREATE, ...rest], events))) explained += 1
    }),
    { numRuns: 20_000 },
  )
  expect(orders).toHaveLength(945)
  expect(explained).toBeGreaterThan(100)
})

it("of operations that may be left out and look alike, none takes part, or one, or both", () => {
  const found = (version: number): Untimed => ({ ...FOUND_NEW, seen: seen(version, "b") })
  const verdictOf = (last: Untimed): string => {
    const operations = [CREATE, PERHAPS_WRITTEN, PERHAPS_WRITTEN, last].map((one, i) => ({
      ...one,
      call: 2 * i,
      ret: one === PERHAPS_WRITTEN ? Number.POSITIVE_INFINITY : 2 * i + 1,
    }))
    expect(isExplained(operations, ABSENT)).toBe(searchSession({ operations }, 5_000).verdict === "ok")
    return searchSession({ operations }, 5_000).verdict
  }
  expect([FOUND_OLD, found(2), found(3), found(4)].map(verdictOf)).toEqual(["ok", "ok", "ok", "violation"])
})
