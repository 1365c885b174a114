/** Of latencies, in microseconds. */
export interface Quantiles {
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** Of all of them together. */
export function quantilesOf(slices: readonly Float64Array[]): Quantiles {
  const all = new Float64Array(slices.reduce((sum, { length }) => sum + length, 0))
  let from = 0
  for (const slice of slices) {
    all.set(slice, from)
    from += slice.length
  }
  all.sort()
  return { p50: quantileOf(all, 0.5), p99: quantileOf(all, 0.99), p999: quantileOf(all, 0.999) }
}

/**
 * The value that this part of all is not above.
 *
 * @param sorted the smallest first
 */
export function quantileOf(sorted: Float64Array, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}
