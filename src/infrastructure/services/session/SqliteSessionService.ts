import { setImmediate as nextTurn } from "node:timers/promises"
import { asConfigError, SessionError } from "../../../domain/errors.js"
import type { Clock } from "../../../domain/interfaces/ports.js"
import type { DoctorFinding } from "../../../domain/interfaces/session/ISessionService.js"
import { endsAt, isAlive } from "../../../domain/session/deadlines.js"
import { type LimitRule, makeRoom } from "../../../domain/session/limit.js"
import {
  counts,
  createRecord,
  extendRecord,
  type Proof,
  type Rotation,
  removeRecord,
  rotateRecord,
  type SessionDraft,
  type SessionRecord,
  type StepResult,
  type Transition,
  touchRecord,
  type Write,
  writeRecord,
} from "../../../domain/session/record.js"
import { addSweeps, EMPTY_SWEEP, type SweepCounts, type SweepStep, sweptLive } from "../../../domain/session/sweep-counts.js"
import { formatHandle, type Handle, parseHandle } from "../../../domain/session/ticket.js"
import { UnexpectedValue } from "../../../shared/assertions.js"
import type { SqliteConnection, SqliteDriver } from "../../sqlite/drivers.js"
import { judgeFile } from "../../sqlite/file-rules.js"
import { checkPath, SqliteFile } from "../../sqlite/SqliteFile.js"
import { type SessionRow, SessionRows } from "../../sqlite/session-rows.js"
import type { StepOptions } from "../CallStep.js"
import { toCallTimeout } from "../store-settings.js"
import { timeOf } from "../time-of.js"
import { PageFill, stepSizes } from "./PageFill.js"
import { type UserKey, userKey } from "./randomness.js"
import { decodePrefix, decodeRecord, encodeRecord, prefixOf } from "./record-json.js"
import { SessionFront } from "./session-front.js"
import { resolveSettings, type SessionOptions } from "./session-settings.js"
import type { Inserted, Page, Position, RemoveAllOptions, Removed } from "./session-steps.js"
import { inDoubt } from "./step-errors.js"

/** Options of sessions in a SQLite file. */
export interface SqliteSessionOptions extends SessionOptions {
  /** The time, for tests. */
  readonly clock?: Clock | undefined
}

/** Steps that make nothing longer succeed on a full disk too: people must be able to sign out, and to stay. */
type TransactOptions = StepOptions & { readonly onFullDisk?: true }

/** Ended sessions that each creation deletes: more than one, so that garbage shrinks where nobody runs a cleanup. */
const DELETED_PER_CREATION = 4
/** Sessions that one transaction deletes at most, so that neither this process nor the others wait long for it. */
const BATCH = 500
/** What the removal of a whole user's sessions keeps when it keeps none: no handle is empty. */
const NOTHING = ""

/**
 * Sessions in a SQLite file that survives restarts and may be shared by several processes of one machine.
 * Each step is one transaction around the pure transitions of `domain/`.
 */
export class SqliteSessionService<A extends object, I extends object = A> extends SessionFront<A, I> {
  readonly #clock: Clock
  readonly #file: SqliteFile

  private constructor(options: SqliteSessionOptions, file: SqliteFile) {
    super(options)
    this.#clock = options.clock ?? Date
    this.#file = file
  }

  /**
   * @param file a path; the folder must exist. The file, made where there is none, is readable by its owner only, and so are the files beside it: SQLite's `-wal` and `-shm`, and `-reserve`, 3 MiB that let people sign out when the disk is full.
   * @param driver instead of the first of node:sqlite, better-sqlite3 and libsql that is there
   * @throws ERR_CONFIG_INVALID before the file is touched · ERR_STORE_UNAVAILABLE when it cannot be reached · ERR_STORE_REFUSED when it is not a session database, or no driver is installed
   */
  static async open<A extends object, I extends object = A>(
    file: string,
    options: SqliteSessionOptions,
    driver?: SqliteDriver,
  ): Promise<SqliteSessionService<A, I>> {
    const { path, timeoutMs } = checkOpening(file, options)
    return new SqliteSessionService<A, I>(options, await SqliteFile.open(path, timeoutMs, driver))
  }

