import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Limit, Marks } from "../../../../domain/rate-limit/algorithm.js"
import { ALGORITHMS } from "../../../../domain/rate-limit/record.js"
import type { CountingAlgorithm } from "../../../../domain/rate-limit/rules.js"

/** A multiple of every window below, so that the first window begins with it. */
const START = 1_800_000_000_000_000 - (1_800_000_000_000_000 % 5_040)

interface Step {
  /** Microseconds since the step before; negative where the clock is set back. */
  readonly after: number
  readonly cost: number
}
interface Admitted {
  readonly at: number
  readonly cost: number
}

const limits = fc.record({ capacity: fc.integer({ min: 1, max: 8 }), period: fc.constantFrom(7, 60, 100, 720) })
const steps = (least: number) => fc.array(fc.record({ after: fc.integer({ min: least, max: 200 }), cost: fc.integer({ min: 1, max: 3 }) }), { maxLength: 60 })

/** Lets traffic through an algorithm. @param real the time that passes whatever the clock says */
function admit(name: CountingAlgorithm, limit: Limit, traffic: readonly Step[]): { readonly admitted: readonly Admitted[]; readonly denied: number } {
  const { settle, wait, take, ends } = ALGORITHMS[name]
  const admitted: Admitted[] = []
  let [marks, now, real, denied]: [Marks, number, number, number] = [[], START, START, 0]
  for (const { after, cost: wanted } of traffic) {
    now += after
    real += Math.max(0, after)
    const cost = Math.min(wanted, limit.capacity)
    const settled = settle(marks, limit, now)
    if (wait(settled, limit, now, cost) === 0) {
      marks = take(settled, limit, now, cost)
      admitted.push({ at: real, cost })
    } else {
      denied += 1
      // As a store writes what lies ahead.
      if (ends(settled, limit, now) < ends(marks, limit, now)) marks = settled
    }
  }
  return { admitted, denied }
}

/** The most units that were admitted in any span of this length that begins with one: both ends included, or its end left out. */
function most(admitted: readonly Admitted[], span: number, endIncluded: boolean): number {
  const within = (from: number, at: number) => at >= from && (endIncluded ? at <= from + span : at < from + span)
  return Math.max(0, ...admitted.map(({ at: from }) => admitted.filter(({ at }) => within(from, at)).reduce((sum, { cost }) => sum + cost, 0)))
}

describe("sliding log", () => {
  it.each([1, -150])("admits no more than the limit in any window, steps of the clock from %d", (least) => {
    fc.assert(
      fc.property(limits, steps(least), (limit, traffic) => {
        expect(most(admit("sliding-log", limit, traffic).admitted, limit.period, false)).toBeLessThanOrEqual(limit.capacity)
      }),
    )
  })
})

describe("GCRA", () => {
  it.each([1, -150])("admits no more than the burst and a unit each period in any time, steps of the clock from %d", (least) => {
    fc.assert(
      fc.property(limits, steps(least), fc.integer({ min: 0, max: 2_000 }), (limit, traffic, span) => {
        const { admitted } = admit("gcra", limit, traffic)
        expect(most(admitted, span, true)).toBeLessThanOrEqual(limit.capacity + Math.floor(span / limit.period))
      }),
    )
  })

  it("never denies whoever takes one unit each period", () => {
    fc.assert(
      fc.property(limits, fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 40 }), (limit, late) => {
        const traffic = late.map((extra) => ({ after: limit.period + extra, cost: 1 }))
        expect(admit("gcra", limit, traffic).denied).toBe(0)
      }),
    )
  })
})

