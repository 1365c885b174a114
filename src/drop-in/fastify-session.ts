import { EventEmitter } from "node:events"
import { type OpenRecords, openRecords, type TakeOverOptions } from "../config/open-records.js"
import type { Seen } from "../domain/interfaces/records/IRecordStore.js"
import type { MergeRule } from "../domain/records/merge-fields.js"
import { saveOf } from "./cookie-session.js"
import { cookieRule } from "./merge-rules.js"
import { SeenSessions } from "./SeenSessions.js"
import { settle } from "./settle.js"

/** Options of `CoatcheckStore`. */
export type CoatcheckStoreOptions = TakeOverOptions

/** Under this name `request.session` carries what it has seen of its record. */
const MARK = "coatcheck:seen"

/**
 * @fastify/session copies the fields of what `get` gives into an object of its own and tells the store of neither, so what was seen travels as a field.
 * It is no part of the session: JSON leaves it out.
 */
class Mark {
  readonly seen: Seen

  constructor(seen: Seen) {
    this.seen = seen
  }

  toJSON(): undefined {
    return undefined
  }
}

/**
 * A store for @fastify/session in which a session that was ended stays ended, and parallel requests lose nothing of each other's.
 *
 * A save is refused when the session was ended or ran out meanwhile (`ERR_SESSION_ENDED`), and merged with what other requests saved meanwhile, field by
 * field; two values for one field are refused (`ERR_SESSION_CONFLICT`), unless `lastWins` names it. A store that does not answer gives an error, never
 * "no session".
 *
 * @example
 * await app.register(fastifySession, { store: new CoatcheckStore({ store: "redis://localhost" }), secret })
 */
export class CoatcheckStore extends EventEmitter {
  readonly #open: OpenRecords
  readonly #rule: MergeRule
  /** Of sessions that are new, and so carry no mark. */
  readonly #seen = new SeenSessions()

  /** Opens nothing yet: the first request does, or `ready()`. @throws ERR_CONFIG_INVALID */
  constructor(options: CoatcheckStoreOptions) {
    super()
    this.#open = openRecords(options, true)
    this.#rule = cookieRule(this.#open.settings.lastWins)
  }

  // biome-ignore lint/suspicious/noExplicitAny: the type of a session is the application's, which declares it in fastify's own module.
  get(sessionId: string, callback: (error: unknown, session?: any) => void): void {
    settle(this.#read(sessionId), callback)
  }

  set(sessionId: string, session: object, callback: (error?: unknown) => void): void {
    settle(this.#save(sessionId, session), callback)
  }

  destroy(sessionId: string, callback: (error?: unknown) => void): void {
    settle(
      this.#open.records.opened().then((records) => records.end(sessionId)),
      callback,
    )
  }

  /** Opens the store and asks whether it answers: for the start of an application. @throws ERR_STORE_UNAVAILABLE, ERR_STORE_REFUSED and others */
  ready(): Promise<void> {
    return this.#open.records.ready()
  }

  /** Waits for the calls under way, then closes what this store opened. A client of yours stays open. */
  close(): Promise<void> {
    return this.#open.records.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #read(id: string): Promise<object | null> {
    const records = await this.#open.records.opened()
    const seen: Seen = { id, record: null }
    const fields = await records.read(seen)
    return fields === null ? null : { ...fields, [MARK]: new Mark(seen) }
  }

  async #save(id: string, session: object): Promise<void> {
    const save = saveOf(session, this.#open.settings.idleMs, this.#rule)
    const records = await this.#open.records.opened()
    await records.save(this.#seenBy(session, id), save)
  }

  #seenBy(session: object, id: string): Seen {
    const mark = (session as Readonly<Record<string, unknown>>)[MARK]
    return mark instanceof Mark && mark.seen.id === id ? mark.seen : this.#seen.of(session, id)
  }
}
