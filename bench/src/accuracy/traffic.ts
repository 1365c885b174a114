/** Requests of one kind, in the order in which they come. */
export interface Traffic {
  readonly name: string
  /** Whole milliseconds since the epoch. */
  readonly times: readonly number[]
}

export interface TrafficSettings {
  readonly seed: number
  readonly limit: number
  /** In milliseconds. */
  readonly window: number
  /** How long it goes on, in windows. */
  readonly windows: number
  /** When it begins, in milliseconds since the epoch; a multiple of the window. */
  readonly starts: number
}

type Random = () => number
type Pattern = (random: Random, settings: TrafficSettings) => readonly number[]

/** Windows from one edge to the next, so that none has to do with the one before. */
const EDGE_CYCLE = 3

/** Times from 0, by the name of the kind. */
const PATTERNS: Readonly<Record<string, Pattern>> = {
  /** On and off: for up to one and a half windows as much as six times the limit, then a pause. */
  bursts: (random, { limit, window, windows }) => {
    const times: number[] = []
    for (let at = 0; at < windows * window; at += (0.1 + 2 * random()) * window) {
      const ends = at + (0.05 + 1.45 * random()) * window
      const gap = window / (limit * (1 + 5 * random()))
      for (; at < ends; at += gap * 2 * random()) times.push(at)
    }
    return times
  },
  /** All units at the end of a window that began with one request, and all of the next right after. */
  "edges of windows": (random, { limit, window, windows }) =>
    Array.from({ length: Math.floor(windows / EDGE_CYCLE) }, (_, cycle) => {
      const begins = cycle * EDGE_CYCLE * window
      const edge = begins + window
      const spread = (0.02 + 0.08 * random()) * window
      const before = Array.from({ length: limit - 1 }, (_one, at) => edge - spread + (at * spread) / limit)
      const after = Array.from({ length: limit }, (_one, at) => edge + (at * spread) / limit)
      return [begins, ...before, ...after]
    }).flat(),
  /** One and a half times the limit, evenly. */
  "steady above the limit": (random, { limit, window, windows }) =>
    Array.from({ length: Math.floor(1.5 * limit * windows) }, (_, at) => ((at + random()) * window) / (1.5 * limit)),
  /** Nine tenths of the limit, as chance has it. */
  "random below the limit": (random, { limit, window, windows }) => {
    const times: number[] = []
    for (let at = 0; at < windows * window; at += (-Math.log(1 - random()) * window) / (0.9 * limit)) times.push(at)
    return times
  },
}

/** Makes traffic of each kind, the same for the same seed. */
export function trafficOf(settings: TrafficSettings): readonly Traffic[] {
  const { seed, window, windows, starts } = settings
  return Object.entries(PATTERNS).map(([name, pattern], place) => {
    const within = pattern(seededRandom(seed + place), settings).filter((at) => at < windows * window)
    return { name, times: within.map((at) => starts + Math.floor(at)).sort((one, other) => one - other) }
  })
}

/** Numbers from 0 to below 1: xorshift of 32 bits, which is even enough for traffic. */
function seededRandom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
