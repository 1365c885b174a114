import { LRUCache } from "lru-cache"

/** One read that is under way. */
export interface Flight {
  readonly name: string
  /** When it began, by `performance.now()`. */
  readonly beganAt: number
}

interface NearCacheOptions<E> {
  readonly maxEntries: number
  readonly maxBytes: number
  /** Whose entries are forgotten together; `null` for one of nobody. Always the same of an entry. */
  readonly ownerOf: (entry: E) => string | null
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
  readonly #ownerOf: (entry: E) => string | null
  /** The names of each owner's entries: to look for them among all would take milliseconds. */
  readonly #owned = new Map<string, Set<string>>()

  constructor({ maxEntries, maxBytes, ownerOf }: NearCacheOptions<E>) {
    this.#ownerOf = ownerOf
    this.#entries = new LRUCache({ max: maxEntries, maxSize: maxBytes, dispose: (entry, name) => this.#disown(name, entry) })
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
    // One that is larger than all that may be kept is not.
    if (this.#entries.has(flight.name)) this.#own(flight.name, entry)
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

  /** Those of an owner have changed. */
  forgetOwned(owner: string): void {
    this.#flights.clear()
    for (const name of [...(this.#owned.get(owner) ?? [])]) this.#entries.delete(name)
  }

  /** Any may have changed. */
  forgetAll(): void {
    this.#flights.clear()
    this.#entries.clear()
  }

  #own(name: string, entry: E): void {
    const owner = this.#ownerOf(entry)
    if (owner === null) return
    const names = this.#owned.get(owner)
    if (names === undefined) this.#owned.set(owner, new Set([name]))
    else names.add(name)
  }

  #disown(name: string, entry: E): void {
    const owner = this.#ownerOf(entry)
    const names = owner === null ? undefined : this.#owned.get(owner)
    if (owner === null || names?.delete(name) !== true) return
    if (names.size === 0) this.#owned.delete(owner)
  }
}
