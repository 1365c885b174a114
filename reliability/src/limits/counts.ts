import type { CheckedRule } from "./limit-line.js"

/** What counts, told by the formulas of docs/reliability.md and not by the library: from an instant to the next, never back. Times are microseconds of the store's clock. */
export interface Count {
  take(at: number, units: number): void
  giveBack(at: number, units: number): void
  fits(at: number, units: number): boolean
  copy(): Count
}

/** An empty count of a rule that counts. */
export function newCount(rule: CheckedRule): Count {
  switch (rule.algorithm) {
    case "gcra":
      return bucket(rule, 0)
    case "sliding-log":
      return log(rule, [])
    default:
      return windows(rule, { current: 0, count: 0, previous: 0 })
  }
}

/** @param full when nothing counts any more */
function bucket(rule: CheckedRule, full: number): Count {
  const { capacity, period } = rule
  let ends = full
  return {
    take: (at, units) => {
      ends = Math.min(Math.max(ends, at) + units * period, at + capacity * period)
    },
    giveBack: (_at, units) => {
      ends -= units * period
    },
    fits: (at, units) => Math.max(ends, at) + units * period <= at + capacity * period,
    copy: () => bucket(rule, ends),
  }
}

/** @param times of units, the oldest first */
function log(rule: CheckedRule, times: number[]): Count {
  const { capacity, period } = rule
  return {
    take: (at, units) => {
      // What has run out decides nothing, and the newest are given back first.
      times.splice(
        0,
        Math.max(
          0,
          times.findIndex((time) => time > at - period),
        ),
      )
      for (let i = 0; i < units; i++) times.push(at)
    },
    giveBack: (_at, units) => void times.splice(Math.max(0, times.length - units)),
    // So many of the newest decide.
    fits: (at, units) => (times[times.length - 1 - capacity + units] ?? Number.NEGATIVE_INFINITY) <= at - period,
    copy: () => log(rule, [...times]),
  }
}

interface Windows {
  current: number
  count: number
  previous: number
}

function windows(rule: CheckedRule, begun: Windows): Count {
  const { algorithm, capacity, period } = rule
  const state = { ...begun }
  const goTo = (at: number): void => {
    const window = Math.floor(at / period)
    if (window <= state.current) return
    state.previous = window === state.current + 1 && algorithm === "sliding-counter" ? state.count : 0
    state.count = 0
    state.current = window
  }
  return {
    take: (at, units) => {
      goTo(at)
      state.count += units
    },
    giveBack: (at, units) => {
      goTo(at)
      const own = Math.min(units, state.count)
      state.count -= own
      state.previous = Math.max(0, state.previous - units + own)
    },
    fits: (at, units) => {
      goTo(at)
      return state.count + Math.ceil((state.previous * (period - (at % period))) / period) + units <= capacity
    },
    copy: () => windows(rule, state),
  }
}
