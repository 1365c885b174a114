/** So many requests in any window. `window`: milliseconds, whole seconds. */
export interface LimitOf {
  readonly limit: number
  readonly window: number
}

/** What a limiter said of a request. `at`: milliseconds. */
export interface Decided {
  readonly at: number
  readonly allowed: boolean
}

export interface Accuracy {
  readonly asked: number
  readonly admitted: number
  /** The same, as a share of what one that counts exactly admits of these requests. */
  readonly ofExact: number
  /** The most that was admitted in any window, as a multiple of the limit. */
  readonly most: number
  /** Of all requests: admitted, though the window that ends with them was full. */
  readonly wronglyAllowed: number
  /** Of all requests: denied, though the window that ends with them had room. */
  readonly wronglyDenied: number
}

/**
 * Holds decisions against the exact count: of what the limiter itself admitted, how many lie in the window that ends with a request. A window is open at its
 * beginning, so what came exactly a window ago counts no more.
 *
 * @param decided in the order of time
 */
export function accuracyOf(decided: readonly Decided[], { limit, window }: LimitOf): Accuracy {
  const inWindow = new SlidingCount(window)
  const seen = { admitted: 0, most: 0, wronglyAllowed: 0, wronglyDenied: 0 }
  for (const { at, allowed } of decided) {
    const hasRoom = inWindow.at(at) < limit
    if (allowed) {
      inWindow.add(at)
      seen.admitted++
      seen.most = Math.max(seen.most, inWindow.at(at))
    }
    if (allowed && !hasRoom) seen.wronglyAllowed++
    if (!allowed && hasRoom) seen.wronglyDenied++
  }
  const asked = decided.length
  const ofExact = seen.admitted / exactlyAdmitted(decided, { limit, window })
  return {
    asked,
    admitted: seen.admitted,
    ofExact,
    most: seen.most / limit,
    wronglyAllowed: seen.wronglyAllowed / asked,
    wronglyDenied: seen.wronglyDenied / asked,
  }
}

function exactlyAdmitted(asked: readonly Decided[], { limit, window }: LimitOf): number {
  const inWindow = new SlidingCount(window)
  const admitted = asked.filter(({ at }) => {
    const hasRoom = inWindow.at(at) < limit
    if (hasRoom) inWindow.add(at)
    return hasRoom
  })
  return admitted.length
}

/** For a line over time: the most that lay in any window which ends in each of `buckets` equal parts. */
export function mostInParts(
  times: readonly number[],
  part: { readonly starts: number; readonly ends: number; readonly buckets: number },
  window: number,
): number[] {
  const { starts, ends, buckets } = part
  const width = (ends - starts) / buckets
  const inWindow = new SlidingCount(window)
  const left = times.filter((at) => at < ends)
  return Array.from({ length: buckets }, (_, bucket) => {
    const from = starts + bucket * width
    // Between two that come it only falls.
    let most = inWindow.at(from)
    while (left[0] !== undefined && left[0] < from + width) {
      const at = left.shift() ?? 0
      inWindow.add(at)
      most = Math.max(most, inWindow.at(at))
    }
    return most
  })
}

/** Counts what lies in the window that ends at a moment; moments do not go back. */
class SlidingCount {
  readonly #window: number
  readonly #times: number[] = []
  #first = 0

  constructor(window: number) {
    this.#window = window
  }

  add(at: number): void {
    this.#times.push(at)
  }

  at(now: number): number {
    while ((this.#times[this.#first] ?? now) <= now - this.#window) this.#first++
    return this.#times.length - this.#first
  }
}
