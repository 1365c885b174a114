const MOST_KEYS = 10_000
/** A full memory is looked through this often at most. */
const SWEEP_MS = 1_000

/** Requests that took no unit, so that nothing is given back for them: express-rate-limit names only the key when it wants a unit back. */
export class UntakenUnits {
  readonly #untaken = new Map<string, { readonly count: number; readonly until: number }>()
  #sweptAt = 0
  /** Until when there may be some that found no room, in milliseconds since the epoch. */
  #unknownUntil = 0

  /** @param until when express-rate-limit no longer asks for the unit, in milliseconds since the epoch */
  add(key: string, until: number): void {
    const count = this.#live(key) + 1
    if (count === 1 && this.#untaken.size >= MOST_KEYS) this.#sweep()
    if (count > 1 || this.#untaken.size < MOST_KEYS) this.#untaken.set(key, { count, until })
    else this.#unknownUntil = Math.max(this.#unknownUntil, until)
  }

  /** Whether what is to be given back was never taken. Where that is not known any more, it is said of all: stricter, never wider. */
  settle(key: string): boolean {
    const count = this.#live(key)
    const known = this.#untaken.get(key)
    if (known === undefined) return Date.now() < this.#unknownUntil
    if (count > 1) this.#untaken.set(key, { ...known, count: count - 1 })
    else this.#untaken.delete(key)
    return true
  }

  #sweep(): void {
    const now = Date.now()
    if (Math.abs(now - this.#sweptAt) < SWEEP_MS) return
    this.#sweptAt = now
    for (const known of [...this.#untaken.keys()]) this.#live(known)
  }

  #live(key: string): number {
    const known = this.#untaken.get(key)
    if (known !== undefined && known.until > Date.now()) return known.count
    this.#untaken.delete(key)
    return 0
  }
}
