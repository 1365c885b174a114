import type { Algorithm } from "./algorithm.js"

/**
 * Keeps the time of every unit.
 *
 * Bound: in **every** window at most `capacity` units, and as many more as were given back within it.
 *
 * Marks: times of the units that count, the oldest first. `period`: the window. No more than `capacity` are kept, for older ones decide nothing.
 */
export const slidingLog: Algorithm = {
  settle(marks, { capacity, period }, now) {
    return marks
      .filter((at) => at > now - period)
      .map((at) => Math.min(at, now))
      .slice(-capacity)
  },
  used(marks) {
    return marks.length
  },
  wait(marks, { capacity, period }, now, cost) {
    const surplus = marks.length + cost - capacity
    return surplus <= 0 ? 0 : (marks[surplus - 1] ?? now) + period - now
  },
  ends(marks, { period }, now) {
    const newest = marks.at(-1)
    return newest === undefined ? 0 : newest + period - now
  },
  take(marks, { capacity }, now, cost) {
    return [...marks, ...Array.from({ length: cost }, () => now)].slice(-capacity)
  },
  giveBack(marks, { period }, _now, cost, until) {
    if (until === null) return marks.slice(0, Math.max(0, marks.length - cost))
    const taken = until - period
    const first = marks.indexOf(taken)
    const own = first === -1 ? 0 : Math.min(cost, marks.lastIndexOf(taken) - first + 1)
    return marks.filter((_at, place) => place < first || place >= first + own)
  },
}
