import type { Fields, MergeRule } from "../../records/merge-fields.js"

/**
 * What one holder of a session, such as the session object of a request, knows of its record. Made by whoever holds the session, and kept current by
 * the store.
 */
export interface Seen {
  /** The caller's id. What was seen of one record says nothing of another. */
  readonly id: string
  /** When the holder had read it, in milliseconds since the epoch by this process's clock, as the library counts its cookie's age. */
  readAt?: number
  /** `null`: the holder has seen none, as of a session that is new. */
  record: SeenRecord | null
  /** Saves since then of which nobody told the holder whether they were made, the newest first. */
  unsure?: readonly SentSave[]
}

/** A save that was sent. */
export interface SentSave {
  /** What names it in the record. */
  readonly operation: string
  /** The session as the holder had it, as JSON. */
  readonly text: string
}

/** A record as its holder knows it. */
export interface SeenRecord {
  readonly version: number
  /** What the holder read or wrote last, as JSON. */
  readonly known: string
  /** What is stored at that version: more than `known` where another request's changes were merged. */
  readonly stored: string
}

/** One save of a session. */
export interface SaveRecord {
  /** The session as a JSON object. */
  readonly text: string
  /** How long a session is kept by what it says, in milliseconds from now: of this one, or of one that a merge made, whose cookie may be another request's. */
  lifetimeOf(fields: Fields): number
  readonly rule: MergeRule
}

/**
 * Sessions of another library, each a record under the SHA-256 of the id that this library gave it. A port for the drop-in stores alone: it knows no
 * users, keeps no list, and sets no limit.
 *
 * Each call but `all`, `count` and `clear` is one atomic step on the store, and ends within `timeout`. Each rejects with a `SessionError`: `ERR_STORE_UNAVAILABLE`, `ERR_STORE_REFUSED`,
 * `ERR_STORE_OVERLOADED`, `ERR_CLOSED`, `ERR_INVALID_ARGUMENT` (not applied), `ERR_STORE_TIMEOUT`, `ERR_STORE_PROTOCOL` (unknown).
 */
export interface IRecordStore extends AsyncDisposable {
  /**
   * The session's fields, as an object of the caller's own; `null` when there is none. `seen` learns of it.
   *
   * @param useOf - as what use of the session the read counts, for a library that tells of none; `null`: it is none. A use that cannot be written down keeps
   * nobody out. A session that is over by then is none
   * @throws ERR_SESSION_CORRUPT
   */
  read(seen: Seen, useOf?: (fields: Fields) => SaveRecord | null): Promise<Record<string, unknown> | null>
  /**
   * Stores a session, unless it was ended or ran out since `seen` was read. Where another request saved it meanwhile, fields that only one of the two
   * changed are merged. A save that changes nothing never fails for what happened meanwhile.
   *
   * A session whose end was set is kept until then, and ended where that is past. One that was only used is neither ended nor made shorter: what its holder
   * has of its end may be older than touches by others.
   *
   * @throws ERR_SESSION_ENDED · ERR_SESSION_CONFLICT when both changed one field · ERR_SESSION_TOO_LARGE · ERR_SESSION_CORRUPT
   */
  save(seen: Seen, save: SaveRecord): Promise<void>
  /**
   * Keeps a session for at least as long as it says, and never for shorter than it is kept already: another request may have given it longer. One that is
   * over stays so. One whose end was set to what is past is ended.
   *
   * @param use - of its text no more is looked at than what says how long the session lasts
   */
  touch(seen: Seen, use: SaveRecord): Promise<void>
  /** Ends a session, and remembers that it was ended. */
  end(id: string): Promise<void>
  /**
   * All sessions that live, in no order; those that cannot be read are left out. A walk in many steps, not one: a session that is made or ends meanwhile may be
   * among them or not. It has no deadline of its own, only its steps have.
   *
   * @throws ERR_SESSION_LIMIT for more than 10 000 sessions, or 1 000 000 keys
   */
  all(): Promise<readonly Record<string, unknown>[]>
  /** How many sessions live, found as `all` does. @throws ERR_SESSION_LIMIT for more than 100 000 sessions, or 1 000 000 keys */
  count(): Promise<number>
  /**
   * Ends all sessions that were there when it was called, each as `end` does, those that cannot be read too. Where it fails, some may have been ended.
   *
   * @throws ERR_SESSION_LIMIT when 100 000 were ended and there are more, or for more than 1 000 000 keys
   */
  clear(): Promise<void>
  ping(): Promise<void>
  close(): Promise<void>
}
