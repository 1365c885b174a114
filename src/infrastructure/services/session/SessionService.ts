import { SessionError, withOutcome } from "../../../domain/errors.js"
import type { IRedisService, RedisReply } from "../../../domain/interfaces/redis/IRedisService.js"
import type { DoctorFinding, SessionData } from "../../../domain/interfaces/session/ISessionService.js"
import type { LimitRule } from "../../../domain/session/limit.js"
import {
  createRecord,
  ownerOf,
  type Proof,
  type Rotation,
  type SessionDraft,
  type SessionRecord,
  type StepResult,
  type Write,
} from "../../../domain/session/record.js"
import type { SweepStep } from "../../../domain/session/sweep-counts.js"
import { formatToken, type Handle, type Ticket } from "../../../domain/session/ticket.js"
import { emptyList } from "../../../shared/empty-list.js"
import { ReplayDeletes } from "../../redis/failures/replay-deletes.js"
import { type End, SessionEnds } from "../../redis/failures/session-ends.js"
import { Accesses, type Unwritten } from "../../redis/reads/accesses.js"
import { ReadBatch, type Reader } from "../../redis/reads/batch.js"
import { ServerClock } from "../../redis/reads/server-clock.js"
import { Touches } from "../../redis/reads/touches.js"
import type { Answer, ScriptOptions } from "../../redis/scripts/ScriptRunner.js"
import {
  type Accessed,
  type CreateAnswer,
  type CreatedTogether,
  type CreatePage,
  createdMicros,
  createTerms,
  type DeleteAnswer,
  DueCreate,
  DueDelete,
  type DueTouch,
  DueUpdate,
  FIRST_PAGE,
  SessionScripts,
  type Touched,
  type UpdateAnswer,
} from "../../redis/scripts/session-scripts.js"
import { SessionKeys } from "../../redis/session-keys.js"
import { Traffic } from "../../redis/Traffic.js"
import { type ClaimSender, TurnBatch } from "../../redis/TurnBatch.js"
import { Background } from "../../redis/upkeep/background.js"
import { sweepKeyspace } from "../../redis/upkeep/cleanup.js"
import { examineStore } from "../../redis/upkeep/doctor.js"
import { isListDue } from "../../redis/upkeep/due-lists.js"
import { HealBehind } from "../../redis/upkeep/heal-behind.js"
import { CREATE_WINDOW_MS, LIST_MEMORY_MICROS } from "../../redis/upkeep/list-memory.js"
import { PruneLater } from "../../redis/upkeep/prune-later.js"
import { removeListed, takeCutOff, type UpkeepParts } from "../../redis/upkeep/sign-out-everywhere.js"
import { removeThoroughly } from "../../redis/upkeep/thorough.js"
import { untilAborted } from "../../until-aborted.js"
import type { StepOptions } from "../CallStep.js"
import { touchOf } from "./checked-options.js"
import { KeptSessions } from "./KeptSessions.js"
import { PageFill, stepSizes } from "./PageFill.js"
import { newSecret, newSessionId, type UserKey, userKey } from "./randomness.js"
import { decodeHead, decodePrefix, decodeRecord, encodeBody, encodeFixed } from "./record-json.js"
import { Draft, Opened } from "./record-parts.js"
import { SessionFront } from "./session-front.js"
import type { SessionOptions } from "./session-settings.js"
import type { Access, Inserted, Page, Position, RemoveAllOptions, Removed } from "./session-steps.js"
import { inDoubt, notCreated, notDurable } from "./step-errors.js"

/** A change that came too late is sent again with a new time limit, this often at most. */
const LATE_TRIES = 3
/** Creations in one script. */
const MOST_CREATES = 16
/** With a limit above this a creation goes alone. */
const MOST_COUNTED_TOGETHER = 100
/** Updates in one script: each may bring 64 KiB, and nobody is to wait long for the server. */
const MOST_UPDATES = 16
/** Sign-outs in one script. */
const MOST_DELETES = 32
/** Pages of 500 that one creation may look at: a list that grows as fast as it is read must not be read for ever. */
const CREATE_PAGES = 10_000
/** A change leaves the record's memory after this many more. */
const REMEMBERED_OPERATIONS = 4
/** A sign-out everywhere that ended more is remembered by its instant instead. */
const MOST_REMEMBERED_SINGLY = 1_000

