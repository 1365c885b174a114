import { SessionError } from "../../../domain/errors.js"
import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import type { DuePrune, SessionScripts } from "../scripts/session-scripts.js"
import type { ListPlace, SessionKeys } from "../session-keys.js"
import { LIST_MEMORY_MICROS } from "./list-memory.js"

/** Members that one script looks at. */
const MOST_MEMBERS = 250
/** Lists that one script looks at. */
const MOST_LISTS = 32
/** A little later than a member may leave, and long enough to gather several. */
const PAUSE_MS = LIST_MEMORY_MICROS / 1_000 + 100

/**
 * The second step of a sign-out: takes ended sessions out of their user's list, once the list need not remember them any more.
 * If the process ends before, a later creation or the next listing of that user, or a cleanup, does it, or the list's own time to live.
 */
export class PruneLater {
  readonly #redis: Pick<IRedisService, "singleNode">
  readonly #scripts: SessionScripts
  readonly #keys: SessionKeys
  #waiting = new Map<string, { readonly place: ListPlace; readonly ids: Set<string> }>()
  #timer: NodeJS.Timeout | null = null

  constructor(redis: Pick<IRedisService, "singleNode">, scripts: SessionScripts, keys: SessionKeys) {
    this.#redis = redis
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
    let due: DuePrune[] = []
    let members = 0
    for (const { place, ids } of groups.values()) {
      const sessions = this.#keys.sessions(place, [...ids])
      for (let from = 0; from < sessions.length; from += MOST_MEMBERS) {
        const some = sessions.slice(from, from + MOST_MEMBERS)
        // On a cluster each list lies in a slot of its own.
        const isFull = due.length === (this.#redis.singleNode ? MOST_LISTS : 1) || members + some.length > MOST_MEMBERS
        if (isFull) {
          await this.#prune(due).catch(ignore)
          due = []
          members = 0
        }
        due.push({ index: this.#keys.index(place), sessions: some })
        members += some.length
      }
    }
    if (due.length > 0) await this.#prune(due).catch(ignore)
  }

  /**
   * How many members left the list: those whose session is gone, and that are old enough. While their slot migrates, they stay.
   *
   * @throws ERR_STORE_REFUSED · ERR_STORE_PROTOCOL, which somebody has to mend
   */
  async prune(place: ListPlace, ids: readonly string[]): Promise<number> {
    try {
      return await this.#prune([{ index: this.#keys.index(place), sessions: this.#keys.sessions(place, ids) }])
    } catch (error) {
      if (SessionError.is(error, "ERR_STORE_REFUSED", "ERR_STORE_PROTOCOL")) throw error
      return 0
    }
  }

  #prune(due: readonly DuePrune[]): Promise<number> {
    return this.#scripts.prune(due, LIST_MEMORY_MICROS, {})
  }
}

/** Somebody else tidies up, as above. */
function ignore(): void {}
