import { asConfigError } from "../../../domain/errors.js"
import type { Clock } from "../../../domain/interfaces/ports.js"
import type { Judgement } from "../../../domain/rate-limit/record.js"
import * as table from "../../../domain/rate-limit/table.js"
import { CACHE_KEYS_PATTERNS } from "../../../shared/constants.js"
import type { SqliteDriver } from "../../sqlite/drivers.js"
import { prepareRateLimits, RateLimitRows } from "../../sqlite/rate-limit-rows.js"
import { checkPath, SqliteFile } from "../../sqlite/SqliteFile.js"
import { timeOf } from "../time-of.js"
import type { Adjustment, Place, PlacedClaim, RateLimitStore, StoreOptions } from "./rate-limit-store.js"
import { subjectName } from "./subjects.js"

/** Ended records that are deleted for each that a step may add: more than one, so that garbage shrinks. */
const DELETED_PER_CHANGE = 2

export interface SqliteRateLimitSettings {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly keyPrefix: string
}

/** Rate limits in a SQLite file that several processes of one machine may share. Each step is one transaction around the pure functions of `domain/`. */
export class SqliteRateLimits implements RateLimitStore {
  readonly #file: SqliteFile
  readonly #settings: SqliteRateLimitSettings

  private constructor(file: SqliteFile, settings: SqliteRateLimitSettings) {
    this.#file = file
    this.#settings = settings
  }

  /**
   * @param file a path; it may be that of a session service
   * @param driver instead of the first that is there
   * @throws ERR_CONFIG_INVALID before the file is touched · ERR_STORE_UNAVAILABLE when it cannot be reached · ERR_STORE_REFUSED when it is another application's, or no driver is installed
   */
  static async open(file: string, settings: SqliteRateLimitSettings, driver?: SqliteDriver): Promise<SqliteRateLimits> {
    const opened = await SqliteFile.open(
      asConfigError(() => checkPath(file)),
      settings.timeoutMs,
      driver,
    )
    try {
      await opened.transact(prepareRateLimits, {})
      return new SqliteRateLimits(opened, settings)
    } catch (error) {
      opened.close()
      throw error
    }
  }

  takeAtOnce(): null {
    return null
  }

  take(claims: readonly PlacedClaim[], options: StoreOptions): Promise<readonly Judgement[]> {
    const placed = claims.map((claim) => ({ key: this.#key(claim), rule: claim.rule, cost: claim.cost }))
    return this.#change(options, (rows, now) => table.takeAll(rows, placed, now), claims.length)
  }

  look(place: Place, options: StoreOptions): Promise<Judgement> {
    return this.#file.read((db) => table.look(new RateLimitRows(db), this.#key(place), place.rule, this.#now()), options)
  }

  adjust(adjustments: readonly Adjustment[], options: StoreOptions): Promise<void> {
    return this.#change(
      options,
      (rows, now) => {
        for (const { rule, subject, cost, until } of adjustments) table.adjust(rows, { key: this.#key({ subject, rule }), rule, cost }, until, now)
      },
      adjustments.length,
    )
  }

  block(place: Place, spanMicros: number, options: StoreOptions): Promise<void> {
    return this.#change(options, (rows, now) => table.block(rows, this.#key(place), place.rule, spanMicros, now))
  }

  reset(place: Place, options: StoreOptions): Promise<void> {
    return this.#change(options, (rows) => rows.drop(this.#key(place)))
  }

  hold(place: Place, id: string, onlyRenew: boolean, options: StoreOptions): Promise<Judgement> {
    return this.#change(options, (rows, now) => table.hold(rows, this.#key(place), place.rule, id, onlyRenew, now))
  }

  release(place: Place, id: string, options: StoreOptions): Promise<void> {
    return this.#change(options, (rows, now) => table.release(rows, this.#key(place), place.rule, id, now))
  }

  async close(): Promise<void> {
    this.#file.close()
  }

  /** One transaction, which takes its time within: what others wrote before it lies behind. */
  #change<T>(options: StoreOptions, work: (rows: RateLimitRows, now: number) => T, changes = 1): Promise<T> {
    return this.#file.transact((db) => {
      const rows = new RateLimitRows(db)
      const now = this.#now()
      rows.deleteSomeEnded(now, DELETED_PER_CHANGE * changes)
      return work(rows, now)
    }, options)
  }

  #now(): number {
    return Math.floor(timeOf(this.#settings.clock) * 1_000)
  }

  #key({ subject, rule }: Place): string {
    return this.#settings.keyPrefix + CACHE_KEYS_PATTERNS.RATE_LIMIT(subjectName(subject), rule.name)
  }
}
