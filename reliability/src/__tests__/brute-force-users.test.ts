import fc from "fast-check"
import { expect, it } from "vitest"
import type { SessionOperation } from "../histories/session-model.js"
import { searchUser } from "../histories/user-histories.js"
import { NO_SESSIONS, stepUser, type UserOperation, type UserState } from "../histories/user-model.js"

type Untimed = (call: number, ret: number) => UserOperation

const seen = (session: string) => ({ session, version: 1, text: "a" })
const on = (session: string, more: Omit<SessionOperation, "call" | "ret">): Untimed => {
  return (call, ret) => ({ call, ret, kind: "on one", session, operation: { ...more, call, ret } })
}
const create = (session: string, limit: number, ...evicted: string[]): Untimed => {
  return (call, ret) => ({
    call,
    ret,
    kind: "create",
    session,
    limit,
    evicted,
    operation: { call, ret, kind: "create", outcome: "ok", issued: "k", write: "a", seen: seen(session) },
  })
}
const CREATIONS = [create("s", 2), create("t", 2), create("t", 1, "s"), create("v", 2), create("v", 2, "s"), create("v", 1, "s", "t"), create("v", 1, "t")]
const LOOKS = ["s", "t", "v"].flatMap((session) => [
  on(session, { kind: "read", outcome: "ok", secret: "k", seen: seen(session) }),
  on(session, { kind: "read", outcome: "none", secret: "k" }),
])
const ENDS = ["s", "t"].map((session) => on(session, { kind: "delete", outcome: "ok", secret: "k" }))
const LINE: Untimed = (call, ret) => ({ call, ret, kind: "draw line", endOfAll: 1 })
const END_S: Untimed = (call, ret) => ({ call, ret, kind: "end one", endOfAll: 1, session: "s" })
const END_T: Untimed = (call, ret) => ({ call, ret, kind: "end one", endOfAll: 1, session: "t" })
const ALL = [...CREATIONS, ...LOOKS, ...ENDS, LINE, END_S, END_T]

/** Every order of the operations, one after the other, without any memory or short cut. */
function isExplained(left: readonly UserOperation[], state: UserState): boolean {
  if (left.every(({ ret }) => !Number.isFinite(ret))) return true
  return left.some((operation) => {
    const others = left.filter((other) => other !== operation)
    if (others.some(({ ret }) => ret < operation.call)) return false
    const next = stepUser(state, operation)
    return next !== undefined && isExplained(others, next)
  })
}

it("the search of a user agrees with trying every order, on random histories of up to seven steps", () => {
  const counts = { explained: 0, not: 0 }
  const step = fc.record({ make: fc.constantFrom(...ALL), call: fc.nat(20), length: fc.nat(12), told: fc.integer({ min: 0, max: 9 }) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 7 }), (steps) => {
      // Times must differ: which of two came first at one instant is nobody's promise.
      const history = steps.map(({ make, call, length, told }, i) =>
        make(call + i / 100, told === 0 ? Number.POSITIVE_INFINITY : call + length + 0.5 + i / 100),
      )
      const explained = isExplained(history, NO_SESSIONS)
      counts[explained ? "explained" : "not"] += 1
      expect(searchUser({ operations: history }, 5_000).verdict).toBe(explained ? "ok" : "violation")
    }),
    { numRuns: 20_000 },
  )
  expect(Math.min(counts.explained, counts.not)).toBeGreaterThan(500)
})