describe.each(["fixed-window", "sliding-counter"] as const)("%s", (name) => {
  it("counts what was taken in windows of another length in the window of its own that they lie in", () => {
    const { settle, wait } = ALGORITHMS[name]
    const [short, long] = [
      { capacity: 5, period: 60 },
      { capacity: 5, period: 720 },
    ]
    const from = START + 5 * short.period
    const settled = settle([from, 5, 0], long, from + 1)
    expect(settled.slice(0, 2)).toEqual([START, 5])
    if (name === "fixed-window") expect(wait(settled, long, from + 1, 1)).toBe(START + long.period - from - 1)
    // In the next window it is the one before, or over.
    const next = settle([from, 5, 0], long, START + long.period)
    expect(next).toEqual(name === "fixed-window" ? [] : [START + long.period, 0, 5])
  })

  it("admits no more than the limit in each aligned window, and no more than twice as many in any", () => {
    fc.assert(
      fc.property(limits, steps(1), (limit, traffic) => {
        const { admitted } = admit(name, limit, traffic)
        const windows = new Map<number, number>()
        for (const { at, cost } of admitted) {
          const window = Math.floor(at / limit.period)
          windows.set(window, (windows.get(window) ?? 0) + cost)
        }
        expect(Math.max(0, ...windows.values())).toBeLessThanOrEqual(limit.capacity)
        expect(most(admitted, limit.period, false)).toBeLessThanOrEqual(2 * limit.capacity - (name === "sliding-counter" ? 1 : 0))
      }),
    )
  })

  it("admits no more than that in the time that really passes when the clock is set back, however far", () => {
    fc.assert(
      fc.property(limits, steps(-150), (limit, traffic) => {
        const { admitted } = admit(name, limit, traffic)
        expect(most(admitted, limit.period, false)).toBeLessThanOrEqual(2 * limit.capacity - (name === "sliding-counter" ? 1 : 0))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe("sliding counter", () => {
  it("counts all as taken now when the clock is set back across the beginning of a window", () => {
    const limit = { capacity: 4, period: 60 }
    const traffic = [
      { after: 59, cost: 4 },
      { after: 16, cost: 1 },
      { after: -16, cost: 1 },
      { after: 1, cost: 1 },
      { after: 30, cost: 2 },
    ]
    const { admitted, denied } = admit("sliding-counter", limit, traffic)
    expect(admitted.map(({ at, cost }) => [at - START, cost])).toEqual([
      [59, 4],
      [75, 1],
      [106, 2],
    ])
    expect(denied).toBe(2)
  })

  it("admits nothing anew when the clock is set back, in any time that really passes", () => {
    fc.assert(
      fc.property(limits, steps(-150), fc.integer({ min: 0, max: 2_000 }), (limit, traffic, span) => {
        const { admitted } = admit("sliding-counter", limit, traffic)
        expect(most(admitted, span, true)).toBeLessThanOrEqual(limit.capacity * (Math.floor(span / limit.period) + 2) - 1)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe("fixed window", () => {
  it("begins no more than once anew each time that the clock is set back", () => {
    fc.assert(
      fc.property(limits, steps(-150), fc.integer({ min: 0, max: 2_000 }), (limit, traffic, span) => {
        const setBack = traffic.filter(({ after }) => after < 0).length
        const { admitted } = admit("fixed-window", limit, traffic)
        expect(most(admitted, span, true)).toBeLessThanOrEqual(limit.capacity * (Math.floor(span / limit.period) + 2 + setBack))
      }),
      { numRuns: 2_000 },
    )
  })

  it("goes on when the clock is set back across its beginning, and ends at its own end", () => {
    const limit = { capacity: 3, period: 60 }
    const traffic = [
      { after: 59, cost: 3 },
      { after: 1, cost: 2 },
      { after: -1, cost: 1 },
      { after: 1, cost: 1 },
      { after: 59, cost: 1 },
      { after: 1, cost: 3 },
    ]
    const { admitted, denied } = admit("fixed-window", limit, traffic)
    expect(admitted.map(({ at, cost }) => [at - START, cost])).toEqual([
      [59, 3],
      [60, 2],
      [60, 1],
      [121, 3],
    ])
    expect(denied).toBe(2)
  })

  it("counts in the next window what lies further ahead, for the current one may end at once", () => {
    const limit = { capacity: 3, period: 60 }
    const traffic = [
      { after: 59, cost: 3 },
      { after: 1, cost: 2 },
      { after: -61, cost: 1 },
      { after: 1, cost: 3 },
      { after: 59, cost: 1 },
      { after: 1, cost: 3 },
    ]
    expect(admit("fixed-window", limit, traffic).admitted.map(({ at, cost }) => [at - START, cost])).toEqual([
      [59, 3],
      [60, 2],
      [60, 1],
      [121, 3],
    ])
  })
})

describe.each(Object.keys(ALGORITHMS) as CountingAlgorithm[])("%s", (name) => {
  const { settle, used, wait, ends, take, giveBack } = ALGORITHMS[name]

  /** Marks after some traffic, settled at a later moment. */
  const states = fc.record({ limit: limits, traffic: steps(-50), later: fc.integer({ min: 0, max: 800 }) }).map(({ limit, traffic, later }) => {
    let [marks, now]: [Marks, number] = [[], START]
    for (const { after, cost } of traffic) {
      now += after
      const settled = settle(marks, limit, now)
      marks = wait(settled, limit, now, Math.min(cost, limit.capacity)) === 0 ? take(settled, limit, now, Math.min(cost, limit.capacity)) : settled
    }
    return { limit, now: now + later, marks: settle(marks, limit, now + later) }
  })

  it("says how long to wait: to the microsecond, and no shorter", () => {
    fc.assert(
      fc.property(states, fc.integer({ min: 1, max: 8 }), ({ limit, now, marks }, wanted) => {
        const cost = Math.min(wanted, limit.capacity)
        const span = wait(marks, limit, now, cost)
        const inThen = (passed: number) => wait(settle(marks, limit, now + passed), limit, now + passed, cost)
        expect(inThen(span)).toBe(0)
        if (span > 0) expect(inThen(span - 1)).toBeGreaterThan(0)
      }),
    )
  })

  it("says when nothing counts any more: to the microsecond", () => {
    fc.assert(
      fc.property(states, ({ limit, now, marks }) => {
        const span = ends(marks, limit, now)
        const inThen = (passed: number) => used(settle(marks, limit, now + passed), limit, now + passed)
        expect(inThen(span)).toBe(0)
        if (span > 0) expect(inThen(span - 1)).toBeGreaterThan(0)
      }),
    )
  })

  it("counts what is taken, never more than the capacity, and never less than nothing", () => {
    fc.assert(
      fc.property(states, fc.integer({ min: 1, max: 8 }), ({ limit, now, marks }, wanted) => {
        const cost = Math.min(wanted, limit.capacity)
        const before = used(marks, limit, now)
        const taken = take(marks, limit, now, cost)
        expect(used(taken, limit, now)).toBe(Math.min(limit.capacity, before + cost))
        expect(used(giveBack(taken, limit, now, 100, null), limit, now)).toBe(0)
        const back = giveBack(marks, limit, now, cost, null)
        expect(used(back, limit, now)).toBeGreaterThanOrEqual(0)
        expect(used(back, limit, now)).toBeLessThanOrEqual(before)
      }),
    )
  })

  it("gives back what was taken, as if it had not been, and nothing that has run out since", () => {
    fc.assert(
      fc.property(states, ({ limit, now, marks }) => {
        fc.pre(wait(marks, limit, now, 1) === 0)
        const taken = take(marks, limit, now, 1)
        const until = now + ends(taken, limit, now)
        expect(used(giveBack(taken, limit, now, 1, until), limit, now)).toBe(used(marks, limit, now))
        const muchLater = now + 10 * limit.capacity * limit.period
        const others = take(settle(taken, limit, muchLater), limit, muchLater, 1)
        expect(used(giveBack(others, limit, muchLater, 1, until), limit, muchLater)).toBe(1)
      }),
    )
  })

  it("gives nothing back beyond what it would be without the units, whatever was taken and ran out since", () => {
    fc.assert(
      fc.property(states, steps(0), fc.integer({ min: 1, max: 3 }), ({ limit, now: first, marks }, traffic, wanted) => {
        const cost = Math.min(wanted, limit.capacity)
        fc.pre(wait(marks, limit, first, cost) === 0)
        let [now, seen, without] = [first, take(marks, limit, first, cost), marks]
        const until = now + ends(seen, limit, now)
        for (const { after, cost: other } of traffic) {
          now += after
          seen = settle(seen, limit, now)
          without = settle(without, limit, now)
          if (wait(seen, limit, now, Math.min(other, limit.capacity)) > 0) continue
          seen = take(seen, limit, now, Math.min(other, limit.capacity))
          without = take(without, limit, now, Math.min(other, limit.capacity))
        }
        const back = giveBack(seen, limit, now, cost, until)
        expect(used(back, limit, now)).toBeGreaterThanOrEqual(used(without, limit, now))
        expect(ends(back, limit, now)).toBeGreaterThanOrEqual(ends(without, limit, now))
      }),
      { numRuns: 1_000 },
    )
  })

  // A fixed window that was begun goes on until its own end.
  const longer = name === "fixed-window" ? 1 : 0

  it("counts on what lies ahead after the clock was set back, and no longer than if it had been taken then", () => {
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 1e9 }), (limit, back) => {
        const full = take([], limit, START, limit.capacity)
        const now = START - back
        const settled = settle(full, limit, now)
        expect(used(settled, limit, now)).toBe(limit.capacity)
        expect(ends(settled, limit, now)).toBeLessThanOrEqual(ends(take([], limit, now, limit.capacity), limit, now) + longer * limit.period)
      }),
    )
  })
})
