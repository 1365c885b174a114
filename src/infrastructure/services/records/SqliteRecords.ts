import { asConfigError } from "../../../domain/errors.js"
import type { Clock } from "../../../domain/interfaces/ports.js"
import type { Lifetime } from "../../../domain/records/lifetime.js"
import { ENDED, type LiveRecord, type RecordWrite, type Saved, saveRecord } from "../../../domain/records/record.js"
import { RecordRows } from "../../sqlite/record-rows.js"
import { checkPath, SqliteFile } from "../../sqlite/SqliteFile.js"
import type { StepOptions } from "../CallStep.js"
import { timeOf } from "../time-of.js"
import type { RecordSettings } from "./record-settings.js"
import type { RecordPlace, RecordSteps, WalkedPage } from "./record-steps.js"

/** Ended records that each save deletes: more than one, so that garbage shrinks. */
const DELETED_PER_SAVE = 2
/** Records that one step of a walk reads: each may have 1 MiB, and the call blocks the process. */
const PAGE = 100

/** Records in a SQLite file, which sessions of `createSessionService` may share. Each step is one transaction around the rules of `domain/`. */
export class SqliteRecords implements RecordSteps {
  readonly #file: SqliteFile
  readonly #prefix: string
  readonly #clock: Clock

  private constructor(file: SqliteFile, prefix: string, clock: Clock) {
    this.#file = file
    this.#prefix = prefix
    this.#clock = clock
  }

  /** @throws ERR_CONFIG_INVALID · ERR_STORE_UNAVAILABLE · ERR_STORE_REFUSED */
  static async open(file: string, { timeoutMs, keyPrefix }: Pick<RecordSettings, "timeoutMs" | "keyPrefix">, clock: Clock = Date): Promise<SqliteRecords> {
    const opened = await SqliteFile.open(
      asConfigError(() => checkPath(file)),
      timeoutMs,
    )
    try {
      await opened.transact((db) => new RecordRows(db, keyPrefix).prepare(), {})
    } catch (error) {
      opened.close()
      throw error
    }
    return new SqliteRecords(opened, keyPrefix, clock)
  }

  async find({ name }: RecordPlace, options: StepOptions): Promise<LiveRecord | null> {
    const stored = await this.#file.read((db) => this.#rows(db).find(name, this.#now()), options)
    return stored === ENDED ? null : stored
  }

  save({ name }: RecordPlace, write: RecordWrite, lifetime: Lifetime, options: StepOptions): Promise<Saved> {
    return this.#file.transact((db) => {
      const rows = this.#rows(db)
      const now = this.#now()
      rows.deleteSomeEnded(now, DELETED_PER_SAVE)
      const { next, saved } = saveRecord(rows.find(name, now), write)
      if (next !== null) rows.put(name, next, Math.max(now + lifetime.ms, lifetime.atLeast ? rows.endOf(name) : 0))
      return saved
    }, options)
  }

  async touch({ name }: RecordPlace, lifetimeMs: number, options: StepOptions): Promise<boolean> {
    return this.#onLive(name, options, (rows, now) => rows.move(name, now + lifetimeMs))
  }

  async end({ name }: RecordPlace, rememberMs: number, options: StepOptions): Promise<void> {
    await this.#onLive(name, options, (rows, now) => rows.mark(name, now + rememberMs))
  }

  async *walk(options: StepOptions): AsyncIterable<WalkedPage> {
    let after = ""
    for (;;) {
      const page = await this.#file.read((db) => this.#rows(db).live(after, this.#now(), PAGE), options)
      yield { looked: page.length, found: page.map(({ name, data }) => ({ place: { name, id: null }, text: data })) }
      after = page.at(-1)?.name ?? ""
      if (page.length < PAGE) return
    }
  }

  async probe(options: StepOptions): Promise<void> {
    await this.#file.read((db) => this.#rows(db).probe(), options)
  }

  async release(): Promise<void> {
    this.#file.close()
  }

  /** For steps that make nothing longer, so that people can sign out, and stay, on a full disk too. @returns whether there is a record that lives */
  #onLive(name: string, options: StepOptions, change: (rows: RecordRows, now: number) => void): Promise<boolean> {
    return this.#file.transactOnFullDisk((db) => {
      const rows = this.#rows(db)
      const now = this.#now()
      const stored = rows.find(name, now)
      const isLive = stored !== null && stored !== ENDED
      if (isLive) change(rows, now)
      return isLive
    }, options)
  }

  #rows(db: ConstructorParameters<typeof RecordRows>[0]): RecordRows {
    return new RecordRows(db, this.#prefix)
  }

  #now(): number {
    return Math.floor(timeOf(this.#clock))
  }
}
