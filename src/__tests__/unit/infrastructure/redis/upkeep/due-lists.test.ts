import { expect, it } from "vitest"
import { isListDue } from "../../../../../infrastructure/redis/upkeep/due-lists.js"
import { newSessionId } from "../../../../../infrastructure/services/session/randomness.js"

const MINUTE = 60_000
const NOON = Date.UTC(2030, 0, 1, 12)

/** The minutes after noon in which a session's list is due, where the session is used once a minute. */
function dueMinutes(id: string, minutes: number): readonly number[] {
  return Array.from({ length: minutes }, (_, at) => at).filter((at) => isListDue(id, NOON + at * MINUTE, NOON + (at + 1) * MINUTE))
}

it("is due once in ten minutes of use", () => {
  for (let n = 0; n < 100; n += 1) {
    const due = dueMinutes(newSessionId(), 60)
    expect(due.map((at) => at - (due[0] ?? 0))).toEqual([0, 10, 20, 30, 40, 50])
  }
})

it("is due at the first use after more than ten minutes, and never without time passing", () => {
  for (let n = 0; n < 100; n += 1) {
    const id = newSessionId()
    expect(isListDue(id, NOON, NOON + 10 * MINUTE)).toBe(true)
    expect(isListDue(id, NOON, NOON)).toBe(false)
  }
})

it("is not due for many at once", () => {
  const counts = Array<number>(10).fill(0)
  for (let n = 0; n < 10_000; n += 1) for (const at of dueMinutes(newSessionId(), 10)) counts[at] = (counts[at] ?? 0) + 1
  expect(counts.reduce((sum, count) => sum + count)).toBe(10_000)
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(250)
})
