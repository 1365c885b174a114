import { luaNumber } from "../record-head.js"

/** What a record says, as it counts at some instant. Only what the algorithm keeps is there. */
export interface Marks {
  readonly full: number
  /** Times, the oldest first. */
  readonly log: readonly number[]
  readonly start: number
  readonly count: number
  readonly previous: number
  readonly leases: readonly { readonly id: string; readonly ends: number }[]
  /** The record says that something counts for longer than it can, since the clock was set back. */
  readonly ahead: boolean
}

/** A rule at an instant of the server's clock, all in microseconds. */
export interface Frame {
  readonly now: number
  readonly capacity: number
  readonly period: number
}

export interface RateAlgorithm {
  settle(text: string, frame: Frame): Marks
  wait(marks: Marks, frame: Frame, cost: number): number
  used(marks: Marks, frame: Frame): number
  ends(marks: Marks, frame: Frame): number
  take(marks: Marks, frame: Frame, cost: number): Marks
  /** @param until when the units cease to count; `null`: not known */
  back(marks: Marks, frame: Frame, cost: number, until: number | null): Marks
  write(marks: Marks): string
}

const NONE: Marks = { full: 0, log: [], start: 0, count: 0, previous: 0, leases: [], ahead: false }

export function sixteen(number: number): string {
  return String(number).padStart(16, "0")
}

function numberAt(text: string, from: number, width: number): number {
  return luaNumber(text.slice(from, from + width)) ?? 0
}

/** Where the window begins that an instant lies in. */
const windowOf = (instant: number, period: number): number => instant - (instant % period)
const seven = (number: number): string => String(number).padStart(7, "0")
/** How long the window goes on. */
const left = ({ start }: Marks, { now, period }: Frame): number => start + period - now
const overlapping = (marks: Marks, frame: Frame): number => Math.ceil((marks.previous * left(marks, frame)) / frame.period)

const genericCellRate: RateAlgorithm = {
  settle: (text, { now, capacity, period }) => {
    const [full, most] = [numberAt(text, 17, 16), now + capacity * period]
    return { ...NONE, full: Math.max(now, Math.min(full, most)), ahead: full > most }
  },
  wait: ({ full }, { now, capacity, period }, cost) => Math.max(0, full + cost * period - (now + capacity * period)),
  used: ({ full }, { now, period }) => Math.ceil((full - now) / period),
  ends: ({ full }, { now }) => full - now,
  take: (marks, { now, capacity, period }, cost) => ({ ...marks, full: Math.min(marks.full + cost * period, now + capacity * period) }),
  back: (marks, { now, period }, cost, until) => {
    const counting = until === null ? Number.POSITIVE_INFINITY : Math.max(until, now) - now
    return { ...marks, full: Math.max(now, marks.full - Math.min(counting, cost * period)) }
  },
  write: ({ full }) => sixteen(full),
}

const slidingLog: RateAlgorithm = {
  settle: (text, { now, capacity, period }) => {
    const times = Array.from({ length: Math.max(0, Math.floor((text.length - 17) / 16)) }, (_, at) => numberAt(text, 17 + at * 16, 16))
    const counting = times.filter((time) => time > now - period).map((time) => Math.min(time, now))
    return { ...NONE, log: counting.slice(-capacity), ahead: (times.at(-1) ?? 0) > now }
  },
  wait: ({ log }, { now, capacity, period }, cost) => {
    const leaves = log.length + cost - capacity
    return leaves <= 0 ? 0 : (log[leaves - 1] ?? now) + period - now
  },
  used: ({ log }) => log.length,
  ends: ({ log }, { now, period }) => (log.length === 0 ? 0 : (log.at(-1) ?? now) + period - now),
  take: (marks, { now, capacity }, cost) => ({ ...marks, log: [...marks.log, ...new Array<number>(cost).fill(now)].slice(-capacity) }),
  back: (marks, { period }, cost, until) => {
    if (until === null) return { ...marks, log: marks.log.slice(0, Math.max(0, marks.log.length - cost)) }
    let due = cost
    return { ...marks, log: marks.log.filter((time) => time !== until - period || due-- <= 0) }
  },
  write: ({ log }) => log.map(sixteen).join(""),
}

