import type { Seen } from "../domain/interfaces/records/IRecordStore.js"

/** What each holder of a session has seen of its record, as long as the holder lives. */
export class SeenSessions {
  readonly #seen = new WeakMap<object, Seen>()

  /** What a holder has seen of the session of an id: nothing yet, where it is new to it. */
  of(holder: object, id: string): Seen {
    const known = this.#seen.get(holder)
    if (known?.id === id) return known
    const fresh: Seen = { id, record: null }
    this.#seen.set(holder, fresh)
    return fresh
  }

  remember(holder: object, seen: Seen): void {
    this.#seen.set(holder, seen)
  }

  /** Another object becomes the holder of the same session. */
  handOn(from: object, to: object): void {
    const seen = this.#seen.get(from)
    if (seen !== undefined) this.#seen.set(to, seen)
  }
}