  protected now(): number {
    return Math.floor(timeOf(this.#clock))
  }

  /** A busy file is waited for. */
  protected readsInTime(): boolean {
    return false
  }

  protected async insert(draft: SessionDraft, owner: UserKey | null, limit: LimitRule | null, options: StepOptions): Promise<Inserted> {
    return this.#transact((rows) => {
      const now = this.now()
      rows.deleteSomeEnded(now, DELETED_PER_CREATION)
      const counting = owner === null || limit === null ? [] : rows.counted(owner.user, now).filter((handle) => parseHandle(handle)?.id !== limit.replaces)
      const evicted = makeRoom(counting, limit)
      if (evicted === "full") return { status: "full" }
      const newest = owner === null ? 0 : rows.newest(owner.user)
      const record = createRecord(draft, Math.max(now * 1000, newest + 1), now)
      rows.insert({ ...rowOf(record), owner: owner?.user ?? null, created: record.createdMicros, counted: counts(record) })
      for (const handle of evicted) rows.delete(handle)
      return { status: "created", record, evicted: evicted.map(parseHandle).filter((handle) => handle !== null) }
    }, options)
  }

  protected async find(handle: Handle, options: StepOptions): Promise<SessionRecord | null> {
    return this.#read((rows) => {
      const now = this.now()
      const row = rows.find(formatHandle(handle), now)
      if (row === null) return null
      const record = decodeRecord(handle, row.record)
      return isAlive(record, now) ? record : null
    }, options)
  }

  protected async touch(record: SessionRecord, proof: Proof, options: StepOptions): Promise<StepResult> {
    return this.#apply(record, (current, now) => touchRecord(current, proof, now), { ...options, onFullDisk: true })
  }

  protected async write(record: SessionRecord, proof: Proof, write: Write, options: StepOptions): Promise<StepResult> {
    return this.#apply(record, (current, now) => writeRecord(current, proof, write, now), options)
  }

  protected async prolong(handle: Handle, proof: Proof, idleTimeout: number | null, options: StepOptions): Promise<StepResult> {
    const { touchInterval } = this.settings
    return this.#apply(handle, (current, now) => extendRecord(current, proof, { idleTimeout, touchInterval }, now), options)
  }

  protected async rotate(handle: Handle, proof: Proof, rotation: Rotation, options: StepOptions): Promise<StepResult> {
    return this.#apply(handle, (current, now) => rotateRecord(current, proof, rotation, now), options)
  }

  protected async remove(handle: Handle, proof: Proof, ifVersion: number | null, options: StepOptions): Promise<Removed> {
    const key = formatHandle(handle)
    return this.#transact(
      (rows) => {
        const now = this.now()
        const row = rows.find(key, now)
        const removed: Removed = row === null ? { status: "missing" } : judgeRemoval(handle, row, proof, ifVersion, now)
        if (removed.status === "done") rows.delete(key)
        return removed
      },
      { ...options, onFullDisk: true },
    )
  }

  protected async page(owner: UserKey, after: Position | null, limit: number, options: StepOptions): Promise<Page> {
    const fill = new PageFill(limit, after)
    for (const size of stepSizes(limit)) {
      const before = fill.position?.createdMicros ?? Number.MAX_SAFE_INTEGER
      const found = await this.#read((rows) => rows.page(owner.user, before, this.now(), size), options)
      for (const { handle, created, record } of found) {
        const parsed = parseHandle(handle)
        if (parsed !== null) fill.add(parsed, created, this.readable(parsed, record))
        if (fill.isFull) return fill.page(false)
      }
      if (found.length < size) return fill.page(true)
    }
    return fill.page(false)
  }

  protected async removeAll(owner: UserKey, options: RemoveAllOptions): Promise<number> {
    const except = options.except === null ? NOTHING : formatHandle(options.except)
    // The oldest first: as long as the newest is there, every session that is created meanwhile comes after the cut-off, whatever the clock does.
    const cutOff = await this.#read((rows) => rows.newest(owner.user), options)
    let ended = 0
    for (let after = 0; after < cutOff; await nextTurn()) {
      const removing = this.#transact((rows) => this.#removeBatch(rows, owner, { after, cutOff, except }), { ...options, onFullDisk: true })
      const { live, last } = await removing.catch((error: unknown) => {
        // Those that had ended by themselves are gone for nobody.
        throw ended > 0 ? inDoubt(error) : error
      })
      live.forEach(options.onEnded)
      ended += live.length
      after = last
    }
    options.thorough?.onProgress?.({ scanned: ended, ended })
    return ended
  }

  #removeBatch(
    rows: SessionRows,
    owner: UserKey,
    span: { readonly after: number; readonly cutOff: number; readonly except: string },
  ): { readonly live: readonly Handle[]; readonly last: number } {
    const now = this.now()
    const batch = rows.batch(owner.user, span.after, span.cutOff, BATCH)
    const last = batch.at(-1)?.created ?? span.cutOff
    rows.deleteBatch(owner.user, span.after, last, span.except)
    const live = batch.filter((row) => row.ends >= now && row.handle !== span.except).map((row) => parseHandle(row.handle))
    return { live: live.filter((handle) => handle !== null), last }
  }

  protected async *sweep(cursor: string | null, count: number, options: StepOptions): AsyncGenerator<SweepStep> {
    const after = cursor === null ? NOTHING : readSweepCursor(cursor)
    const found = await this.#read((rows) => rows.swept(after, count), options)
    const now = this.now()
    const live = found.filter((row) => row.ends >= now)
    let seen: SweepCounts = { ...EMPTY_SWEEP, scanned: found.length - live.length }
    for (const row of live) seen = addSweeps(seen, this.#sweptRow(row, now))
    const last = found.at(-1)?.handle ?? after
    if (live.length < found.length) {
      const pruned = await this.#transact((rows) => rows.deleteSwept(after, last, now), { ...options, onFullDisk: true })
      seen = { ...seen, pruned }
    }
    yield { seen, next: found.length < count ? null : SWEEP_CURSOR + last }
  }

  #sweptRow(row: Pick<SessionRow, "handle" | "record">, now: number): SweepCounts {
    const [place] = readableRow(row)
    const record = place === undefined ? null : this.readable(...place)
    return record === null ? { ...EMPTY_SWEEP, scanned: 1 } : sweptLive(record, now, false)
  }

  protected async probe(options: StepOptions): Promise<void> {
    await this.#read((rows) => rows.probe(), options)
  }

  protected async examine(options: StepOptions): Promise<readonly DoctorFinding[]> {
    return judgeFile(await this.#file.describe(options))
  }

  protected async release(): Promise<void> {
    this.#file.close()
  }

  #apply(handle: Handle, step: (current: SessionRecord | null, now: number) => Transition, options: TransactOptions): Promise<StepResult> {
    return this.#transact((rows) => {
      const now = this.now()
      const row = rows.find(formatHandle(handle), now)
      const { next, result } = step(row === null ? null : decodeRecord(handle, row.record), now)
      if (next !== null) rows.replace(rowOf(next))
      return result
    }, options)
  }

  #read<T>(work: (rows: SessionRows) => T, options: StepOptions): Promise<T> {
    return this.#file.read((db) => work(new SessionRows(db, this.settings.keyPrefix)), options)
  }

  #transact<T>(work: (rows: SessionRows) => T, options: TransactOptions): Promise<T> {
    const onRows = (db: SqliteConnection): T => work(new SessionRows(db, this.settings.keyPrefix))
    return options.onFullDisk === true ? this.#file.transactOnFullDisk(onRows, options) : this.#file.transact(onRows, options)
  }
}

