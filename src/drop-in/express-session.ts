import { type Session, type SessionData, Store } from "express-session"
import { type OpenRecords, openRecords, type TakeOverOptions } from "../config/open-records.js"
import type { MergeRule } from "../domain/records/merge-fields.js"
import { saveOf, useOf } from "./cookie-session.js"
import { cookieRule } from "./merge-rules.js"
import { SeenSessions } from "./SeenSessions.js"
import { type Callback, settle } from "./settle.js"

/** Options of `CoatcheckStore`. */
export type CoatcheckStoreOptions = TakeOverOptions

/**
 * A store for express-session in which a session that was ended stays ended, and parallel requests lose nothing of each other's.
 *
 * A save is refused when the session was ended or ran out meanwhile (`ERR_SESSION_ENDED`), and merged with what other requests saved meanwhile, field by
 * field; two values for one field are refused (`ERR_SESSION_CONFLICT`), unless `lastWins` names it. A store that does not answer gives an error, never
 * "no session".
 *
 * @example
 * app.use(session({ store: new CoatcheckStore({ store: "redis://localhost" }), secret, resave: false, saveUninitialized: false }))
 */
export class CoatcheckStore extends Store {
  readonly #open: OpenRecords
  readonly #rule: MergeRule
  readonly #seen = new SeenSessions()

  /** Opens nothing yet: the first request does, or `ready()`. @throws ERR_CONFIG_INVALID */
  constructor(options: CoatcheckStoreOptions) {
    super()
    this.#open = openRecords(options, true)
    this.#rule = cookieRule(this.#open.settings.lastWins)
  }

  override get(sid: string, callback?: Callback<SessionData | null>): void {
    settle(this.#read(sid), callback)
  }

  override set(sid: string, session: SessionData, callback?: Callback<void>): void {
    settle(this.#save(sid, session), callback)
  }

  override touch(sid: string, session: SessionData, callback?: Callback<void>): void {
    settle(this.#touch(sid, session), callback)
  }

  override destroy(sid: string, callback?: Callback<void>): void {
    settle(
      this.#open.records.opened().then((records) => records.end(sid)),
      callback,
    )
  }

  /**
   * All sessions, without their ids, of which the store knows only hashes. Goes over all keys, so it is nothing for a request. Gives ERR_SESSION_LIMIT for more than
   * 10 000 sessions.
   */
  override all(callback: (error: unknown, sessions?: SessionData[] | null) => void): void {
    settle(
      this.#open.records.opened().then(async (records) => [...(await records.all())] as unknown as SessionData[]),
      callback,
    )
  }

  /** How many sessions there are. Goes over all keys. Gives ERR_SESSION_LIMIT for more than 100 000. */
  override length(callback: (error: unknown, length?: number) => void): void {
    settle(
      this.#open.records.opened().then((records) => records.count()),
      callback,
    )
  }

  /** Ends all sessions, each as `destroy` does. Goes over all keys. Gives ERR_SESSION_LIMIT when 100 000 were ended and there are more: call it again. */
  override clear(callback?: Callback<void>): void {
    settle(
      this.#open.records.opened().then((records) => records.clear()),
      callback,
    )
  }

  /** What express-session makes of that which `get` gave: the new object holds the same session. */
  override createSession(req: Parameters<Store["createSession"]>[0], data: SessionData): Session & SessionData {
    const session = super.createSession(req, data)
    this.#seen.handOn(data, session)
    return session
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

  async #read(sid: string): Promise<SessionData | null> {
    const records = await this.#open.records.opened()
    const seen = { id: sid, record: null }
    const data = (await records.read(seen)) as SessionData | null
    if (data !== null) this.#seen.remember(data, seen)
    return data
  }

  async #save(sid: string, session: SessionData): Promise<void> {
    const save = saveOf(session, this.#open.settings.idleMs, this.#rule)
    const records = await this.#open.records.opened()
    await records.save(this.#seen.of(session, sid), save)
  }

  async #touch(sid: string, session: SessionData): Promise<void> {
    const use = useOf(session, this.#open.settings.idleMs, this.#rule)
    const records = await this.#open.records.opened()
    await records.touch(this.#seen.of(session, sid), use)
  }
}
