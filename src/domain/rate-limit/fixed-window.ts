import type { Algorithm } from "./algorithm.js"

/**
 * Counts anew in each window. Windows begin at multiples of their length since the epoch.
 *
 * Bound: in each of these windows at most `capacity` units, in any other window at most twice as many; and as many more as were given back.
 *
 * A clock that is set back to the window before does not begin that anew: the later one goes on until its own end. What lies further ahead counts in the next window.
 *
 * Marks: where the window begins, and how many units count in it. `period`: the window.
 */
export const fixedWindow: Algorithm = {
  settle([start = 0, count = 0], { capacity, period }, now) {
    const current = now - (now % period)
    if (start < current || count === 0) return []
    const begins = Math.min(start, current + period)
    // One that began under another length goes on in the window that it lies in.
    return [begins - (begins % period), Math.min(count, capacity)]
  },
  used([, count = 0]) {
    return count
  },
  wait([start = 0, count = 0], { capacity, period }, now, cost) {
    return count + cost <= capacity ? 0 : start + period - now
  },
  ends([start = 0, count = 0], { period }, now) {
    return count === 0 ? 0 : start + period - now
  },
  take([start, count = 0], { capacity, period }, now, cost) {
    return [start ?? now - (now % period), Math.min(count + cost, capacity)]
  },
  giveBack([start = 0, count = 0], _limit, _now, cost, until) {
    if (until !== null && until <= start) return [start, count]
    return count <= cost ? [] : [start, count - cost]
  },
}
