import type { IRedisService, RedisReply, RedisScript } from "../../../domain/interfaces/redis/IRedisService.js"
import type { LimitRule } from "../../../domain/session/limit.js"
import type { SessionDraft } from "../../../domain/session/record.js"
import type { ServerClock } from "../reads/server-clock.js"
import { type Answer, microsOf, type ScriptOptions, ScriptRunner, unexpected } from "./ScriptRunner.js"
import {
  indexCutoff,
  indexEnd,
  indexHeal,
  indexLists,
  indexPage,
  indexPrune,
  sessionAccesses,
  sessionAccessesStatus,
  sessionCreate,
  sessionCreateStatus,
  sessionCreates,
  sessionCreatesStatus,
  sessionDelete,
  sessionDeleteStatus,
  sessionDeletes,
  sessionDeletesStatus,
  sessionExtend,
  sessionExtendStatus,
  sessionRotate,
  sessionRotateStatus,
  sessionTouches,
  sessionTouchesStatus,
  sessionUpdate,
  sessionUpdateStatus,
  sessionUpdates,
  sessionUpdatesStatus,
} from "./scripts.generated.js"

type TouchStatus = keyof typeof sessionTouchesStatus

/** What became of a touch, and when, by the server's clock in microseconds. */
export interface Touched {
  readonly status: TouchStatus
  readonly micros: number
}

/** An access to be written down. `index`: the list of its user's sessions, `null` for a guest. */
export interface DueTouch {
  readonly session: string
  readonly index: string | null
  readonly verifiers: readonly string[]
}

/** A session to be read whose access is to be written down at once. */
export interface DueAccess {
  readonly session: string
  readonly verifiers: readonly string[]
}

/** What became of it. `text`: the record as it was before, `null` where there is none. */
export interface Accessed extends Touched {
  readonly text: string | null
}

/** A change of attributes to be made at one exact version. A class, for it waits, and a literal may come to lie in the old generation (bench/README.md). */
export class DueUpdate {
  readonly session: string
  readonly expected: number
  readonly operation: string
  readonly body: string
  readonly notAfterMicros: number
  readonly verifiers: readonly string[]

  constructor({ session, expected, operation, body, notAfterMicros, verifiers }: DueUpdate) {
    this.session = session
    this.expected = expected
    this.operation = operation
    this.body = body
    this.notAfterMicros = notAfterMicros
    this.verifiers = verifiers
  }
}

/**
 * A session to be ended. `owner`: JSON text of the user id, or `null`: by secret. `newest`: only a session created up to this score. `version`: only one at it.
 * `null`: any. A class, as above.
 */
export class DueDelete {
  readonly session: string
  readonly owner: string | null
  readonly newest: string | null
  readonly version: number | null
  readonly verifiers: readonly string[]

  constructor({ session, owner, newest, version, verifiers }: DueDelete) {
    this.session = session
    this.owner = owner
    this.newest = newest
    this.version = version
    this.verifiers = verifiers
  }
}

export type DeleteAnswer = Answer<keyof typeof sessionDeleteStatus>

export type UpdateAnswer = Answer<keyof typeof sessionUpdateStatus>

/** One session that a user's list names. */
export interface Member {
  readonly id: string
  readonly score: number
}

/** A session that is to be in its user's list. A class, as above. */
export class DueHeal {
  readonly index: string
  readonly session: string

  constructor(index: string, session: string) {
    this.index = index
    this.session = session
  }
}

/** Members of one user's list that are to leave it, as the keys of their sessions. */
export interface DuePrune {
  readonly index: string
  readonly sessions: readonly string[]
}

/** Where a creation that needs several pages of the user's list goes on. */
export interface CreatePage {
  readonly cursor: string
  readonly counted: number
  readonly oldest: string
  readonly until: string
}

export const FIRST_PAGE: CreatePage = { cursor: "", counted: 0, oldest: "", until: "" }

