import type { Seen } from "../domain/interfaces/records/IRecordStore.js"
import { Kept } from "../shared/Kept.js"

/** What each holder of a session has seen of its record, as long as the holder lives. */
export class SeenSessions {
  readonly #seen = new Kept<Seen>()

  /** What a holder has seen of the session of an id: nothing yet, where it is new to it. */
  of(holder: object, id: string): Seen {
    const known = this.#seen.of(holder)
    if (known?.id === id) return known
    const fresh: Seen = { id, record: null }
    this.#seen.keep(holder, fresh)
    return fresh
  }

  remember(holder: object, seen: Seen): void {
    this.#seen.keep(holder, seen)
  }

  /** Another object becomes the holder of the same session. */
  handOn(from: object, to: object): void {
    const seen = this.#seen.of(from)
    if (seen !== undefined) this.#seen.keep(to, seen)
  }
}
