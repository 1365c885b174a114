import type { Handle } from "../../../domain/session/ticket.js"
import type { ListPlace } from "../session-keys.js"

/** One session that was ended. */
export interface SessionEnd {
  readonly kind: "session"
  readonly handle: Handle
  /** The user id that the record must name, where nobody saw whose session it was; `null`: whatever it names. */
  readonly owner: string | null
}

/** All sessions of a user up to a score, but one. */
export interface UserEnd {
  readonly kind: "user"
  readonly place: ListPlace
  readonly cutoff: string
  /** The user id. */
  readonly owner: string
  readonly except: Handle | null
}

export type End = SessionEnd | UserEnd

/** About 200 bytes each. */
const MOST_ENDS = 10_000

/** The ends of sessions that were acknowledged not long ago, the oldest first. Of too many the oldest are forgotten. */
export class RecentEnds {
  readonly #ends = new Map<string, { readonly end: End; readonly at: number }>()

  get size(): number {
    return this.#ends.size
  }

  /** When the oldest was acknowledged; `undefined` where there is none. */
  get oldestAt(): number | undefined {
    return this.#ends.values().next().value?.at
  }

  /** @param at - now, by `performance.now()` */
  add(end: End, at: number): void {
    const name = nameOf(end)
    this.#ends.delete(name)
    this.#ends.set(name, { end, at })
    const oldest = this.#ends.keys().next()
    if (this.#ends.size > MOST_ENDS && oldest.done !== true) this.#ends.delete(oldest.value)
  }

  /** Those acknowledged at this time or before, or all. */
  until(at = Number.POSITIVE_INFINITY): readonly End[] {
    const found: End[] = []
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

function nameOf(end: End): string {
  if (end.kind === "user") return `${end.place.tag}:${end.place.user}:${end.cutoff}`
  // What one user asked for must not take the place of an end that holds whosever it was.
  return `${end.handle.tag}.${end.handle.id}${end.owner ?? ""}`
}
