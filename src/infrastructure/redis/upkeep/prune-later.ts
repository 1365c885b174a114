import type { Handle } from "../../../domain/session/ticket.js"
import type { SessionScripts } from "../scripts/session-scripts.js"
import type { ListPlace, SessionKeys } from "../session-keys.js"
import { LIST_MEMORY_MICROS } from "./list-memory.js"

const PAGE = 250
/** A little later than a member may leave, and long enough to gather several. */
const PAUSE_MS = LIST_MEMORY_MICROS / 1_000 + 100

/**
 * The second step of a sign-out: takes ended sessions out of their user's list, once the list need not remember them any more.
 * If the process ends before, a later creation or the next listing of that user, or a cleanup, does it, or the list's own time to live.
 */
export class PruneLater {
  readonly #scripts: SessionScripts
  readonly #keys: SessionKeys
  #waiting = new Map<string, { readonly place: ListPlace; readonly ids: Set<string> }>()
  #timer: NodeJS.Timeout | null = null

  constructor(scripts: SessionScripts, keys: SessionKeys) {
    this.#scripts = scripts
    this.#keys = keys
  }

  /** @param gone - ids of sessions that are over */
  add(place: ListPlace, gone: readonly string[]): void {
    const index = this.#keys.index(place)
    const group = this.#waiting.get(index) ?? { place, ids: new Set<string>() }
    for (const id of gone) group.ids.add(id)
    this.#waiting.set(index, group)
    this.#timer ??= setTimeout(() => void this.#flush(), PAUSE_MS).unref()
  }

  /** Leaves what is waiting to others: whoever signs out last must not wait for the store. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#waiting.clear()
  }

  async #flush(): Promise<void> {
    this.#timer = null
    const groups = this.#waiting
    this.#waiting = new Map()
    for (const { place, ids } of groups.values()) {
      const all = [...ids]
      for (let from = 0; from < all.length; from += PAGE) await this.prune(place, all.slice(from, from + PAGE))
    }
  }

  /** How many members left the list: those whose session is gone, and that are old enough. Never rejects: while their slot migrates, they stay. */
  async prune(place: ListPlace, ids: readonly string[]): Promise<number> {
    const sessions = ids.map((id) => this.#keys.session({ tag: place.tag, id } satisfies Handle))
    try {
      return await this.#scripts.prune(this.#keys.index(place), sessions, ids, LIST_MEMORY_MICROS, {})
    } catch {
      return 0
    }
  }
}