const fixedWindow: RateAlgorithm = {
  settle: (text, { now, capacity, period }) => {
    const [current, known, units] = [now - (now % period), numberAt(text, 17, 16), numberAt(text, 33, 7)]
    if (known < current || units === 0) return { ...NONE, start: current }
    return { ...NONE, start: windowOf(Math.min(known, current + period), period), count: Math.min(units, capacity), ahead: known > current + period }
  },
  wait: ({ start, count }, { now, capacity, period }, cost) => (count + cost <= capacity ? 0 : start + period - now),
  used: ({ count }) => count,
  ends: ({ start, count }, { now, period }) => (count === 0 ? 0 : start + period - now),
  take: (marks, { capacity }, cost) => ({ ...marks, count: Math.min(marks.count + cost, capacity) }),
  back: (marks, _frame, cost, until) => (until !== null && until <= marks.start ? marks : { ...marks, count: Math.max(0, marks.count - cost) }),
  write: ({ start, count }) => sixteen(start) + seven(count),
}

const slidingCounter: RateAlgorithm = {
  settle: (text, { now, capacity, period }) => {
    const start = now - (now % period)
    const known = numberAt(text, 17, 16)
    const atMost = (units: number): number => Math.min(units, capacity)
    const [mine, before] = [numberAt(text, 33, 7), numberAt(text, 40, 7)]
    if (known > now && mine + before > 0) return { ...NONE, start, count: atMost(mine + before), ahead: true }
    if (known >= start) return { ...NONE, start, count: atMost(mine), previous: atMost(before) }
    return { ...NONE, start, previous: known >= start - period ? atMost(mine) : 0 }
  },
  wait: (marks, frame, cost) => {
    const room = frame.capacity - cost
    if (marks.count + overlapping(marks, frame) <= room) return 0
    const overlap = (units: number, of: number): number => Math.floor((units * frame.period) / of)
    if (marks.count <= room) return Math.max(1, left(marks, frame) - overlap(room - marks.count, marks.previous))
    return left(marks, frame) + frame.period - overlap(room, marks.count)
  },
  used: (marks, frame) => Math.min(frame.capacity, marks.count + overlapping(marks, frame)),
  ends: ({ start, count, previous }, { now, period }) => (count > 0 ? start + 2 * period - now : previous > 0 ? start + period - now : 0),
  take: fixedWindow.take,
  back: (marks, { period }, cost, until) => {
    const windows = until === null ? 2 : Math.floor((until - marks.start) / period)
    const mine = windows >= 2 ? cost : 0
    const before = until === null ? Math.max(0, cost - marks.count) : windows === 1 ? cost : 0
    return { ...marks, count: Math.max(0, marks.count - mine), previous: Math.max(0, marks.previous - before) }
  },
  write: ({ start, count, previous }) => sixteen(start) + seven(count) + seven(previous),
}

const concurrency: RateAlgorithm = {
  ...genericCellRate,
  settle: (text, { now, period }) => {
    const all = Array.from({ length: Math.max(0, Math.floor((text.length - 17) / 38)) }, (_, at) => {
      const from = 17 + at * 38
      return { id: text.slice(from, from + 22), ends: numberAt(text, from + 22, 16) }
    })
    const held = all.filter(({ ends }) => ends > now).map(({ id, ends }) => ({ id, ends: Math.min(ends, now + period) }))
    return { ...NONE, leases: held, ahead: all.some(({ ends }) => ends > now + period) }
  },
  wait: ({ leases }, { now, capacity }) => {
    const ends = leases.map((lease) => lease.ends).sort((a, b) => a - b)
    return ends.length < capacity ? 0 : (ends[ends.length - capacity] ?? now) - now
  },
  used: ({ leases }) => leases.length,
  ends: ({ leases }, { now }) => Math.max(now, ...leases.map((lease) => lease.ends)) - now,
  write: ({ leases }) => leases.map(({ id, ends }) => id + sixteen(ends)).join(""),
}

/** By the letter that begins a record. */
export const RATE_ALGORITHMS: Readonly<Record<string, RateAlgorithm>> = {
  g: genericCellRate,
  l: slidingLog,
  f: fixedWindow,
  c: slidingCounter,
  s: concurrency,
}
