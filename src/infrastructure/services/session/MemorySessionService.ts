import type { Clock } from "../../../domain/interfaces/ports.js"
import type { DoctorFinding } from "../../../domain/interfaces/session/ISessionService.js"
import { isAlive } from "../../../domain/session/deadlines.js"
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
import { addSweeps, EMPTY_SWEEP, type SweepStep, sweptLive } from "../../../domain/session/sweep-counts.js"
import { formatHandle, type Handle } from "../../../domain/session/ticket.js"
import { UnexpectedValue } from "../../../shared/assertions.js"
import { Patrol } from "../Patrol.js"
import { timeOf } from "../time-of.js"
import { PageFill } from "./PageFill.js"
import type { UserKey } from "./randomness.js"
import { SessionFront } from "./session-front.js"
import type { SessionOptions } from "./session-settings.js"
import type { Inserted, Page, Position, RemoveAllOptions, Removed } from "./session-steps.js"

/** A stored record, its place in the order of arrival, and the list that it stands in. */
interface Entry {
  readonly record: SessionRecord
  readonly arrival: number
  readonly owner: UserKey | null
}

/** One user's sessions. */
interface List {
  /** In the order of creation. */
  readonly handles: Set<string>
  /** When the last one was created, in microseconds. */
  newest: number
}

/**
 * Sessions in this process's memory: for tests, for one process without a wish to survive, and as the executable specification.
 * Nothing here waits, so each step is atomic by nature.
 */
export class MemorySessionService<A extends object, I extends object = A> extends SessionFront<A, I> {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  readonly #lists = new Map<string, List>()
  #arrivals = 0
  readonly #patrol = new Patrol(this.#entries, (key) => this.#alive(key))

  constructor(options: SessionOptions & { readonly clock?: Clock | undefined }) {
    super(options)
    this.#clock = options.clock ?? Date
  }

