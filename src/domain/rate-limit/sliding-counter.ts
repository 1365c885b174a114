import type { Algorithm, Limit } from "./algorithm.js"

/**
 * Counts in windows that begin at multiples of their length since the epoch, and takes the one before as if its units had come evenly: of them as many
 * count as that window still overlaps with the last `period`, rounded up.
 *
 * Bound: in each of these windows at most `capacity` units, in any other window fewer than twice as many; and as many more as were given back. It is an
 * estimate: where units came unevenly, some are denied that a log would admit, and the other way round.
 *
 * Marks: where the window begins, its units, those of the window before. `period`: the window.
 */
export const slidingCounter: Algorithm = {
  settle([start = 0, count = 0, previous = 0], { capacity, period }, now) {
    const current = now - (now % period)
    const kept = start >= current ? [count, previous] : start === current - period ? [0, count] : [0, 0]
    const [mine = 0, before = 0] = kept.map((units) => Math.min(units, capacity))
    return mine === 0 && before === 0 ? [] : [current, mine, before]
  },
  used([, count = 0, previous = 0], limit, now) {
    return Math.min(limit.capacity, count + overlapping(previous, limit, now))
  },
  wait([, count = 0, previous = 0], limit, now, cost) {
    const { capacity, period } = limit
    const left = period - (now % period)
    if (count + overlapping(previous, limit, now) + cost <= capacity) return 0
    const room = capacity - cost
    // As soon as few enough units of the window before overlap; else in the next window, when few enough of this one do.
    if (count <= room) return Math.max(1, left - Math.floor(((room - count) * period) / previous))
    return left + period - Math.floor((room * period) / count)
  },
  ends([, count = 0, previous = 0], { period }, now) {
    const left = period - (now % period)
    return count > 0 ? left + period : previous > 0 ? left : 0
  },
  take([, count = 0, previous = 0], { capacity, period }, now, cost) {
    return [now - (now % period), Math.min(count + cost, capacity), previous]
  },
  giveBack([start = 0, count = 0, previous = 0], { period }, _now, cost, taken) {
    if (taken === null) return [start, Math.max(0, count - cost), Math.max(0, previous - Math.max(0, cost - count))]
    if (taken >= start) return [start, Math.max(0, count - cost), previous]
    return taken >= start - period ? [start, count, Math.max(0, previous - cost)] : [start, count, previous]
  },
}

function overlapping(previous: number, { period }: Limit, now: number): number {
  return Math.ceil((previous * (period - (now % period))) / period)
}
