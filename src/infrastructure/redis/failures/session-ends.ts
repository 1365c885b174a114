import type { Handle } from "../../../domain/session/ticket.js"
import type { ListPlace } from "../session-keys.js"
import { removeListed, type UpkeepParts } from "../upkeep/sign-out-everywhere.js"
import { isAcknowledged, type Repeatable } from "./replay-deletes.js"

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

/** Deletions sent together. */
const PAGE = 500

/**
 * Ends sessions of users and guests again. An end names its session by an id that is never used again, so repeating it can do no more than was asked for already.
 * Where thousands were ended at a time only the instant is remembered, and the user's list says which they were.
 */
export class SessionEnds implements Repeatable<End> {
  readonly #parts: UpkeepParts
  readonly #onEndedAgain: (handle: Handle) => void

  /** @param onEndedAgain - a session that was ended had come back, and was ended again */
  constructor(parts: UpkeepParts, onEndedAgain: (handle: Handle) => void) {
    this.#parts = parts
    this.#onEndedAgain = onEndedAgain
  }

  nameOf(end: End): string {
    if (end.kind === "user") return `${end.place.tag}:${end.place.user}:${end.cutoff}`
    // What one user asked for must not take the place of an end that holds whosever it was.
    return `${end.handle.tag}.${end.handle.id}${end.owner ?? ""}`
  }

  async repeat(ends: readonly End[], isStopped: () => boolean): Promise<boolean> {
    const sessions = ends.filter((end) => end.kind === "session" && end.owner === null)
    let isWhole = true
    for (let from = 0; from < sessions.length && !isStopped(); from += PAGE) {
      isWhole = (await isAcknowledged(this.#endSessions(sessions.slice(from, from + PAGE) as readonly SessionEnd[]))) && isWhole
    }
    for (const end of ends) {
      if (isStopped()) return false
      if (end.kind === "user") isWhole = (await isAcknowledged(this.#endListed(end))) && isWhole
      else if (end.owner !== null) isWhole = (await isAcknowledged(this.#endOwned(end.handle, end.owner))) && isWhole
    }
    return isWhole
  }

  async #endSessions(ends: readonly SessionEnd[]): Promise<void> {
    const existed = await this.#parts.redis.unlink(ends.map(({ handle }) => this.#parts.keys.session(handle)))
    for (const [at, { handle }] of ends.entries()) if (existed[at] === true) this.#onEndedAgain(handle)
  }

  /** The record decides whether it was this user's to end. */
  async #endOwned(handle: Handle, owner: string): Promise<void> {
    const due = { session: this.#parts.keys.session(handle), owner: JSON.stringify(owner), newest: null, version: null, verifiers: [] }
    const { status } = await this.#parts.scripts.delete(due, {})
    if (status === "DONE") this.#onEndedAgain(handle)
  }

  async #endListed({ place, cutoff, owner, except }: UserEnd): Promise<void> {
    await removeListed(this.#parts, place, { score: cutoff }, { owner, except, onBegin: () => undefined, onEnded: this.#onEndedAgain })
  }
}