/** A row's record and whose it is, or nothing where the handle is none: another program wrote it. */
function readableRow({ handle, record }: Pick<SessionRow, "handle" | "record">): [] | [[Handle, string]] {
  const parsed = parseHandle(handle)
  return parsed === null ? [] : [[parsed, record]]
}

/** Everything that can be wrong before the file is touched. @throws ERR_CONFIG_INVALID */
function checkOpening(file: string, options: SqliteSessionOptions): { readonly path: string; readonly timeoutMs: number } {
  resolveSettings(options)
  return asConfigError(() => ({ path: checkPath(file), timeoutMs: toCallTimeout(options.timeout) }))
}

/** Begins the cursor of a cleanup; the handle that was looked at last follows, whatever a damaged file may hold in its place. */
const SWEEP_CURSOR = "after."

/** @throws UnexpectedValue */
function readSweepCursor(cursor: string): string {
  if (cursor.startsWith(SWEEP_CURSOR)) return cursor.slice(SWEEP_CURSOR.length)
  throw new UnexpectedValue("Expected cursor to be one of a cleanup's report, got something else.")
}

function rowOf(record: SessionRecord): Pick<SessionRow, "handle" | "ends" | "record"> {
  return { handle: formatHandle(record), ends: endsAt(record), record: encodeRecord(record) }
}

/**
 * Whether a proof may end a stored session. The body need not be readable. Where not even the head is, the owner may end it by the row's own column,
 * and any secret may: nobody can ever use the session again.
 */
function judgeRemoval(handle: Handle, row: Pick<SessionRow, "owner" | "record">, proof: Proof, ifVersion: number | null, now: number): Removed {
  try {
    const prefix = decodePrefix(handle, prefixOf(row.record))
    return removeRecord({ ...prefix, body: { schemaVersion: 0, attributes: "" } }, proof, ifVersion, now)
  } catch (error) {
    if (!SessionError.is(error, "ERR_SESSION_CORRUPT") || ifVersion !== null) throw error
    return { status: "owner" in proof && userKey(proof.owner).user !== row.owner ? "missing" : "done" }
  }
}
