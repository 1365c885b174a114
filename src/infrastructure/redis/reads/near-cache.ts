import { LRUCache } from "lru-cache"

/** One read that is under way. */
export interface Flight {
  readonly name: string
  /** When it began, by `performance.now()`. */
  readonly beganAt: number
}

/**
 * What was read, by name, until somebody changes it: bounded in entries and in bytes; what was used longest ago goes first.
 *
 * What a read brought may be older than a change that was heard of before the read's reply. So each read is a flight, and every change and every
 * lapse ends the flights that it concerns: their replies are not stored.
 */
export class NearCache<E extends object> {
  readonly #entries: LRUCache<string, E>
  readonly #flights = new Map<string, Set<Flight>>()

  constructor({ maxEntries, maxBytes }: { readonly maxEntries: number; readonly maxBytes: number }) {
    this.#entries = new LRUCache({ max: maxEntries, maxSize: maxBytes })
  }

  get(name: string): E | undefined {
    return this.#entries.get(name)
  }

  /** To be called before the read is sent. */
  begin(name: string): Flight {
    const flight = { name, beganAt: performance.now() }
    const others = this.#flights.get(name)
    if (others === undefined) this.#flights.set(name, new Set([flight]))
    else others.add(flight)
    return flight
  }

  /** Stores what a flight brought, unless it was ended. @returns whether it was stored */
  land(flight: Flight, entry: E, bytes: number): boolean {
    if (!this.end(flight)) return false
    this.#entries.set(flight.name, entry, { size: bytes })
    return true
  }

  /** Ends a flight that brought nothing to store. @returns whether it was still under way */
  end(flight: Flight): boolean {
    const others = this.#flights.get(flight.name)
    if (others?.delete(flight) !== true) return false
    if (others.size === 0) this.#flights.delete(flight.name)
    return true
  }

  /** It has changed. */
  forget(name: string): void {
    this.#flights.delete(name)
    this.#entries.delete(name)
  }

  /** Some have changed. */
  forgetWhere(concerns: (entry: E) => boolean): void {
    this.#flights.clear()
    for (const [name, entry] of [...this.#entries.entries()]) if (concerns(entry)) this.#entries.delete(name)
  }

  /** Any may have changed. */
  forgetAll(): void {
    this.#flights.clear()
    this.#entries.clear()
  }
}
