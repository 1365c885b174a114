import type { Handle } from "../../domain/session/ticket.js"
import { CACHE_KEYS_PATTERNS } from "../../shared/constants.js"

/** Where a user's list lies: its slot, and the hash that names it. */
export interface ListPlace {
  readonly tag: string
  readonly user: string
}

/** The names of all keys of a service, and the way back from a name. */
export class SessionKeys {
  readonly prefix: string
  readonly #sessionForm: RegExp
  readonly #indexForm: RegExp

  /** @param prefix - letters, digits and `:._-` */
  constructor(prefix: string) {
    this.prefix = prefix
    const literal = prefix.replaceAll(".", "\\.")
    this.#sessionForm = new RegExp(`^${literal}session:\\{([A-Za-z0-9_-]{3})\\}\\.([A-Za-z0-9_-]{22})$`)
    this.#indexForm = new RegExp(`^${literal}user_sessions:\\{([A-Za-z0-9_-]{3})\\}:([A-Za-z0-9_-]{22})$`)
  }

  session(handle: Handle): string {
    return this.prefix + CACHE_KEYS_PATTERNS.SESSION(handle.tag, handle.id)
  }

  /** The keys of sessions that a user's list names. */
  sessions({ tag }: Pick<ListPlace, "tag">, ids: readonly string[]): readonly string[] {
    return ids.map((id) => this.session({ tag, id }))
  }

  index(place: ListPlace): string {
    return this.prefix + CACHE_KEYS_PATTERNS.USER_SESSIONS(place.tag, place.user)
  }

  /** A pattern that all keys of this prefix match, and a few others. */
  get pattern(): string {
    return `${this.prefix}*session*:{*`
  }

  /** A pattern for the sessions of one slot tag. */
  patternOf(tag: string): string {
    return `${this.prefix}session:{${tag}}.*`
  }

  parseSession(key: string): Handle | null {
    const [, tag, id] = this.#sessionForm.exec(key) ?? []
    return tag === undefined || id === undefined ? null : { tag, id }
  }

  parseIndex(key: string): ListPlace | null {
    const [, tag, user] = this.#indexForm.exec(key) ?? []
    return tag === undefined || user === undefined ? null : { tag, user }
  }
}
