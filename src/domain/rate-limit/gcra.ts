import type { Algorithm } from "./algorithm.js"

/**
 * Generic cell rate algorithm: a token bucket that is kept as one number, the time at which it will be full again.
 *
 * Bound: in any time of length t at most `capacity + floor(t / period)` units, and as many more as were given back within it. Nobody who takes one unit
 * each period is ever denied.
 *
 * Marks: the time at which nothing counts any more. `period`: after how long one unit is given back.
 *
 * @source ITU-T I.371, virtual scheduling
 */
export const gcra: Algorithm = {
  settle([full = 0], { capacity, period }, now) {
    return full <= now ? [] : [Math.min(full, now + capacity * period)]
  },
  used([full = 0], { period }, now) {
    return Math.ceil(Math.max(0, full - now) / period)
  },
  wait([full = 0], { capacity, period }, now, cost) {
    return Math.max(0, Math.max(full, now) + (cost - capacity) * period - now)
  },
  ends([full = 0], _limit, now) {
    return Math.max(0, full - now)
  },
  take([full = 0], { capacity, period }, now, cost) {
    return [Math.min(Math.max(full, now) + cost * period, now + capacity * period)]
  },
  giveBack([full = 0], { period }, now, cost, until) {
    // Of them counts what lies between now and then. The bucket has made up for the rest, with or without them.
    const back = until === null ? cost * period : Math.min(cost * period, Math.max(0, until - now))
    return full - back <= now ? [] : [full - back]
  },
}
