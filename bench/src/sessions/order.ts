/**
 * All numbers below `count` in an order that looks random and is the same each time.
 *
 * @param count at least 1
 */
export function shuffled(count: number): readonly number[] {
  const order = Array.from({ length: count }, (_, at) => at)
  let state = 1
  for (let at = count - 1; at > 0; at--) {
    // Park and Miller's generator: good enough to walk through keys, and no two runs differ.
    state = (state * 48_271) % 2_147_483_647
    const other = state % (at + 1)
    const [one = 0, two = 0] = [order[at], order[other]]
    order[at] = two
    order[other] = one
  }
  return order
}

/** The entry of a call: each in turn, in the given order. */
export function entryAt<T>(entries: readonly T[], order: readonly number[], at: number): T {
  const entry = entries[order[at % order.length] ?? 0]
  if (entry === undefined) throw new RangeError(`Expected an order of at most ${entries.length} entries, got one of ${order.length}`)
  return entry
}