/** A session to be opened; `index`: the list of its user, `null` for a guest. A class, as above. */
export class DueCreate {
  readonly session: string
  readonly index: string | null
  /** As `createTerms` writes them. */
  readonly terms: string
  readonly notAfterMicros: number
  readonly verifier: string
  /** What follows the head of the record. */
  readonly fields: string

  constructor({ session, index, terms, notAfterMicros, verifier, fields }: DueCreate) {
    this.session = session
    this.index = index
    this.terms = terms
    this.notAfterMicros = notAfterMicros
    this.verifier = verifier
    this.fields = fields
  }
}

/** What holds for a session that is to be opened, as `includes/create.lua` reads it. */
export function createTerms(
  draft: Pick<SessionDraft, "idleTimeout" | "slack" | "absoluteTimeout" | "authenticatedAt">,
  isListed: boolean,
  memoryMicros: number,
  limit: LimitRule | null,
): string {
  const { idleTimeout, slack, absoluteTimeout, authenticatedAt } = draft
  const { max, onLimit, replaces = "-" } = limit ?? NO_LIMIT
  return `${isListed ? 2 : 1} ${memoryMicros} ${idleTimeout} ${slack} ${absoluteTimeout} ${max} ${onLimit} ${authenticatedAt ?? "never"} ${replaces}`
}

const NO_LIMIT: LimitRule = { max: 0, onLimit: "reject" }

/** One of many. `FAILED`: nothing was changed for it, since its keys hold something else. */
export type CreatedTogether = Answer<keyof typeof sessionCreatesStatus>

export type CreateAnswer = Answer<keyof typeof sessionCreateStatus>

/** When a session was created that was opened now, in microseconds. @throws ERR_STORE_PROTOCOL for a reply of another form */
export function createdMicros({ values: [created] }: CreateAnswer): number {
  return microsOf(sessionCreate, created)
}

/** One typed call for each script of `lua/`; every reply's time goes to the clock. */
export class SessionScripts {
  readonly #redis: IRedisService
  readonly #runner: ScriptRunner

  /** @param timeoutMs - how long one call may take, its repetition included, in milliseconds */
  constructor(redis: IRedisService, clock: ServerClock, timeoutMs: number) {
    this.#redis = redis
    this.#runner = new ScriptRunner(redis, timeoutMs, clock)
  }

  /** Opens one. Behind DONE: when it was created, in microseconds, and the ids of those that had to go. */
  create(due: DueCreate, { cursor, counted, oldest, until }: CreatePage, options: ScriptOptions): Promise<CreateAnswer> {
    return this.#runner.run(sessionCreate, sessionCreateStatus, keysOf(due), [...argsOfCreate(due), cursor, counted, oldest, until], options)
  }

  /** Opens many on one node in one step. What became of each, in their order; `FAILED`: nothing was changed for that one, whose keys hold something else. */
  creates(due: readonly DueCreate[], options: ScriptOptions): Promise<readonly CreatedTogether[]> {
    return this.#runner.runMany(sessionCreates, sessionCreatesStatus, due.flatMap(keysOf), due.flatMap(argsOfCreate), due.length, options)
  }

