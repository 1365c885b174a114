/** The middle of some measurements, and the middle half around it. */
export interface Spread {
  readonly low: number
  readonly median: number
  readonly high: number
}

/**
 * Tells median and quartiles, interpolated between the two nearest values.
 *
 * @throws RangeError for no values
 */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("Expected at least one measurement")
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number): number => {
    const place = (sorted.length - 1) * part
    const [below = 0, above = 0] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
    return below + (above - below) * (place - Math.floor(place))
  }
  return { low: at(0.25), median: at(0.5), high: at(0.75) }
}

/** What was counted and leaves no doubt. */
export function exactly(value: number): Spread {
  return { low: value, median: value, high: value }
}

export interface Target {
  readonly kind: "at most" | "at least"
  readonly value: number
}

/** Whether a target was met: by the whole middle half of the rounds, by a part of it (too noisy to tell), or by none of it. */
export function judge(spread: Spread, { kind, value }: Target): "reached" | "too noisy to tell" | "short" {
  const meets = (measured: number): boolean => (kind === "at most" ? measured <= value : measured >= value)
  const all = [spread.low, spread.high].map(meets)
  if (all.every(Boolean)) return "reached"
  return all.some(Boolean) ? "too noisy to tell" : "short"
}

/** The same in words, with how much is missing. */
export function verdictOf(spread: Spread, target: Target): string {
  const verdict = judge(spread, target)
  const wanted = `${target.kind} ${Number(target.value.toPrecision(3))}`
  const missing = `short by ${Number(Math.abs(target.value - spread.median).toPrecision(2))}`
  if (verdict === "short") return `${wanted}: ${missing}`
  if (verdict === "reached") return `${wanted}: reached`
  return `${wanted}: ${verdict}, the median is ${judge(exactly(spread.median), target) === "reached" ? "not short" : missing}`
}
