import type { Algorithm } from "./algorithm.js"

/**
 * Counts anew in each window. Windows begin at multiples of their length since the epoch.
 *
 * Bound: in each of these windows at most `capacity` units, in any other window at most twice as many; and as many more as were given back.
 *
 * Marks: where the window begins, and how many units count in it. `period`: the window.
 */
export const fixedWindow: Algorithm = {
  settle([start = 0, count = 0], { capacity, period }, now) {
    const current = now - (now % period)
    return start < current || count === 0 ? [] : [current, Math.min(count, capacity)]
  },
  used([, count = 0]) {
    return count
  },
  wait([, count = 0], { capacity, period }, now, cost) {
    return count + cost <= capacity ? 0 : period - (now % period)
  },
  ends([, count = 0], { period }, now) {
    return count === 0 ? 0 : period - (now % period)
  },
  take([, count = 0], { capacity, period }, now, cost) {
    return [now - (now % period), Math.min(count + cost, capacity)]
  },
  giveBack([start = 0, count = 0], _limit, _now, cost, taken) {
    if (taken !== null && taken < start) return [start, count]
    return count <= cost ? [] : [start, count - cost]
  },
}
