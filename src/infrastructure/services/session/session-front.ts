import { SessionError, withOutcome } from "../../../domain/errors.js"
import type { EndReason } from "../../../domain/interfaces/ports.js"
import type {
  CallOptions,
  Changes,
  CleanupOptions,
  CleanupReport,
  CreateSessionOptions,
  DeleteOptions,
  DeleteSessionOptions,
  DoctorFinding,
  DoctorReport,
  IdText,
  IssuedSession,
  OwnedSessionService,
  RotateSessionOptions,
  SessionData,
  SessionId,
  SessionToken,
  ThoroughOptions,
  TokenText,
  UpdateSessionOptions,
  UserId,
} from "../../../domain/interfaces/session/ISessionService.js"
import { needsTouch, TIMEOUT_RANGE } from "../../../domain/session/deadlines.js"
import type { LimitRule } from "../../../domain/session/limit.js"
import {
  type Body,
  ownerOf,
  type Proof,
  type Rotation,
  type SessionDraft,
  type SessionRecord,
  type StepResult,
  type Write,
} from "../../../domain/session/record.js"
import type { SweepStep } from "../../../domain/session/sweep-counts.js"
import { formatHandle, formatToken, type Handle, parseHandle, parseToken, type Ticket } from "../../../domain/session/ticket.js"
import { assertKnownKeys, readOnce, UnexpectedValue } from "../../../shared/assertions.js"
import { type Duration, toMilliseconds } from "../../../shared/durations.js"
import type { Reader } from "../../redis/reads/batch.js"
import type { CallStep, StepOptions } from "../CallStep.js"
import { ServiceCalls } from "../ServiceCalls.js"
import { Admission, byOwner, type ProveBy } from "./Admission.js"
import { AttributeSchema } from "./attribute-schema.js"
import { type CheckedUpdate, checkRotate, checkUpdate } from "./checked-changes.js"
import { type CheckedCreate, checkCreate, checkPast } from "./checked-creation.js"
import { checkCleanup, checkDelete, checkDeleteAll, checkDeleteSession, checkGet, checkPage, checkUserId } from "./checked-options.js"
import { MergedChanges } from "./MergedChanges.js"
import { formatCursor, parseCursor } from "./page-cursor.js"
import { plainObjects } from "./plain-objects.js"
import { newSecret, newSessionId, newTag, type UserKey, userKey } from "./randomness.js"
import { decodeRecord } from "./record-json.js"
import { Draft } from "./record-parts.js"
import { SessionAnswers } from "./SessionAnswers.js"
import { SessionEvents } from "./session-events.js"
import { resolveSettings, type SessionOptions, type SessionSettings } from "./session-settings.js"
import type { Access, Inserted, Page, Position, RemoveAllOptions, Removed } from "./session-steps.js"
import { notCreated, notDurable, versionConflict } from "./step-errors.js"
import { sweepAll } from "./sweep-all.js"

type Answer<T> = T | Promise<T>
/** The call that an access belongs to, or when a plain read began, by `performance.now()`; `null`: it is not to be written down. */
type Accessing = CallStep | number | null

/** Of a read whose steps end by deadlines of their own. */
const UNBOUNDED: StepOptions = {}

/** What `createSession` answers. */
type Created<A extends object> = IssuedSession<A> & { readonly evicted: readonly SessionId[] }

const PlainCreated = plainObjects<Created<object>, [token: SessionToken, session: SessionData<object>, evicted: readonly SessionId[]]>(
  function (token, session, evicted) {
    this.token = token
    this.session = session
    this.evicted = evicted
  },
)

type ListedSession<A extends object> = SessionData<A> & { readonly userId: string }

/** What is done with plain reads. */
interface PlainReads<A extends object> {
  answer(ticket: Ticket, record: SessionRecord | null, beganAt: number): Answer<SessionData<A> | null>
  refuse(ticket: Ticket, error: unknown): unknown
}

/** One `getSession` without options: an object in the place of functions, since it is made for every request. */
class PlainRead<A extends object> implements Reader<SessionRecord, SessionData<A> | null> {
  readonly #reads: PlainReads<A>
  readonly #ticket: Ticket
  readonly #beganAt: number

  constructor(reads: PlainReads<A>, ticket: Ticket, beganAt: number) {
    this.#reads = reads
    this.#ticket = ticket
    this.#beganAt = beganAt
  }

  answer(record: SessionRecord | null): Answer<SessionData<A> | null> {
    return this.#reads.answer(this.#ticket, record, this.#beganAt)
  }

