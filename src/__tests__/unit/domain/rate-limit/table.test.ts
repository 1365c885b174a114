import { describe, expect, it } from "vitest"
import type { LimitRecord } from "../../../../domain/rate-limit/record.js"
import type { AlgorithmName, Rule } from "../../../../domain/rate-limit/rules.js"
import * as table from "../../../../domain/rate-limit/table.js"

const START = 1_800_000_000_000_000
const DAY = 86_400_000_000
const PERIOD = 1_000
const CAPACITY = 3

function recording() {
  const records = new Map<string, LimitRecord>()
  let writes = 0
  const rows: table.LimitTable = {
    get: (key) => records.get(key) ?? null,
    put: (key, record) => {
      writes += 1
      records.set(key, record)
    },
    drop: (key) => {
      writes += 1
      records.delete(key)
    },
  }
  return { rows, writes: () => writes }
}

function ruleOf(algorithm: AlgorithmName): Rule {
  return { name: "rule", algorithm, limit: { capacity: CAPACITY, period: PERIOD }, onOutage: "closed", shadow: false }
}

describe.each(["gcra", "sliding-log", "sliding-counter", "fixed-window", "concurrency"] as const)("a subject that used up its %s", (algorithm) => {
  const rule = ruleOf(algorithm)

  function usedUp() {
    const { rows, writes } = recording()
    let calls = 0
    const ask = (now: number): boolean => {
      calls += 1
      if (algorithm === "concurrency") return table.hold(rows, "key", rule, `holder ${calls}`, false, now).taken
      return table.takeAll(rows, [{ key: "key", rule, cost: 1 }], now)[0]?.taken ?? false
    }
    for (let units = 0; units < CAPACITY; units += 1) ask(START)
    return { ask, writes }
  }

  it("writes nothing when it is denied", () => {
    const { ask, writes } = usedUp()
    const before = writes()
    expect([ask(START), ask(START + 1)]).toEqual([false, false])
    expect(writes()).toBe(before)
  })

  it("is let in again soon after the clock was set back, however often it asks meanwhile", () => {
    const { ask } = usedUp()
    let waited = 0
    while (waited <= 10 * PERIOD && !ask(START - DAY + waited)) waited += PERIOD / 10
    expect(waited).toBeGreaterThan(0)
    expect(waited).toBeLessThanOrEqual(3 * PERIOD)
  })
})