  protected now(): number {
    return Math.floor(timeOf(this.#clock))
  }

  protected readsInTime(): boolean {
    return true
  }

  protected async insert(draft: SessionDraft, owner: UserKey | null, limit: LimitRule | null): Promise<Inserted> {
    this.#patrol.step()
    const counting = limit === null ? [] : this.#recordsOf(owner).filter((record) => counts(record) && record.id !== limit.replaces)
    const evicted = makeRoom(counting, limit)
    if (evicted === "full") return { status: "full" }
    const now = this.now()
    const list = owner === null ? null : this.#listOf(owner)
    const whole = { ...draft, verifier: inOnePiece(draft.verifier) }
    const record = createRecord(whole, Math.max(now * 1000, (list?.newest ?? 0) + 1), now)
    const key = inOnePiece(formatHandle(record))
    this.#arrivals += 1
    this.#entries.set(key, { record, arrival: this.#arrivals, owner })
    list?.handles.add(key)
    if (list !== null) list.newest = record.createdMicros
    for (const old of evicted) this.#drop(formatHandle(old))
    return { status: "created", record, evicted }
  }

  protected find(handle: Handle): SessionRecord | null {
    return this.#alive(formatHandle(handle))
  }

  protected async touch(record: SessionRecord, proof: Proof): Promise<StepResult> {
    return this.#apply(record, (current, now) => touchRecord(current, proof, now))
  }

  protected async write(record: SessionRecord, proof: Proof, write: Write): Promise<StepResult> {
    return this.#apply(record, (current, now) => writeRecord(current, proof, write, now))
  }

  protected async prolong(handle: Handle, proof: Proof, idleTimeout: number | null): Promise<StepResult> {
    const { touchInterval } = this.settings
    return this.#apply(handle, (current, now) => extendRecord(current, proof, { idleTimeout, touchInterval }, now))
  }

  protected async rotate(handle: Handle, proof: Proof, rotation: Rotation): Promise<StepResult> {
    return this.#apply(handle, (current, now) => rotateRecord(current, proof, rotation, now))
  }

  protected async remove(handle: Handle, proof: Proof, ifVersion: number | null): Promise<Removed> {
    const key = formatHandle(handle)
    const removed = removeRecord(this.#alive(key), proof, ifVersion, this.now())
    if (removed.status === "done") this.#drop(key)
    return removed
  }

  protected async page(owner: UserKey, after: Position | null, limit: number): Promise<Page> {
    const fill = new PageFill(limit, after)
    for (const record of this.#recordsOf(owner).reverse()) {
      if (after === null || record.createdMicros < after.createdMicros) fill.add(record, record.createdMicros, record)
      if (fill.isFull) break
    }
    return fill.page(true)
  }

  protected async removeAll(owner: UserKey, options: RemoveAllOptions): Promise<number> {
    let ended = 0
    for (const record of this.#recordsOf(owner)) {
      if (record.id === options.except?.id) continue
      this.#drop(formatHandle(record))
      options.onEnded(record)
      ended += 1
    }
    options.thorough?.onProgress?.({ scanned: ended, ended })
    return ended
  }

  protected async *sweep(cursor: string | null, count: number): AsyncGenerator<SweepStep> {
    if (cursor !== null && !/^\d{1,15}$/.test(cursor)) throw new UnexpectedValue("Expected cursor to be one of a cleanup's report, got something else.")
    const now = this.now()
    let seen = EMPTY_SWEEP
    for (const [key, { record, arrival }] of this.#entries) {
      if (arrival <= Number(cursor ?? 0)) continue
      if (isAlive(record, now)) {
        seen = addSweeps(seen, sweptLive(record, now, false))
      } else {
        this.#drop(key)
        seen = addSweeps(seen, { ...EMPTY_SWEEP, scanned: 1, pruned: 1 })
      }
      if (seen.scanned >= count) {
        yield { seen, next: String(arrival) }
        return
      }
    }
    yield { seen, next: null }
  }

  protected async probe(): Promise<void> {}

  protected async examine(): Promise<readonly DoctorFinding[]> {
    const found = "none: nothing survives a restart, and each process has sessions of its own"
    return [{ check: "persistence", level: "warning", found, remedy: 'Use store "sqlite:FILE" or "redis://…" where people are to stay signed in.' }]
  }

  protected async release(): Promise<void> {
    this.#entries.clear()
    this.#lists.clear()
  }

  #apply(handle: Handle, step: (current: SessionRecord | null, now: number) => Transition): StepResult {
    const key = formatHandle(handle)
    const entry = this.#entries.get(key)
    const { next, result } = step(entry?.record ?? null, this.now())
    if (entry !== undefined && next !== null) this.#entries.set(key, { ...entry, record: next })
    return result
  }

  #alive(key: string): SessionRecord | null {
    const record = this.#entries.get(key)?.record
    if (record === undefined) return null
    if (isAlive(record, this.now())) return record
    this.#drop(key)
    return null
  }

  #listOf(owner: UserKey): List {
    const list = this.#lists.get(owner.user) ?? { handles: new Set(), newest: 0 }
    this.#lists.set(owner.user, list)
    return list
  }

  /** A user's live sessions, the oldest first. */
  #recordsOf(owner: UserKey | null): SessionRecord[] {
    const handles = owner === null ? [] : [...(this.#lists.get(owner.user)?.handles ?? [])]
    return handles.map((key) => this.#alive(key)).filter((record) => record !== null)
  }

  #drop(key: string): void {
    const owner = this.#entries.get(key)?.owner
    this.#entries.delete(key)
    if (owner === null || owner === undefined) return
    const list = this.#lists.get(owner.user)
    list?.handles.delete(key)
    if (list?.handles.size === 0) this.#lists.delete(owner.user)
  }
}

/** The same text by itself: one that was cut out of another or put together of several refers to those, and each read would look for them all over the memory. */
function inOnePiece(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1")
}
