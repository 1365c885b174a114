import type { Algorithm, Limit, Marks } from "./algorithm.js"

/**
 * Counts in windows that begin at multiples of their length since the epoch, and takes the one before as if its units had come evenly: of them as many
 * count as that window still overlaps with the last `period`, rounded up.
 *
 * Bound: in each of these windows at most `capacity` units, in any other window fewer than twice as many; and as many more as were given back. It is an
 * estimate: where units came unevenly, some are denied that a log would admit, and the other way round.
 *
 * When the clock is set back before the window, all units of both windows count as if they had just been taken. So nothing is admitted anew, and nobody is denied
 * for longer than if everything had just been used up.
 *
 * Marks: where the window begins, its units, those of the window before. `period`: the window.
 */
export const slidingCounter: Algorithm = {
  settle([start = 0, count = 0, previous = 0], { capacity, period }, now) {
    const current = now - (now % period)
    const isAhead = start > now
    // One that began under another length goes on in the window that it lies in.
    const kept = isAhead ? [count + previous, 0] : start >= current ? [count, previous] : start >= current - period ? [0, count] : [0, 0]
    const [mine = 0, before = 0] = kept.map((units) => Math.min(units, capacity))
    return mine === 0 && before === 0 ? [] : [current, mine, before]
  },
  used(marks, limit, now) {
    const [, count = 0] = marks
    return Math.min(limit.capacity, count + overlapping(marks, limit, now))
  },
  wait(marks, limit, now, cost) {
    const { capacity, period } = limit
    const [start = 0, count = 0, previous = 0] = marks
    if (count + overlapping(marks, limit, now) + cost <= capacity) return 0
    const room = capacity - cost
    // As soon as few enough units of the window before overlap; else in the next window, when few enough of this one do.
    if (count <= room) return Math.max(now + 1, start + period - Math.floor(((room - count) * period) / previous)) - now
    return start + 2 * period - Math.floor((room * period) / count) - now
  },
  ends([start = 0, count = 0, previous = 0], { period }, now) {
    return count > 0 ? start + 2 * period - now : previous > 0 ? start + period - now : 0
  },
  take([start, count = 0, previous = 0], { capacity, period }, now, cost) {
    return [start ?? now - (now % period), Math.min(count + cost, capacity), previous]
  },
  giveBack([start = 0, count = 0, previous = 0], { period }, _now, cost, until) {
    if (until === null) return [start, Math.max(0, count - cost), Math.max(0, previous - Math.max(0, cost - count))]
    if (until >= start + 2 * period) return [start, Math.max(0, count - cost), previous]
    return until >= start + period ? [start, count, Math.max(0, previous - cost)] : [start, count, previous]
  },
}

function overlapping([start = 0, , previous = 0]: Marks, { period }: Limit, now: number): number {
  return Math.ceil((previous * (start + period - now)) / period)
}