  /** Touches sessions on one node in one step, and heals their lists. What became of each, in their order. */
  touches(due: readonly DueTouch[], memoryMicros: number, options: ScriptOptions): Promise<readonly Touched[]> {
    const offered = due.map(({ index, verifiers }) => `${index === null ? 0 : 1}${spaced(verifiers)}`)
    return this.#runner.repeated(sessionTouches, due.flatMap(keysOf), [memoryMicros, ...offered], options, (value) => {
      if (value.length !== 1 + due.length) throw unexpected(sessionTouches)
      const micros = Number(value[0])
      return due.map((_, at) => ({ status: touchStatus(sessionTouches, sessionTouchesStatus, value[at + 1] ?? null), micros }))
    })
  }

  /** Reads sessions on one node, and writes these accesses down, in one step. What became of each, in their order. */
  accesses(due: readonly DueAccess[], options: ScriptOptions): Promise<readonly Accessed[]> {
    const keys = due.map(({ session }) => session)
    const offered = due.map(({ verifiers }) => spaced(verifiers))
    return this.#runner.repeated(sessionAccesses, keys, offered, options, (value) => {
      if (value.length !== 1 + 2 * due.length) throw unexpected(sessionAccesses)
      const micros = Number(value[0])
      return due.map((_, at) => {
        const [status, text] = [value[2 * at + 1] ?? null, value[2 * at + 2]]
        if (typeof text !== "string") throw unexpected(sessionAccesses)
        return { status: touchStatus(sessionAccesses, sessionAccessesStatus, status), micros, text: text === "" ? null : text }
      })
    })
  }

  update(due: DueUpdate, options: ScriptOptions): Promise<UpdateAnswer> {
    return this.#runner.run(sessionUpdate, sessionUpdateStatus, [due.session], argsOfUpdate(due), options)
  }

  /** Updates many on one node in one step. What became of each, in their order. */
  updates(due: readonly DueUpdate[], options: ScriptOptions): Promise<readonly UpdateAnswer[]> {
    const keys = due.map(({ session }) => session)
    return this.#runner.runMany(sessionUpdates, sessionUpdatesStatus, keys, due.flatMap(argsOfUpdate), due.length, options)
  }

  extend(
    session: string,
    args: { readonly idle: number | null; readonly touchInterval: number; readonly notAfterMicros: number; readonly verifiers: readonly string[] },
    options: ScriptOptions,
  ): Promise<Answer<keyof typeof sessionExtendStatus>> {
    return this.#runner.run(
      sessionExtend,
      sessionExtendStatus,
      [session],
      [args.idle ?? "", args.touchInterval, args.notAfterMicros, spaced(args.verifiers)],
      options,
    )
  }

  rotate(
    session: string,
    args: {
      readonly verifier: string
      readonly grace: number
      readonly reauthenticated: boolean
      readonly write: { readonly expected: number; readonly body: string } | null
      readonly notAfterMicros: number
      readonly verifiers: readonly string[]
    },
    options: ScriptOptions,
  ): Promise<Answer<keyof typeof sessionRotateStatus>> {
    const { verifier, grace, reauthenticated, write, notAfterMicros, verifiers } = args
    return this.#runner.run(
      sessionRotate,
      sessionRotateStatus,
      [session],
      [verifier, grace, reauthenticated ? 1 : 0, write?.expected ?? "", write?.body ?? "", notAfterMicros, spaced(verifiers)],
      options,
    )
  }

  delete(due: DueDelete, options: ScriptOptions): Promise<DeleteAnswer> {
    return this.#runner.run(sessionDelete, sessionDeleteStatus, [due.session], argsOfDelete(due), options)
  }

  /** Ends many on one node in one step. What became of each, in their order. */
  deletes(due: readonly DueDelete[], options: ScriptOptions): Promise<readonly DeleteAnswer[]> {
    const keys = due.map(({ session }) => session)
    return this.#runner.runMany(sessionDeletes, sessionDeletesStatus, keys, due.flatMap(argsOfDelete), due.length, options)
  }

  /** Removes each key; which of them existed. After a lost reply those that the first copy removed count as absent: nobody saw them exist. */
  unlink(keys: readonly string[], options: ScriptOptions): Promise<{ readonly existed: readonly boolean[]; readonly repeated: boolean }> {
    const send = (own: ScriptOptions): Promise<readonly boolean[]> => this.#redis.unlink(keys, own)
    return this.#runner.repeatable(send, options, (existed, repeated) => ({ existed, repeated }))
  }

  /**
   * Ends sessions that a user's list names, and takes them out of it where they are old enough: which of them existed, as `unlink` says it, how many left
   * the list, and how many members it has still. Not for a cluster, where a slot that moves would refuse them all.
   *
   * @param sessions - their keys, the oldest first
   */
  end(
    index: string,
    sessions: readonly string[],
    memoryMicros: number,
    options: ScriptOptions,
  ): Promise<{ readonly existed: readonly boolean[]; readonly left: number; readonly listed: number; readonly repeated: boolean }> {
    return this.#runner.repeated(indexEnd, [index, ...sessions], [memoryMicros], options, ([, left, flags, listed], repeated) => {
      // A client may give digits as a number, and does where that is the same text.
      const each = Array.isArray(flags) ? "" : String(flags)
      if (each.length !== sessions.length) throw unexpected(indexEnd)
      return { existed: Array.from(each, (flag) => flag === "1"), left: Number(left), listed: Number(listed), repeated }
    })
  }

  /** A page of a user's list as members and scores in turn. */
  async page(
    index: string,
    args: { readonly order: "REV" | "FWD"; readonly from: string; readonly to: string; readonly count: number },
    options: ScriptOptions,
  ): Promise<readonly Member[]> {
    return membersOf(await this.#runner.plain(indexPage, [index], [args.order, args.from, args.to, args.count], options))
  }

  /** The score up to which a sign-out everywhere reaches, and the oldest members of the list, `count` at most: none of them has a higher one. */
  async cutoff(index: string, count: number, options: ScriptOptions): Promise<{ readonly score: string; readonly oldest: readonly Member[] }> {
    const [score, ...members] = await this.#runner.plain(indexCutoff, [index], [count], options)
    // Anything else would name a span of the list in which there is nothing to end.
    if (Array.isArray(score) || !/^\d+$/.test(String(score))) throw unexpected(indexCutoff)
    return { score: String(score), oldest: membersOf(members) }
  }

  /** Takes members whose session is gone out of lists on one node. How many were removed. */
  async prune(due: readonly DuePrune[], memoryMicros: number, options: ScriptOptions): Promise<number> {
    const keys = due.flatMap(({ index, sessions }) => [index, ...sessions])
    const [removed] = await this.#runner.plain(indexPrune, keys, [memoryMicros, ...due.map(({ sessions }) => sessions.length)], options)
    return Number(removed)
  }

  /** Puts sessions back into their lists on one node. How many were missing there. */
  async heal(due: readonly DueHeal[], memoryMicros: number, options: ScriptOptions): Promise<number> {
    const keys = due.flatMap(({ index, session }) => [index, session])
    const [added] = await this.#runner.plain(indexHeal, keys, [memoryMicros], options)
    return Number(added)
  }

  /** Which of the members a list names. */
  async lists(index: string, ids: readonly string[], options: ScriptOptions): Promise<readonly boolean[]> {
    return (await this.#runner.plain(indexLists, [index], ids, options)).map((value) => Number(value) === 1)
  }
}

/** A session's key, and that of its user's list where there is one. */
function keysOf({ session, index }: DueCreate | DueTouch): readonly string[] {
  return index === null ? [session] : [session, index]
}

function argsOfCreate({ terms, notAfterMicros, verifier, fields }: DueCreate): readonly (string | number)[] {
  return [terms, notAfterMicros, verifier, fields]
}

function argsOfUpdate({ expected, operation, body, notAfterMicros, verifiers }: DueUpdate): readonly (string | number)[] {
  return [expected, operation, body, notAfterMicros, spaced(verifiers)]
}

function argsOfDelete({ owner, newest, version, verifiers }: DueDelete): readonly (string | number)[] {
  return [owner ?? "", newest ?? "", version ?? "", spaced(verifiers)]
}

function touchStatus(script: RedisScript, statuses: Readonly<Record<TouchStatus, number>>, status: RedisReply): TouchStatus {
  for (const name in statuses) if (statuses[name as TouchStatus] === Number(status)) return name as TouchStatus
  throw unexpected(script)
}

function membersOf(flat: readonly RedisReply[]): readonly Member[] {
  const members: Member[] = []
  for (let at = 0; at + 1 < flat.length; at += 2) members.push({ id: String(flat[at]), score: Number(flat[at + 1]) })
  return members
}

/** Many verifiers as one argument; no text for none. */
function spaced(verifiers: readonly string[]): string {
  return verifiers.length === 0 ? "" : ` ${verifiers.join(" ")} `
}
