/** About 200 bytes each. */
const MOST_ENDS = 10_000

/** The ends of sessions that were acknowledged not long ago, the oldest first. Of too many the oldest are forgotten. */
export class RecentEnds<E> {
  readonly #nameOf: (end: E) => string
  readonly #ends = new Map<string, { readonly end: E; readonly at: number }>()

  /** @param nameOf - one end takes the place of an earlier one of the same name */
  constructor(nameOf: (end: E) => string) {
    this.#nameOf = nameOf
  }

  get size(): number {
    return this.#ends.size
  }

  /** When the oldest was acknowledged; `undefined` where there is none. */
  get oldestAt(): number | undefined {
    return this.#ends.values().next().value?.at
  }

  /** @param at - now, by `performance.now()` */
  add(end: E, at: number): void {
    const name = this.#nameOf(end)
    this.#ends.delete(name)
    this.#ends.set(name, { end, at })
    const oldest = this.#ends.keys().next()
    if (this.#ends.size > MOST_ENDS && oldest.done !== true) this.#ends.delete(oldest.value)
  }

  /** Those acknowledged at this time or before, or all. */
  until(at = Number.POSITIVE_INFINITY): readonly E[] {
    const found: E[] = []
    for (const entry of this.#ends.values()) {
      if (entry.at > at) break
      found.push(entry.end)
    }
    return found
  }

  /** Forgets those acknowledged at this time or before. */
  forget(at = Number.POSITIVE_INFINITY): void {
    for (const [name, entry] of this.#ends) {
      if (entry.at > at) return
      this.#ends.delete(name)
    }
  }
}
