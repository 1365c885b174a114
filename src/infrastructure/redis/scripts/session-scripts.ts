import { SessionError } from "../../../domain/errors.js"
import type { IRedisService, RedisReply, RedisScript } from "../../../domain/interfaces/redis/IRedisService.js"
import type { ServerClock } from "../reads/server-clock.js"
import { LostReplies } from "./lost-replies.js"
import {
  indexCutoff,
  indexHeal,
  indexLists,
  indexPage,
  indexPrune,
  sessionCreate,
  sessionCreateStatus,
  sessionDelete,
  sessionDeleteStatus,
  sessionExtend,
  sessionExtendStatus,
  sessionRotate,
  sessionRotateStatus,
  sessionTouch,
  sessionTouchStatus,
  sessionUpdate,
  sessionUpdateStatus,
} from "./scripts.generated.js"

/** Options of each call. */
export interface ScriptOptions {
  readonly signal?: AbortSignal | undefined
  /** See `RedisCallOptions`. */
  readonly onNotDurable?: (() => void) | undefined
}

/** A script's answer: its status by name, the server's time in microseconds, and what follows it. */
export interface Answer<S extends string> {
  readonly status: S
  readonly micros: number
  readonly values: readonly RedisReply[]
  /** The reply to a first copy was lost, and this is the answer to a second. */
  readonly repeated: boolean
}

export interface CreateArguments {
  readonly id: string
  readonly notAfterMicros: number
  readonly memoryMicros: number
  readonly idle: number
  readonly slack: number
  readonly absolute: number
  readonly verifier: string
  readonly operations: string
  readonly authenticated: number | "now" | ""
  readonly fixed: string
  readonly body: string
  readonly limit: number
  readonly onLimit: string
  readonly cursor: string
  readonly counted: number
  readonly oldest: string
  readonly until: string
}

/** The arguments of a creation in the order in which its script takes them. */
const CREATE_ORDER = [
  "id",
  "notAfterMicros",
  "memoryMicros",
  "idle",
  "slack",
  "absolute",
  "verifier",
  "operations",
  "authenticated",
  "fixed",
  "body",
  "limit",
  "onLimit",
  "cursor",
  "counted",
  "oldest",
  "until",
] as const satisfies readonly (keyof CreateArguments)[]

/** One typed call for each script of `lua/`; every reply's time goes to the clock. */
export class SessionScripts {
  readonly #redis: IRedisService
  readonly #clock: ServerClock
  readonly #lostReplies: LostReplies

  /** @param timeoutMs - how long one call may take, its repetition included, in milliseconds */
  constructor(redis: IRedisService, clock: ServerClock, timeoutMs: number) {
    this.#redis = redis
    this.#clock = clock
    this.#lostReplies = new LostReplies(timeoutMs)
  }