  refuse(error: unknown): unknown {
    return this.#reads.refuse(this.#ticket, error)
  }
}

/**
 * What all providers have in common: checks, schema, tickets, proofs, events, and the loop that merges updates.
 * A provider adds the atomic steps on its store.
 */
export abstract class SessionFront<A extends object, I extends object> implements OwnedSessionService<A, I> {
  protected readonly settings: SessionSettings
  readonly #schema: AttributeSchema
  readonly #events: SessionEvents
  readonly #answers: SessionAnswers<A>
  readonly #admission: Admission
  readonly #merged: MergedChanges<A>
  readonly #calls: ServiceCalls
  readonly #plain: PlainReads<A> = {
    answer: (ticket, record, beganAt) => this.#calls.finish(() => this.#seen(ticket, record, UNBOUNDED, beganAt)),
    refuse: (ticket, error) => this.#calls.failed(this.#answers.reported(ticket, error)),
  }
  /** Stops what would otherwise keep `close()` waiting. */
  readonly #ending = new AbortController()

  constructor(options: SessionOptions) {
    this.settings = resolveSettings(options)
    this.#schema = new AttributeSchema(this.settings)
    this.#events = new SessionEvents(this.settings)
    this.#calls = new ServiceCalls("session service", this.settings.timeoutMs)
    this.#answers = new SessionAnswers(this.#schema, this.#events, this.settings.nearCache !== null)
    const store = { now: (step: StepOptions) => this.now(step), find: (handle: Handle, step: StepOptions) => this.find(handle, step) }
    this.#admission = new Admission(store, this.settings.verifiers, this.#answers, this.#events)
    this.#merged = new MergedChanges(this.#admission, this.#schema, this.#answers, this.#events)
  }

  // The atomic steps of a provider, over checked values. Missing is a value; a store that cannot answer throws a `SessionError`.

  /** The store's time, in milliseconds. */
  protected abstract now(options: StepOptions): Answer<number>
  /** Whether `find` ends within the deadline by itself, and `now` answers at once. */
  protected abstract readsInTime(): boolean
  /** @returns the record, which may have another id than the draft */
  protected abstract insert(draft: SessionDraft, owner: UserKey | null, limit: LimitRule | null, options: StepOptions): Promise<Inserted>
  /** @throws ERR_SESSION_CORRUPT */
  protected abstract find(handle: Handle, options: StepOptions): Answer<SessionRecord | null>
  /** `find` for what is asked without options, where it ends within the deadline by itself. */
  protected ask<T>(handle: Handle, reader: Reader<SessionRecord, T>): Promise<T> {
    let found: Answer<SessionRecord | null>
    try {
      found = this.find(handle, UNBOUNDED)
    } catch (error) {
      return Promise.reject(reader.refuse(error))
    }
    if (!(found instanceof Promise)) return new Promise((resolve) => resolve(reader.answer(found)))
    return found.then(
      (record) => reader.answer(record),
      (error: unknown) => {
        throw reader.refuse(error)
      },
    )
  }
  /** An answer to `getSession` that needs no store, or nothing. Never throws: what is wrong with a call is for the usual way to say. */
  protected recall(_token: unknown, _options: unknown): Promise<SessionData<A>> | undefined {
    return undefined
  }
  /** Hears of each answer that `recall` may give from now on. @returns the answer */
  protected keep(_record: SessionRecord, _ticket: Ticket, _proof: Proof, session: SessionData<A>): SessionData<A> {
    return session
  }
  /** Reads a session and writes the access down in one step, which ends within the deadline by itself, or nothing: it takes two. @throws ERR_SESSION_CORRUPT */
  protected access(_ticket: Ticket): Promise<Access | null> | undefined {
    return undefined
  }
  protected abstract touch(record: SessionRecord, proof: Proof, options: StepOptions): Promise<StepResult>
  protected abstract write(record: SessionRecord, proof: Proof, write: Write, options: StepOptions): Promise<StepResult>
  protected abstract prolong(handle: Handle, proof: Proof, idleTimeout: number | null, options: StepOptions): Promise<StepResult>
  protected abstract rotate(handle: Handle, proof: Proof, rotation: Rotation, options: StepOptions): Promise<StepResult>
  /** @param ifVersion - `null`: at any. @throws ERR_SESSION_CORRUPT when the version is asked for and cannot be read */
  protected abstract remove(handle: Handle, proof: Proof, ifVersion: number | null, options: StepOptions): Promise<Removed>
  protected abstract page(owner: UserKey, after: Position | null, limit: number, options: StepOptions): Promise<Page>
  /** @returns how many sessions this call ended */
  protected abstract removeAll(owner: UserKey, options: RemoveAllOptions): Promise<number>
  /** Looks at about `count` entries, and tells of them in parts where they are many more. @param cursor `null` begins. @throws UnexpectedValue for a foreign cursor */
  protected abstract sweep(cursor: string | null, count: number, options: StepOptions): AsyncIterable<SweepStep>
  protected abstract probe(options: StepOptions): Promise<void>
  protected abstract examine(options: StepOptions): Promise<readonly DoctorFinding[]>
  protected abstract release(): Promise<void>

  createSession(options: CreateSessionOptions<I>): Promise<Created<A>> {
    return this.#calls.run(options, async (step, options) => {
      const checked = checkCreate(options, this.settings)
      const { attributes = {} } = options
      const body = await this.#schema.create(attributes)
      const owner = ownerOf(checked.fixed)
      const place = owner === null ? null : userKey(owner)
      const authenticatedAt =
        checked.authenticatedAt instanceof Date ? checkPast(checked.authenticatedAt, await this.now(step.options)) : checked.authenticatedAt
      const secret = newSecret()
      const draft = draftOf(checked, place?.tag ?? newTag(), this.settings.verifiers.issue(secret), authenticatedAt, body)
      const inserted = await this.insert(draft, place, checked.limit, step.change())
      if (inserted.status !== "created") throw notCreated(inserted.status, checked.limit)
      const { record } = inserted
      if (this.#events.isHeard) this.#events.emit({ type: "created", sessionId: formatHandle(record) })
      const evicted = inserted.evicted.map(formatHandle)
      this.reportEvicted(inserted.evicted)
      const session = await this.#answers.present(record)
      return new PlainCreated(formatToken({ tag: record.tag, id: record.id, secret }), session, evicted) as Created<A>
    })
  }

  getSession(token: TokenText | null | undefined, options?: CallOptions & { readonly touch?: boolean | undefined }): Promise<SessionData<A> | null> {
    const recalled = this.recall(token, options)
    if (recalled !== undefined) return recalled
    if (options === undefined && this.readsInTime()) return this.#read(token)
    return this.#calls.run(options, async (step, options) => {
      const ticket = parseToken(token)
      if (options !== undefined) checkGet(options)
      if (ticket === null) return null
      const access = options?.touch === false ? undefined : this.access(ticket)
      if (access !== undefined) return this.#accessed(ticket, await this.#answers.reporting(ticket, () => access))
      const record = await this.#answers.reporting(ticket, () => this.find(ticket, step.reading))
      return this.#seen(ticket, record, step.reading, options?.touch === false ? null : step)
    })
  }

  /** What is asked for every request. */
  #read(token: unknown): Promise<SessionData<A> | null> {
    const ticket = parseToken(token)
    try {
      this.#calls.begin()
    } catch (error) {
      return Promise.reject(error)
    }
    if (ticket === null) return Promise.resolve(this.#calls.finish(() => null))
    const beganAt = performance.now()
    const reader = new PlainRead<A>(this.#plain, ticket, beganAt)
    const access = this.access(ticket)
    if (access === undefined) return this.ask(ticket, reader)
    return access.then(
      (found) => this.#calls.finish(() => this.#inTime(this.#accessed(ticket, found), beganAt)),
      (error: unknown) => {
        throw reader.refuse(error)
      },
    )
  }

  #seen(ticket: Ticket, record: SessionRecord | null, options: StepOptions, accessing: Accessing): Answer<SessionData<A> | null> {
    if (record === null) return null
    const time = this.now(options)
    return typeof time === "number" ? this.#judged(ticket, record, time, accessing) : time.then((now) => this.#judged(ticket, record, now, accessing))
  }

  #accessed(ticket: Ticket, access: Access | null): Answer<SessionData<A> | null> {
    if (access === null) return null
    if ("written" in access) return this.#answers.settle(ticket, access.written)
    const { record, failed } = access
    const told = (session: SessionData<A> | null): SessionData<A> | null => {
      if (session !== null) this.#unwritten(record, failed)
      return session
    }
    const seen = this.#seen(ticket, record, UNBOUNDED, null)
    return seen instanceof Promise ? seen.then(told) : told(seen)
  }

  #judged(ticket: Ticket, record: SessionRecord, now: number, accessing: Accessing): Answer<SessionData<A> | null> {
    const proof = this.#admission.prove(record, ticket, now)
    if (proof === null) return null
    if (accessing === null || !needsTouch(record, this.settings.touchInterval, now)) {
      const session = this.#presented(record, accessing)
      return session instanceof Promise ? session.then((one) => this.keep(record, ticket, proof, one)) : this.keep(record, ticket, proof, session)
    }
    const touch =
      typeof accessing === "number" ? this.#calls.rest(accessing, (step) => this.touch(record, proof, step)) : this.touch(record, proof, accessing.options)
    return this.#touched(record, touch).then((moved) => (moved === null ? null : this.#presented(moved, accessing)))
  }

  #presented(record: SessionRecord, accessing: Accessing): Answer<SessionData<A>> {
    const session = this.#answers.present(record)
    return typeof accessing === "number" ? this.#inTime(session, accessing) : session
  }

  /** Of a plain read: what turns an older session into today's is the application's, and may take any time. */
  #inTime<T>(answer: Answer<T>, beganAt: number): Answer<T> {
    return answer instanceof Promise ? this.#calls.rest(beganAt, () => answer) : answer
  }

  updateSession(token: TokenText, changes: Changes<A, I>, options?: UpdateSessionOptions<I>): Promise<SessionData<A> | null> {
    return this.#calls.run(options, (step, options) => {
      const update = checkUpdate(changes, options)
      const ticket = parseToken(token)
      return ticket === null ? Promise.resolve(null) : this.#update(ticket, this.#admission.bySecret(ticket), update, step)
    })
  }

  updateUserSession(userId: UserId, sessionId: IdText, changes: Changes<A, I>, options?: UpdateSessionOptions<I>): Promise<SessionData<A> | null> {
    return this.#calls.run(options, (step, options) => {
      const owner = checkUserId(userId, "userId")
      const update = checkUpdate(changes, options)
      const handle = parseHandle(sessionId)
      return handle === null ? Promise.resolve(null) : this.#update(handle, byOwner(owner), update, step)
    })
  }

  extendSession(token: TokenText, idleTimeout?: Duration, options?: CallOptions): Promise<SessionData<A> | null> {
    return this.#calls.run(options, async (step, options) => {
      if (options !== undefined) assertKnownKeys(options, "the options of extendSession", ["signal"])
      const idle = idleTimeout === undefined ? null : toMilliseconds(idleTimeout, "idleTimeout", TIMEOUT_RANGE)
      const ticket = parseToken(token)
      if (ticket === null) return null
      const result = await this.prolong(ticket, { verifiers: this.settings.verifiers.candidates(ticket.secret) }, idle, step.change())
      if (result.status !== "done") return this.#answers.settle(ticket, result)
      try {
        return await this.#answers.present(result.record)
      } catch (error) {
        throw withOutcome(error, "applied")
      }
    })
  }

  rotateSession(token: TokenText, options?: RotateSessionOptions<A, I>): Promise<IssuedSession<A> | null> {
    return this.#calls.run(options, async (step, options) => {
      const { grace, reauthenticated, changes } = checkRotate(options)
      const ticket = parseToken(token)
      if (ticket === null) return null
      const secret = newSecret()
      const verifier = this.settings.verifiers.issue(secret)
      const proveBy = this.#admission.bySecret(ticket)
      const session =
        changes === null
          ? await this.#swap(ticket, proveBy, { verifier, grace, reauthenticated, write: null }, step)
          : await this.#merged.run(ticket, proveBy, { changes, ifVersion: null }, step, (_record, proof, write) =>
              this.rotate(ticket, proof, { verifier, grace, reauthenticated, write: { ...write, operation: verifier.slice(0, 6) } }, step.change()).then(
                outrun,
              ),
            )
      if (session === null) return null
      this.#events.emit({ type: "rotated", sessionId: session.sessionId })
      return { token: formatToken({ ...ticket, secret }), session }
    })
  }

  deleteSession(token: TokenText | null | undefined, options?: DeleteSessionOptions): Promise<boolean> {
    return this.#calls.signOut(options, async (step, options) => {
      const ifVersion = checkDeleteSession(options)
      const ticket = parseToken(token)
      if (ticket === null) return false
      const proof = { verifiers: this.settings.verifiers.candidates(ticket.secret) }
      return this.#answers.reporting(ticket, () => this.#remove(ticket, proof, ifVersion, options?.reason ?? "signed-out", step))
    })
  }

  deleteUserSession(userId: UserId, sessionId: IdText, options?: DeleteOptions): Promise<boolean> {
    return this.#calls.signOut(options, async (step, options) => {
      const owner = checkUserId(userId, "userId")
      checkDelete(options)
      const handle = parseHandle(sessionId)
      return handle === null ? false : this.#remove(handle, { owner }, null, options?.reason ?? "revoked", step)
    })
  }

  deleteUserSessions(
    userId: UserId,
    options?: DeleteOptions & { readonly except?: IdText | undefined; readonly thorough?: boolean | ThoroughOptions | undefined },
  ): Promise<number> {
    return this.#calls.runUnbounded(
      options,
      async (signal, options) => {
        const owner = checkUserId(userId, "userId")
        const walk = checkDeleteAll(options)
        const place = userKey(owner)
        // A typing error in `except` must not end the session that was to stay: what is no handle is refused, and the id alone tells which it is.
        const named = options?.except === undefined ? null : parseHandle(options.except)
        if (options?.except !== undefined && named === null) throw new UnexpectedValue("Expected except to be a session's handle, got something else.")
        const except = named && { tag: place.tag, id: named.id }
        const reason = options?.reason ?? "revoked"
        const onEnded = (handle: Handle): void => {
          if (this.#events.isHeard) this.#events.emit({ type: "ended", sessionId: formatHandle(handle), reason })
        }
        const thorough = walk === null ? null : { ...walk, onProgress: this.#events.ofCall(walk.onProgress, "progress"), ending: this.#ending.signal }
        return this.removeAll(place, { ...(signal && { signal }), owner, except, thorough, onEnded })
      },
      true,
    )
  }

  async getUserSessions(
    userId: UserId,
    page?: CallOptions & { readonly cursor?: string | undefined; readonly limit?: number | undefined },
  ): Promise<{ readonly sessions: readonly ListedSession<A>[]; readonly unreadable?: readonly SessionId[]; readonly cursor?: string }> {
    return this.#calls.run(page, async (step, page) => {
      const owner = checkUserId(userId, "userId")
      const limit = checkPage(page)
      const place = userKey(owner)
      const after = page?.cursor === undefined ? null : parseCursor(page.cursor, place)
      const { records, unreadable, next } = await this.page(place, after, limit, step.options)
      const sessions: ListedSession<A>[] = []
      const skipped = unreadable.map(formatHandle)
      for (const record of records) {
        if (record.fixed.userId !== owner) continue
        const session = await this.#answers.presentListed(record)
        // As it is: a copy would have to parse its device and its attributes.
        if (session !== null) sessions.push(session as ListedSession<A>)
        else skipped.push(formatHandle(record))
      }
      return {
        sessions,
        ...(skipped.length > 0 ? { unreadable: skipped } : {}),
        ...(next === null ? {} : { cursor: formatCursor(next, place) }),
      }
    })
  }

  async cleanupExpiredSessions(options?: CleanupOptions): Promise<CleanupReport> {
    // The signal stops a cleanup between two steps; it does not fail it.
    return this.#calls.runUnbounded(undefined, async () => {
      const run = checkCleanup(readOnce(options))
      const signal = run.signal === undefined ? this.#ending.signal : AbortSignal.any([run.signal, this.#ending.signal])
      const onProgress = this.#events.ofCall(run.onProgress, "progress")
      return sweepAll((cursor, count) => this.sweep(cursor, count, {}), { ...run, onProgress, signal })
    })
  }

  ping(options?: CallOptions): Promise<void> {
    return this.#calls.run(options, (step, options) => {
      if (options !== undefined) assertKnownKeys(options, "the options of ping", ["signal"])
      return this.probe(step.options)
    })
  }

  doctor(options?: CallOptions): Promise<DoctorReport> {
    return this.#calls.run(options, async (step, options) => {
      if (options !== undefined) assertKnownKeys(options, "the options of doctor", ["signal"])
      const findings = await this.examine(step.options)
      return { healthy: findings.every(({ level }) => level !== "problem"), findings }
    })
  }

  close(): Promise<void> {
    this.#ending.abort()
    return this.#calls.close(() => this.release())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Writes the access down. Gone meanwhile: `null`. Not acknowledged: the session is still good, and only its deadline did not move. */
  #touched(record: SessionRecord, touch: Promise<StepResult>): Promise<SessionRecord | null> {
    return touch.then(
      (result) => (result.status === "done" ? result.record : null),
      (error: unknown) => this.#unwritten(record, error),
    )
  }

  /** Who may come in is not kept out because the access could not be written down: the session as it was read. */
  #unwritten(record: SessionRecord, error: unknown): SessionRecord {
    if (!SessionError.is(error)) throw error
    this.#events.emit({ type: "touch-failed", sessionId: formatHandle(record) })
    this.#events.warn({ code: error.code }, "The idle deadline of a session could not be moved")
    return record
  }

  #update(handle: Handle, proveBy: ProveBy, update: CheckedUpdate, step: CallStep): Promise<SessionData<A> | null> {
    return this.#merged.run(handle, proveBy, update, step, (record, proof, write) => this.write(record, proof, write, step.change()).then(overtaken))
  }

  /** Reads first: a rotation whose answer cannot be given would take the old token and bring no new one. */
  async #swap(ticket: Ticket, proveBy: ProveBy, rotation: Rotation, step: CallStep): Promise<SessionData<A> | null> {
    const admitted = await this.#admission.admit(ticket, proveBy, step)
    if (admitted === null) return null
    const { record, proof } = admitted
    await this.#answers.present(record)
    return this.#answers.settle(ticket, outrun(await this.rotate(ticket, proof, rotation, step.change())))
  }

  async #remove(handle: Handle, proof: Proof, ifVersion: number | null, reason: EndReason, step: CallStep): Promise<boolean> {
    const removed = await this.remove(handle, proof, ifVersion, step.change())
    if (removed.status === "clash") throw versionConflict(ifVersion, removed.version)
    const { status, isDurable = true } = removed
    const sessionId = formatHandle(handle)
    if (status === "done") this.#events.emit({ type: "ended", sessionId, reason })
    if (status === "wrong-secret") this.#events.emit({ type: "wrong-secret", sessionId })
    if (!isDurable && status !== "wrong-secret") {
      this.reportNotDurable(handle)
      throw notDurable()
    }
    return status === "done"
  }

  /** For providers that made room for a session which then could not be opened. */
  protected reportEvicted(handles: readonly Handle[]): void {
    for (const handle of handles) this.#events.emit({ type: "ended", sessionId: formatHandle(handle), reason: "evicted" })
  }

  /** For providers whose store made a change and could not keep it as `durability` asks. */
  protected reportNotDurable(handle: Handle): void {
    this.#events.emit({ type: "not-durable", sessionId: formatHandle(handle) })
    this.#events.warn({ event: "not-durable" }, "A change was made, but not kept in time as durability asks")
  }

  /** For providers whose store had lost the end of a session. */
  protected reportEndedAgain(handle: Handle): void {
    this.#events.emit({ type: "ended-again", sessionId: formatHandle(handle) })
  }

  /** For providers that answer reads from memory, now or no longer. */
  protected reportNearCache(serving: boolean, reason: string): void {
    this.#events.emit({ type: "near-cache", serving })
    this.#events.warn(
      { event: "near-cache", serving, reason },
      serving ? "The near-cache answers reads" : "The near-cache answers no reads: they go to the store",
    )
  }

  /** For providers that read many records: one that cannot be read is reported, and does not hide the others. */
  protected readable(handle: Handle, text: string): SessionRecord | null {
    try {
      return decodeRecord(handle, text)
    } catch (error) {
      this.#answers.reported(handle, error)
      if (!SessionError.is(error, "ERR_SESSION_CORRUPT")) throw error
      return null
    }
  }
}

// By itself: an asynchronous function holds what it made on its way until it ends.
function draftOf({ timeouts, slack, fixed }: CheckedCreate, tag: string, verifier: string, authenticatedAt: number | "now" | null, body: Body): SessionDraft {
  return new Draft({
    tag,
    id: newSessionId(),
    verifier,
    idleTimeout: timeouts.idle,
    slack,
    absoluteTimeout: timeouts.absolute,
    authenticatedAt,
    fixed,
    body,
  })
}

/** A secret that was right when it was read, so nobody guessed: a rotation without grace came in between, and this token is over. */
function overtaken(result: StepResult): StepResult {
  return result.status === "wrong-secret" ? { status: "missing" } : result
}

/** A secret that was right when it was read, and is wrong now, was replaced by another rotation: its holder is told, not signed out. */
function outrun(result: StepResult): StepResult {
  return result.status === "wrong-secret" ? { status: "replaced-secret" } : result
}
