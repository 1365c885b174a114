import { type DropInOptions, type OpenRecords, openRecords } from "../config/open-records.js"
import type { SaveRecord, Seen } from "../domain/interfaces/records/IRecordStore.js"
import type { Fields, MergeRule } from "../domain/records/merge-fields.js"
import { Kept } from "../shared/Kept.js"
import { koaRule } from "./merge-rules.js"
import { textOf } from "./session-text.js"

/** Options of `CoatcheckStore`. */
export type CoatcheckStoreOptions = DropInOptions

/** What koa-session tells of a call: for which request it is. */
interface Call {
  readonly ctx?: object | undefined
}

/** What koa-session adds to a session's age, so that the store keeps it no shorter than the cookie lasts. */
const SPARE_MS = 10_000

/** A save of a session as koa-session keeps it: for its own age, or `idleMs` where it lasts as long as the browser is open. */
class KoaSave implements SaveRecord {
  readonly text: string
  readonly rule: MergeRule
  readonly #idleMs: number
  readonly #maxAge: unknown

  constructor(text: string, idleMs: number, rule: MergeRule, maxAge?: unknown) {
    this.text = text
    this.rule = rule
    this.#idleMs = idleMs
    this.#maxAge = maxAge
  }

  lifetimeOf({ _session, _maxAge }: Fields): number {
    if (_session === true) return this.#idleMs
    if (typeof _maxAge === "number") return _maxAge + SPARE_MS
    return typeof this.#maxAge === "number" && !Number.isNaN(this.#maxAge) ? this.#maxAge : this.#idleMs
  }
}

/** The use of a session that lasts as long as the browser is open. */
const USE = '{"_session":true}'

/**
 * A store for koa-session in which a session that was ended stays ended, and parallel requests lose nothing of each other's.
 *
 * A save is refused when the session was ended or ran out meanwhile (`ERR_SESSION_ENDED`), and merged with what other requests saved meanwhile, field by
 * field; two values for one field are refused (`ERR_SESSION_CONFLICT`), unless `lastWins` names it. A store that does not answer rejects, and never says
 * "no session".
 *
 * @example
 * app.use(session({ store: new CoatcheckStore({ store: "redis://localhost" }) }, app))
 */
export class CoatcheckStore {
  readonly #open: OpenRecords
  readonly #rule: MergeRule
  /** By the request's context: koa-session hands over a new object each time. */
  readonly #requests = new Kept<Map<string, Seen>>()

  /** Opens nothing yet: the first request does, or `ready()`. @throws ERR_CONFIG_INVALID */
  constructor(options: CoatcheckStoreOptions) {
    this.#open = openRecords(options, false)
    this.#rule = koaRule(this.#open.settings.lastWins)
  }

  // biome-ignore lint/suspicious/noExplicitAny: koa-session's own type of a session.
  async get(key: string, _maxAge?: unknown, call?: Call): Promise<any> {
    const records = await this.#open.records.opened()
    return records.read(this.#seenBy(call, key), this.#useOf)
  }

  async set(key: string, session: object, maxAge?: unknown, call?: Call): Promise<void> {
    const save = new KoaSave(textOf(session), this.#open.settings.idleMs, this.#rule, maxAge)
    const records = await this.#open.records.opened()
    await records.save(this.#seenBy(call, key), save)
  }

  async destroy(key: string): Promise<void> {
    const records = await this.#open.records.opened()
    await records.end(key)
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

  /** koa-session tells of no use, and goes by its own `_expire` where there is one. */
  readonly #useOf = ({ _session }: Fields): SaveRecord | null => (_session === true ? new KoaSave(USE, this.#open.settings.idleMs, this.#rule) : null)

  #seenBy(call: Call | undefined, id: string): Seen {
    const fresh: Seen = { id, record: null }
    if (call?.ctx === undefined) return fresh
    const ofRequest = this.#requests.of(call.ctx) ?? new Map<string, Seen>()
    this.#requests.keep(call.ctx, ofRequest)
    const seen = ofRequest.get(id) ?? fresh
    ofRequest.set(id, seen)
    return seen
  }
}