/** Sessions on Redis or Valkey: each step is one script on one key, and the server's clock decides. */
export class SessionService<A extends object, I extends object = A> extends SessionFront<A, I> {
  readonly #redis: IRedisService
  readonly #clock: ServerClock
  readonly #keys: SessionKeys
  readonly #scripts: SessionScripts
  readonly #reads: ReadBatch<Handle, SessionRecord>
  readonly #touches: Touches
  readonly #accesses: Accesses | null
  readonly #creates: TurnBatch<DueCreate, Durable<CreatedTogether>>
  readonly #updates: TurnBatch<DueUpdate, Durable<UpdateAnswer>>
  readonly #deletes: TurnBatch<DueDelete, Durable<DeleteAnswer>>
  readonly #kept: KeptSessions<A> | null
  readonly #prunes: PruneLater
  readonly #replays: ReplayDeletes<End>
  readonly #background = new Background()
  readonly #heals: HealBehind
  /** A change that the server meets later than this after it was sent is not made, nor one that it meets when its call's time is up. */
  readonly #windowMicros: number

  constructor(store: IRedisService, options: SessionOptions = {}) {
    super(options)
    this.#windowMicros = this.settings.timeoutMs * 1000
    this.#keys = new SessionKeys(this.settings.keyPrefix)
    const { nearCache } = this.settings
    const onServing = (serving: boolean, reason: string): void => this.reportNearCache(serving, reason)
    this.#kept = nearCache === null ? null : new KeptSessions<A>({ redis: store, keys: this.#keys, bounds: nearCache, settings: this.settings, onServing })
    const redis = this.#kept?.watching(store) ?? store
    this.#redis = redis
    this.#clock = new ServerClock(redis, this.#background)
    this.#scripts = new SessionScripts(redis, this.#clock, this.settings.timeoutMs)
    const traffic = new Traffic()
    this.#reads = new ReadBatch(redis, decodeRecord, traffic)
    const creating = durableSender<DueCreate, CreatedTogether>(
      (due, options) => this.#scripts.create(due, FIRST_PAGE, options),
      this.#scripts.creates.bind(this.#scripts),
    )
    const updating = durableSender<DueUpdate, UpdateAnswer>(this.#scripts.update.bind(this.#scripts), this.#scripts.updates.bind(this.#scripts))
    this.#creates = new TurnBatch(creating, redis.singleNode ? MOST_CREATES : 1, traffic)
    this.#updates = new TurnBatch(updating, redis.singleNode ? MOST_UPDATES : 1, traffic)
    const deleting = durableSender<DueDelete, DeleteAnswer>(this.#scripts.delete.bind(this.#scripts), this.#scripts.deletes.bind(this.#scripts))
    this.#deletes = new TurnBatch(deleting, redis.singleNode ? MOST_DELETES : 1, traffic)
    this.#accesses = this.settings.touchInterval === 0 ? new Accesses(redis, this.#scripts, this.settings.timeoutMs) : null
    this.#touches = new Touches((due) => this.#touchAll(due), redis.singleNode, traffic)
    this.#heals = new HealBehind(redis, this.#scripts, this.#background)
    this.#prunes = new PruneLater(redis, this.#scripts, this.#keys)
    const ends = new SessionEnds(this.#upkeep(), (handle) => this.reportEndedAgain(handle))
    this.#replays = new ReplayDeletes({ ends, background: this.#background })
    redis.onDisruption(() => this.#replays.disrupted())
  }

  protected now(options: StepOptions): number | Promise<number> {
    const micros = this.#clock.nowMicros(options)
    return typeof micros === "number" ? Math.floor(micros / 1000) : micros.then((reading) => Math.floor(reading / 1000))
  }

  protected readsInTime(): boolean {
    // A read that the tracked connection left unanswered begins anew on another.
    return this.#kept === null && this.#clock.isKnown
  }

  protected async insert(draft: SessionDraft, owner: UserKey | null, limit: LimitRule | null, options: StepOptions): Promise<Inserted> {
    if (owner === null && this.#redis.resendMark() === null) return this.#insertUnwatched(draft, options)
    const evicted: Handle[] = emptyList()
    // Those that made room are gone, whatever becomes of the creation.
    try {
      const inserted = await this.#insert(draft, owner, limit, options, evicted)
      if (inserted.status !== "created") this.reportEvicted(evicted)
      return inserted
    } catch (error) {
      this.reportEvicted(evicted)
      throw evicted.length > 0 ? inDoubt(error) : error
    }
  }

  /**
   * A guest's session through a client that may send again without telling. What is opened first has a secret that nobody gets, and the caller's by a change: so
   * a copy that is read after the session's end, of which no list knows, opens one for nobody.
   */
  async #insertUnwatched(draft: SessionDraft, options: StepOptions): Promise<Inserted> {
    const hidden = redrafted(draft, { id: draft.id, verifier: this.settings.verifiers.issue(newSecret()) })
    const inserted = await this.#insert(hidden, null, null, options, [])
    if (inserted.status !== "created") return inserted
    const rotation = { verifier: draft.verifier, grace: 0, reauthenticated: false, write: null }
    const rotated = await this.rotate(inserted.record, { verifiers: [hidden.verifier] }, rotation, options)
    return rotated.status === "done" ? new Opened(rotated.record, inserted.evicted) : { status: "ended" }
  }

  async #insert(given: SessionDraft, owner: UserKey | null, limit: LimitRule | null, options: StepOptions, evicted: Handle[]): Promise<Inserted> {
    let draft = given
    const gone = (ids: readonly RedisReply[]): void => {
      for (const id of ids) {
        const handle: Handle = { tag: draft.tag, id: String(id) }
        evicted.push(handle)
        this.#replays.remember({ kind: "session", handle, owner: null })
        if (owner !== null) this.#prunes.add(owner, [String(id)])
      }
    }
    let page = FIRST_PAGE
    let late = 0
    for (let pages = 0; pages < CREATE_PAGES && late < LATE_TRIES; pages += 1) {
      const mark = this.#redis.resendMark()
      const answer = await this.#create(draft, owner, limit, page, options)
      const { status, values, repeated } = answer
      if ((status === "DONE" || status === "REPLAYED") && owner === null && this.#wasSentTwice(repeated, mark)) {
        // No list remembers a guest's session: after its end the first copy, if the server reads it only then, would bring it back. So this one stays
        // nobody's, and ends by itself.
        if (draft !== given) throw perhapsOpened()
        draft = redrafted(draft, { id: newSessionId(), verifier: draft.verifier })
        continue
      }
      switch (status) {
        case "DONE":
          gone(values.slice(1))
          return new Opened(createRecord(draft, createdMicros(answer), Math.floor(answer.micros / 1000)), evicted)
        case "REPLAYED":
          return new Opened(decodeRecord(draft, String(values[0])), evicted)
        case "MORE":
          page = { cursor: String(values[0]), counted: Number(values[1]), oldest: String(values[2]), until: String(values[3]) }
          gone(values.slice(4))
          break
        case "LATE":
          // An earlier copy may have opened the session: by now it may be ended, and the list may have forgotten it. Opened again, it would be back.
          if (this.#mayBeSecondCopy(repeated, mark)) throw perhapsOpened()
          // The reply brought the server's time, so the next try has a better limit.
          late += 1
          break
        case "FULL":
          // The first copy may still lie in the server's half of the lost connection, and find room when it is read.
          if (this.#mayBeSecondCopy(repeated, mark)) throw inDoubt(notCreated("full", limit))
          return { status: "full" }
        case "ENDED":
          return { status: "ended" }
      }
      options.signal?.throwIfAborted()
    }
    throw new SessionError("ERR_STORE_UNAVAILABLE", "Expected the server to open the session in time, got a server too slow or a list too long. Try again.")
  }

  async #create(draft: SessionDraft, owner: UserKey | null, limit: LimitRule | null, page: CreatePage, options: StepOptions): Promise<CreateAnswer> {
    const notAfter = this.#clock.notAfter(Math.min(this.#windowMicros, CREATE_WINDOW_MS * 1000), options)
    const due = this.#due(draft, owner, limit, typeof notAfter === "number" ? notAfter : await notAfter)
    const { answer, isDurable } = await this.#created(due, limit, page, options.signal)
    if (!isDurable && (answer.status === "DONE" || answer.status === "REPLAYED")) this.reportNotDurable(draft)
    return answer
  }

  // By itself: an asynchronous function holds what it made on its way until it ends.
  #due(draft: SessionDraft, owner: UserKey | null, limit: LimitRule | null, notAfterMicros: number): DueCreate {
    const fixed = encodeFixed(draft.fixed)
    return new DueCreate({
      session: this.#keys.session(draft),
      index: owner === null ? null : this.#keys.index(owner),
      terms: createTerms(draft, owner !== null, LIST_MEMORY_MICROS, limit),
      notAfterMicros,
      verifier: draft.verifier,
      fields: fixed + encodeBody(draft.body, fixed),
    })
  }

  /** With others of the same turn, unless many sessions may have to be looked at: nobody else is to wait for that. */
  #created(due: DueCreate, limit: LimitRule | null, page: CreatePage, signal: AbortSignal | undefined): Promise<Durable<CreateAnswer>> {
    const alone = (): Promise<Durable<CreateAnswer>> => durably((onNotDurable) => this.#scripts.create(due, page, { signal, onNotDurable }))
    if ((limit !== null && limit.max > MOST_COUNTED_TOGETHER) || page !== FIRST_PAGE) return alone()
    return this.#creates.add(due, signal).then((made) => (isTold(made) ? made : alone()))
  }

  /**
   * Sends a change with a time limit, for a caller who is to get an answer even when it was not kept as `durability` asks. LATE means that the record is as it
   * was, or as an earlier copy of this very change left it, so it is sent again with a new limit.
   */
  async #inTime<S extends string>(
    handle: Handle,
    options: StepOptions,
    send: (notAfterMicros: number) => Promise<Durable<Answer<S | "LATE">>>,
  ): Promise<Answer<S>> {
    for (let tries = 0; tries < LATE_TRIES; tries += 1) {
      const notAfter = this.#clock.notAfter(this.#windowMicros, options)
      const { answer, isDurable } = await send(typeof notAfter === "number" ? notAfter : await notAfter)
      if (!isDurable && (answer.status === "DONE" || answer.status === "REPLAYED")) this.reportNotDurable(handle)
      if (isInTime(answer)) return answer
      options.signal?.throwIfAborted()
    }
    throw new SessionError("ERR_STORE_UNAVAILABLE", "Expected the server to make the change in time, got a server too slow. Try again.")
  }

  protected override recall(token: unknown, options: unknown): Promise<SessionData<A>> | undefined {
    if (this.#kept === null) return undefined
    const touches = options === undefined || touchOf(options)
    return touches === null ? undefined : this.#kept.recall(token, touches)
  }

  protected override keep(record: SessionRecord, ticket: Ticket, proof: Proof, session: SessionData<A>): SessionData<A> {
    this.#kept?.keep(record, formatToken(ticket), proof, session)
    return session
  }

  protected override reportEvicted(handles: readonly Handle[]): void {
    for (const handle of handles) this.#kept?.forget(handle)
    super.reportEvicted(handles)
  }

  override close(): Promise<void> {
    this.#kept?.stop()
    return super.close()
  }

  protected find(handle: Handle, options: StepOptions): Promise<SessionRecord | null> {
    if (this.#kept !== null) return this.#kept.find(handle, options)
    return this.#reads.get(handle, this.#keys.session(handle), options.signal)
  }

  protected override ask<T>(handle: Handle, reader: Reader<SessionRecord, T>): Promise<T> {
    return this.#reads.ask(handle, this.#keys.session(handle), reader)
  }

  protected override access(ticket: Ticket): Promise<Access | null> | undefined {
    if (this.#accesses === null) return undefined
    const due = { session: this.#keys.session(ticket), verifiers: this.settings.verifiers.candidates(ticket.secret) }
    return this.#accesses.read(due).then((found) => this.#accessOf(ticket, found))
  }

  #accessOf(ticket: Ticket, found: Accessed | Unwritten): Access | null {
    if (found.text === null) return null
    const record = decodeRecord(ticket, found.text)
    if ("failed" in found) return { record, failed: found.failed }
    if (found.status === "CORRUPT") return { record, failed: unreadable() }
    if (found.status !== "DONE") return { record, written: refused(found.status) }
    const lastAccessedAt = Math.floor(found.micros / 1000)
    if (isListDue(record.id, record.lastAccessedAt, lastAccessedAt)) {
      const place = placeOf(record)
      if (place !== null) this.#heals.add(this.#keys.index(place), this.#keys.session(record))
    }
    return { record, written: { status: "done", record: { ...record, lastAccessedAt } } }
  }

  protected touch(record: SessionRecord, proof: Proof, { signal }: StepOptions): Promise<StepResult> {
    const place = placeOf(record)
    const due = { session: this.#keys.session(record), index: place === null ? null : this.#keys.index(place), verifiers: verifiersOf(proof) }
    const touched = this.#touches.touch(due, Math.min(this.settings.touchInterval, record.slack))
    return untilAborted(touched, signal).then(({ status, micros }) =>
      status === "DONE" ? { status: "done", record: { ...record, lastAccessedAt: Math.floor(micros / 1000) } } : refused(status),
    )
  }

  /** A list that lost a member is whole again within a touch interval of use. On a cluster that goes behind: while a slot moves, a script of two keys may be refused. */
  async #touchAll(due: readonly DueTouch[]): Promise<readonly Touched[]> {
    if (this.#redis.singleNode) return this.#scripts.touches(due, LIST_MEMORY_MICROS, {})
    const touched = await this.#scripts.touches(
      due.map((one) => ({ ...one, index: null })),
      LIST_MEMORY_MICROS,
      {},
    )
    for (const [at, { session, index }] of due.entries()) if (touched[at]?.status === "DONE" && index !== null) this.#heals.add(index, session)
    return touched
  }

  protected async write(record: SessionRecord, proof: Proof, write: Write, options: StepOptions): Promise<StepResult> {
    const mark = this.#redis.resendMark()
    const session = this.#keys.session(record)
    const { expectedVersion: expected, operation } = write
    const body = encodeBody(write.body, encodeFixed(write.fixed))
    const verifiers = verifiersOf(proof)
    const { status, values, repeated } = await this.#inTime(record, options, (notAfterMicros) =>
      this.#updates.add(new DueUpdate({ session, expected, operation, body, notAfterMicros, verifiers }), options.signal),
    )
    if (status === "CLASH") return clashed(expected, Number(values[0]), this.#mayBeSecondCopy(repeated, mark))
    if (status !== "DONE" && status !== "REPLAYED") return refused(status)
    const head = decodeHead(record, String(values[0]), { fixed: record.fixed, body: write.body })
    return { status: "done", record: { ...head, version: expected + 1 } }
  }

  protected async prolong(handle: Handle, proof: Proof, idleTimeout: number | null, options: StepOptions): Promise<StepResult> {
    const args = { idle: idleTimeout, touchInterval: this.settings.touchInterval, verifiers: verifiersOf(proof) }
    const key = this.#keys.session(handle)
    return settled(
      handle,
      await this.#inTime(handle, options, (notAfterMicros) =>
        durably((onNotDurable) => this.#scripts.extend(key, { ...args, notAfterMicros }, { ...options, onNotDurable })),
      ),
    )
  }

  protected async rotate(handle: Handle, proof: Proof, rotation: Rotation, options: StepOptions): Promise<StepResult> {
    const mark = this.#redis.resendMark()
    const { verifier, grace, reauthenticated, write } = rotation
    const change = write === null ? null : { expected: write.expectedVersion, body: encodeBody(write.body, encodeFixed(write.fixed)) }
    const args = { verifier, grace, reauthenticated, write: change, verifiers: verifiersOf(proof) }
    const key = this.#keys.session(handle)
    const answer = await this.#inTime(handle, options, (notAfterMicros) =>
      durably((onNotDurable) => this.#scripts.rotate(key, { ...args, notAfterMicros }, { ...options, onNotDurable })),
    )
    if (answer.status === "CLASH") return clashed(write?.expectedVersion ?? 0, Number(answer.values[0]), this.#mayBeSecondCopy(answer.repeated, mark))
    if (answer.status === "REPLACED_SECRET") return { status: "replaced-secret" }
    if (answer.status === "NOT_AUTHENTICATED") return { status: "not-authenticated" }
    return settled(handle, { ...answer, status: answer.status })
  }

  /** Whether an answer may be that to a second copy of a change, sent by this library or by the client. */
  #mayBeSecondCopy(repeated: boolean, markBefore: number | null): boolean {
    return markBefore === null || this.#wasSentTwice(repeated, markBefore)
  }

  /** The same, as far as the client tells of its connections. */
  #wasSentTwice(repeated: boolean, markBefore: number | null): boolean {
    return repeated || markBefore !== this.#redis.resendMark()
  }

  /**
   * After a lost reply `missing` may mean that the first copy ended the session, or that somebody else had done so before: this call never saw it
   * alive, so it does not claim to have ended it.
   */
  protected async remove(handle: Handle, proof: Proof, ifVersion: number | null, options: StepOptions): Promise<Removed> {
    const owner = "owner" in proof ? JSON.stringify(proof.owner) : null
    const due = new DueDelete({ session: this.#keys.session(handle), owner, newest: null, version: ifVersion, verifiers: verifiersOf(proof) })
    const { answer, isDurable } = await this.#deletes.add(due, options.signal)
    const { status, values, repeated } = answer
    if (status === "DONE") this.#replays.remember({ kind: "session", handle, owner: null })
    // Missing is also what a handle of another user's session is answered.
    if (status === "MISSING" && repeated) this.#replays.remember({ kind: "session", handle, owner: "owner" in proof ? proof.owner : null })
    switch (status) {
      case "DONE":
        this.#pruneLater(handle, String(values[0]))
        return { status: "done", isDurable }
      case "WRONG_SECRET":
        return { status: "wrong-secret" }
      case "MISSING":
        return { status: "missing", isDurable }
      case "CORRUPT":
        if ("owner" in proof) return this.#removeUnreadable(handle, userKey(proof.owner), options)
        throw unreadable()
      case "CLASH":
        return { status: "clash", version: Number(values[0]) }
    }
  }

  /** A record that names no owner any more is the user's if the user's list says so. */
  async #removeUnreadable(handle: Handle, owner: UserKey, options: StepOptions): Promise<Removed> {
    const [listed] = await this.#scripts.lists(this.#keys.index(owner), [handle.id], options)
    if (listed !== true || handle.tag !== owner.tag) return { status: "missing" }
    let isDurable = true
    const { existed } = await this.#scripts.unlink([this.#keys.session(handle)], { ...options, onNotDurable: () => (isDurable = false) })
    this.#prunes.add(owner, [handle.id])
    this.#replays.remember({ kind: "session", handle, owner: null })
    return { status: existed[0] === true ? "done" : "missing", isDurable }
  }

  #pruneLater(handle: Handle, prefix: string): void {
    // What could not be read names no list; the list's own time to live sees to its member.
    if (prefix === "") return
    try {
      const place = placeOf(decodePrefix(handle, prefix))
      if (place !== null) this.#prunes.add(place, [handle.id])
    } catch {
      // As above: the session is ended all the same.
    }
  }

  /** A user's list names ended sessions for a while, which are passed by: ten steps of two round trips at most. */
  protected async page(owner: UserKey, after: Position | null, limit: number, options: StepOptions): Promise<Page> {
    const fill = new PageFill(limit, after)
    for (const size of stepSizes(limit)) {
      const begin = fill.position
      // Several members may have one score after a repair, so a step begins at the last one's score, and what was seen is left out.
      const [from, count] = begin === null ? ["+inf", size] : [String(begin.createdMicros), size + 1]
      const members = await this.#scripts.page(this.#keys.index(owner), { order: "REV", from, to: "-inf", count }, options)
      const fresh = begin === null ? members : members.filter(({ id, score }) => score < begin.createdMicros || id < begin.id)
      const texts = await this.#readMembers(owner, fresh, options)
      for (const [at, { id, score }] of fresh.entries()) {
        const text = texts[at] ?? null
        const handle = { tag: owner.tag, id }
        if (text === null) fill.pass({ createdMicros: score, id })
        else fill.add(handle, score, this.readable(handle, text))
        if (fill.isFull) return fill.page(false)
      }
      if (members.length < count) return fill.page(true)
    }
    return fill.page(false)
  }

  /** The records of members, and `null` where there is none any more. */
  async #readMembers(owner: UserKey, members: readonly { readonly id: string }[], options: StepOptions): Promise<readonly (string | null)[]> {
    if (members.length === 0) return []
    const ids = members.map(({ id }) => id)
    const texts = await this.#redis.mget(this.#keys.sessions(owner, ids), options)
    const gone = ids.filter((_id, at) => (texts[at] ?? null) === null)
    if (gone.length > 0) this.#prunes.add(owner, gone)
    return texts
  }

  protected async removeAll(owner: UserKey, options: RemoveAllOptions): Promise<number> {
    const parts = this.#upkeep()
    const begin = await takeCutOff(parts, owner, options)
    const cutoff = begin.score
    const ended: Handle[] = []
    const maybeEnded: Handle[] = []
    let begun = false
    let isDurable = true
    const walk = {
      ...options,
      onBegin: () => (begun = true),
      onEnded: (handle: Handle) => {
        ended.push(handle)
        options.onEnded(handle)
      },
      onMaybeEnded: (handle: Handle) => maybeEnded.push(handle),
      onNotDurable: () => (isDurable = false),
    }
    try {
      const listed = await removeListed(parts, owner, begin, walk)
      const count = options.thorough === null ? listed : await removeThoroughly(parts, owner, cutoff, { ...walk, ...options.thorough, listed })
      // Called again after one that could not be kept in time, this still waits until it is.
      if (!begun) await this.#scripts.unlink([], walk)
      if (isDurable) return count
    } catch (error) {
      throw begun ? inDoubt(error) : error
    } finally {
      this.#kept?.forgetUser(options.owner)
      this.#rememberAll(owner, cutoff, { ended, maybeEnded }, options)
    }
    for (const handle of ended) this.reportNotDurable(handle)
    throw notDurable()
  }

  /** Thousands of ends are remembered as one: the user's list names them, up to the instant that this call took. */
  #rememberAll(
    place: UserKey,
    cutoff: string,
    { ended, maybeEnded }: { readonly ended: readonly Handle[]; readonly maybeEnded: readonly Handle[] },
    { owner, except, thorough }: RemoveAllOptions,
  ): void {
    // What a thorough sign-out ended, no list may name.
    if (ended.length + maybeEnded.length > MOST_REMEMBERED_SINGLY && thorough === null) {
      this.#replays.remember({ kind: "user", place, cutoff, owner, except })
      return
    }
    for (const handle of ended) this.#replays.remember({ kind: "session", handle, owner: null })
    for (const handle of maybeEnded) this.#replays.remember({ kind: "session", handle, owner })
  }

  #upkeep(): UpkeepParts {
    return { redis: this.#redis, scripts: this.#scripts, keys: this.#keys, prunes: this.#prunes }
  }

  protected sweep(cursor: string | null, count: number, options: StepOptions): AsyncIterable<SweepStep> {
    return sweepKeyspace(this.#upkeep(), cursor, count, {
      ...options,
      now: () => this.now(options),
      read: (handle, text) => this.readable(handle, text),
      listOf: placeOf,
    })
  }

  protected probe(options: StepOptions): Promise<void> {
    return this.#redis.ping(options)
  }

  protected examine(options: StepOptions): Promise<readonly DoctorFinding[]> {
    return examineStore(this.#redis, this.#keys, options)
  }

  protected async release(): Promise<void> {
    this.#prunes.stop()
    this.#replays.stop()
    await this.#background.settled()
    await this.#redis.close()
  }
}

/** Where the list lies that names a session; a guest stands in none. */
function placeOf(record: Pick<SessionRecord, "fixed">): UserKey | null {
  const owner = ownerOf(record.fixed)
  return owner === null ? null : userKey(owner)
}

/** What a change came to, and whether it was kept as `durability` asks. */
class Durable<T> {
  readonly answer: T
  readonly isDurable: boolean

  constructor(answer: T, isDurable: boolean) {
    this.answer = answer
    this.isDurable = isDurable
  }
}

async function durably<T>(send: (onNotDurable: () => void) => Promise<T>): Promise<Durable<T>> {
  let isDurable = true
  const answer = await send(() => {
    isDurable = false
  })
  return new Durable(answer, isDurable)
}

/** Sends changes alone, or several of one turn in one step, and says of each whether it was kept as `durability` asks. */
function durableSender<C, A>(
  one: (due: C, options: ScriptOptions) => Promise<A>,
  many: (due: readonly C[], options: ScriptOptions) => Promise<readonly A[]>,
): ClaimSender<C, Durable<A>> {
  return {
    one: (due, signal) => durably((onNotDurable) => one(due, { signal, onNotDurable })),
    many: async (due, signal) => {
      const { answer, isDurable } = await durably((onNotDurable) => many(due, { signal, onNotDurable }))
      return answer.map((each) => new Durable(each, isDurable))
    },
  }
}

/** Whether it came to what a creation comes to that goes alone. */
function isTold(made: Durable<CreatedTogether>): made is Durable<CreateAnswer> {
  return made.answer.status !== "FAILED"
}

function isInTime<S extends string>(answer: Answer<S | "LATE">): answer is Answer<S> {
  return answer.status !== "LATE"
}

/**
 * Another version than expected. A change that was sent twice, and that was applied the first time, would be found among the last four;
 * more changes than that since, and nobody can tell.
 */
function clashed(expected: number, version: number, mayBeSecondCopy: boolean): StepResult {
  if (mayBeSecondCopy && version > expected + REMEMBERED_OPERATIONS) {
    throw new SessionError(
      "ERR_STORE_UNKNOWN",
      "Expected to learn whether the change was made, got a reconnect in between and too many changes since. Read the session.",
    )
  }
  return { status: "clash", version }
}

function redrafted(draft: SessionDraft, { id, verifier }: Pick<SessionDraft, "id" | "verifier">): SessionDraft {
  const { tag, idleTimeout, slack, absoluteTimeout, authenticatedAt, fixed, body } = draft
  return new Draft({ tag, id, verifier, idleTimeout, slack, absoluteTimeout, authenticatedAt, fixed, body })
}

function perhapsOpened(): SessionError {
  return new SessionError(
    "ERR_STORE_TIMEOUT",
    "Expected to learn whether the session was opened, got a connection that broke and a second copy that came too late to tell. It may have been opened.",
  )
}

function verifiersOf(proof: Proof): readonly string[] {
  return "verifiers" in proof ? proof.verifiers : []
}

function unreadable(): SessionError {
  return new SessionError("ERR_SESSION_CORRUPT", "Expected a session record, got something else. The session can still be deleted.")
}

function refused(status: "MISSING" | "WRONG_SECRET" | "CORRUPT"): StepResult {
  if (status === "CORRUPT") throw unreadable()
  return { status: status === "MISSING" ? "missing" : "wrong-secret" }
}

function settled(handle: Handle, answer: Answer<"DONE" | "REPLAYED" | "MISSING" | "WRONG_SECRET" | "CORRUPT">): StepResult {
  if (answer.status !== "DONE" && answer.status !== "REPLAYED") return refused(answer.status)
  try {
    return { status: "done", record: decodeRecord(handle, String(answer.values[0])) }
  } catch (error) {
    throw withOutcome(error, "applied")
  }
}
