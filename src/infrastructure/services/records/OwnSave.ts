import { SessionError } from "../../../domain/errors.js"
import type { SaveRecord, Seen, SeenRecord } from "../../../domain/interfaces/records/IRecordStore.js"
import { Lifetime } from "../../../domain/records/lifetime.js"
import { changesNothing, type Fields, holdsNothing, mergeFields } from "../../../domain/records/merge-fields.js"
import { fieldsOf } from "./record-text.js"

/** What is to be stored, and for how long. */
interface Stored {
  readonly text: string
  readonly lifetime: Lifetime
}

/** A holder's save of a session, held against what it knew of the record, and what others stored meanwhile. */
export class OwnSave {
  readonly text: string
  readonly #save: SaveRecord
  readonly #mine: Fields
  /** A session that its holder made was never read: any other end than that of its first save was set. */
  readonly #readAt: number

  /** @throws ERR_SESSION_CORRUPT for a text that is no object */
  constructor({ readAt = Number.POSITIVE_INFINITY }: Seen, save: SaveRecord) {
    this.text = save.text
    this.#save = save
    this.#mine = fieldsOf(save.text)
    this.#readAt = readAt
  }

  /** For how long what is stored is kept: `kept`, which is the holder's own session, or one that a merge made. */
  lifetime(record: SeenRecord | null, kept: Fields = this.#mine): Lifetime {
    const { term } = this.#save.rule
    const said = this.#save.lifetimeOf(kept)
    if (record === null || term.isSet(fieldsOf(record.known), this.#mine, this.#readAt)) return Lifetime.set(said)
    return Lifetime.used(Math.max(said, term.useOf(kept)))
  }

  /** What is to be stored so that neither side loses a change. @throws ERR_SESSION_CONFLICT */
  upon(record: SeenRecord | null): Stored {
    if (record === null || record.known === record.stored) return { text: this.text, lifetime: this.lifetime(record) }
    const fields = mergeFields(fieldsOf(record.known), this.#mine, fieldsOf(record.stored), this.#save.rule, this.#readAt)
    if (fields !== null) return { text: JSON.stringify(fields), lifetime: this.lifetime(record, fields) }
    throw new SessionError(
      "ERR_SESSION_CONFLICT",
      "Expected no other request to change the same field of the session meanwhile, got one that did. Name the field in lastWins where the last value may win.",
    )
  }

  /** Whether the holder changed nothing of what it knew, and put nothing into a session that is new to it. */
  saysNothingNew(record: SeenRecord | null): boolean {
    const { rule } = this.#save
    return record === null ? holdsNothing(this.#mine, rule) : changesNothing(fieldsOf(record.known), this.#mine, rule)
  }
}