  create(session: string, index: string | null, args: CreateArguments, options: ScriptOptions): Promise<Answer<keyof typeof sessionCreateStatus>> {
    const keys = index === null ? [session] : [session, index]
    return this.#run(
      sessionCreate,
      sessionCreateStatus,
      keys,
      CREATE_ORDER.map((name) => args[name]),
      options,
    )
  }

  touch(session: string, verifiers: readonly string[], options: ScriptOptions): Promise<Answer<keyof typeof sessionTouchStatus>> {
    return this.#run(sessionTouch, sessionTouchStatus, [session], verifiers, options)
  }

  update(
    session: string,
    args: {
      readonly expected: number
      readonly operation: string
      readonly body: string
      readonly notAfterMicros: number
      readonly verifiers: readonly string[]
    },
    options: ScriptOptions,
  ): Promise<Answer<keyof typeof sessionUpdateStatus>> {
    return this.#run(sessionUpdate, sessionUpdateStatus, [session], [args.expected, args.operation, args.body, args.notAfterMicros, ...args.verifiers], options)
  }

  extend(
    session: string,
    args: { readonly idle: number | null; readonly touchInterval: number; readonly notAfterMicros: number; readonly verifiers: readonly string[] },
    options: ScriptOptions,
  ): Promise<Answer<keyof typeof sessionExtendStatus>> {
    return this.#run(sessionExtend, sessionExtendStatus, [session], [args.idle ?? "", args.touchInterval, args.notAfterMicros, ...args.verifiers], options)
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
    return this.#run(
      sessionRotate,
      sessionRotateStatus,
      [session],
      [verifier, grace, reauthenticated ? 1 : 0, write?.expected ?? "", write?.body ?? "", notAfterMicros, ...verifiers],
      options,
    )
  }

  /** `owner`: JSON text of the user id, or `null`: by secret. `newest`: only a session created up to this score. `version`: only one at it. `null`: any. */
  delete(
    session: string,
    args: { readonly owner: string | null; readonly newest: string | null; readonly version: number | null; readonly verifiers: readonly string[] },
    options: ScriptOptions,
  ): Promise<Answer<keyof typeof sessionDeleteStatus>> {
    return this.#run(sessionDelete, sessionDeleteStatus, [session], [args.owner ?? "", args.newest ?? "", args.version ?? "", ...args.verifiers], options)
  }

  /** Removes each key; which of them existed. After a lost reply those that the first copy removed count as absent: nobody saw them exist. */
  async unlink(keys: readonly string[], options: ScriptOptions): Promise<{ readonly existed: readonly boolean[]; readonly repeated: boolean }> {
    const { value, repeated } = await this.#lostReplies.run((own) => this.#redis.unlink(keys, own), options)
    return { existed: value, repeated }
  }

  /** A page of a user's list as members and scores in turn. */
  async page(
    index: string,
    args: { readonly order: "REV" | "FWD"; readonly from: string; readonly to: string; readonly count: number },
    options: ScriptOptions,
  ): Promise<readonly { readonly id: string; readonly score: number }[]> {
    const flat = await this.#plain(indexPage, [index], [args.order, args.from, args.to, args.count], options)
    const members: { id: string; score: number }[] = []
    for (let at = 0; at + 1 < flat.length; at += 2) members.push({ id: String(flat[at]), score: Number(flat[at + 1]) })
    return members
  }

  /** The score up to which a sign-out everywhere reaches. */
  async cutoff(index: string, options: ScriptOptions): Promise<string> {
    const [score] = await this.#plain(indexCutoff, [index], [], options)
    return String(score)
  }

  /** How many members were removed. */
  async prune(index: string, sessions: readonly string[], ids: readonly string[], memoryMicros: number, options: ScriptOptions): Promise<number> {
    const [removed] = await this.#plain(indexPrune, [index, ...sessions], [memoryMicros, ...ids], options)
    return Number(removed)
  }

  /** Whether the session was missing from its list. */
  async heal(index: string, session: string, id: string, memoryMicros: number, options: ScriptOptions): Promise<boolean> {
    const [added] = await this.#plain(indexHeal, [index, session], [id, memoryMicros], options)
    return Number(added) === 1
  }

  /** Which of the members a list names. */
  async lists(index: string, ids: readonly string[], options: ScriptOptions): Promise<readonly boolean[]> {
    return (await this.#plain(indexLists, [index], ids, options)).map((value) => Number(value) === 1)
  }

  async #run<S extends string>(
    script: RedisScript,
    statuses: Readonly<Record<S, number>>,
    keys: readonly string[],
    args: readonly (string | number)[],
    options: ScriptOptions,
  ): Promise<Answer<S>> {
    const { value, repeated } = await this.#lostReplies.run((own) => this.#redis.run(script, keys, args, own), options)
    const [status, time, ...values] = reply(script, value)
    this.#clock.observe(Number(time))
    for (const name in statuses) if (statuses[name] === Number(status)) return { status: name, micros: Number(time), values, repeated }
    throw unexpected(script)
  }

  async #plain(script: RedisScript, keys: readonly string[], args: readonly (string | number)[], options: ScriptOptions): Promise<readonly RedisReply[]> {
    const [time, ...values] = reply(script, await this.#redis.run(script, keys, args, options))
    this.#clock.observe(Number(time))
    return values
  }
}

function reply(script: RedisScript, value: RedisReply): readonly RedisReply[] {
  if (!Array.isArray(value)) throw unexpected(script)
  return value as readonly RedisReply[]
}

function unexpected(script: RedisScript): SessionError {
  return new SessionError("ERR_STORE_PROTOCOL", `Expected a reply of the script ${script.name}, got another form.`)
}
