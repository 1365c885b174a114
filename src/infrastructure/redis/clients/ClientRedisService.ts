import { SessionError, withOutcome } from "../../../domain/errors.js"
import type { IRedisService, RedisCallOptions, RedisConnection, RedisReply, RedisScript, Tracking } from "../../../domain/interfaces/redis/IRedisService.js"
import { CallDeadlines, deadlinePassed, isDeadline } from "../../call-deadlines.js"
import { Breaker } from "../failures/Breaker.js"
import { classifyFailure, isRedirectedTooOften, replyWord } from "../failures/classify.js"
import { NodeBreakers } from "../failures/NodeBreakers.js"
import { runScript } from "../scripts/run-script.js"
import { quickenStrings } from "./fast-strings.js"
import type { OwnClient } from "./own-clients.js"
import { integer, list, normaliseReply, textOrNull } from "./replies.js"
import { whileSlotMoves } from "./slot-moves.js"
import type { NodeSender, Primary } from "./topology.js"

/** Settings of an adapter. */
export interface ClientServiceOptions {
  /** How long each call may take, in milliseconds, from 1. */
  readonly timeoutMs: number
  /** The client as one that this library made: it is ended by `close()`, and its silent connections are made anew. */
  readonly own?: OwnClient | undefined
  /** Nothing is known where it is left out. */
  readonly connection?: RedisConnection | undefined
  /** Where the near-cache was asked for. */
  readonly tracking?: Tracking | undefined
}

/** Sends a command; `key` says where to, `undefined` to any node. Rejects with the client's own error. */
export type Send = (key: string | undefined, args: readonly string[], signal: AbortSignal) => Promise<unknown>

const MICROSECONDS = 1_000_000
const NONE: Set<string> = new Set()

/** The commands of `IRedisService`, written once for every client: deadline, breaker, errors and replies. The two adapters below it only send. */
export abstract class ClientRedisService implements IRedisService {
  abstract readonly singleNode: boolean
  readonly connection: RedisConnection
  readonly tracking: Tracking | undefined
  readonly #timeoutMs: number
  readonly #deadlines: CallDeadlines
  readonly #breaker: Breaker
  readonly #nodes: NodeBreakers
  readonly #own: OwnClient | undefined
  readonly #listeners = new Set<() => void>()
  #closed: Promise<void> | undefined

  constructor({ timeoutMs, own, connection = { encrypted: null, hosts: [] }, tracking }: ClientServiceOptions) {
    // By now the module of the client has been loaded.
    quickenStrings()
    this.#timeoutMs = timeoutMs
    this.#own = own
    this.connection = connection
    this.tracking = tracking
    this.#breaker = new Breaker({ probe: () => this.#probe(), renew: () => own?.renew?.() })
    this.#nodes = new NodeBreakers({
      nodeOf: (key) => this.nodeOf(key),
      probe: (key) => this.#probe(key),
      renew: (node) => own?.renew?.(node),
      lookAround: (node) => own?.lookAround?.(node),
    })
    this.#deadlines = new CallDeadlines(timeoutMs)
  }

  abstract resendMark(): number | null

  /** Sends one command. */
  protected abstract send(key: string | undefined, args: readonly string[], signal: AbortSignal): Promise<unknown>
  /** The address of the node of a cluster that serves a key, as the client knows it now; `undefined` where it does not tell. */
  protected abstract nodeOf(key: string): string | undefined
  /** The primaries of a cluster as the client knows them now. */
  protected abstract primaries(): readonly Primary[]
  /** Taken before a call and asked after its failure: whether it is certain that the call was never written. */
  protected abstract watchSending(): (error: unknown) => boolean
  /**
   * What a client's error for a key of a cluster comes from, where the adapter knows more than the error says.
   *
   * @param mark - `resendMark()` when the call began
   */
  protected causeOf(error: unknown, _key: string, _mark: number | null): unknown {
    return error
  }

  /** Removes what the adapter hung on the client. */
  protected abstract detach(): void

  /** Runs several commands of one turn, over one connection where a client has several. */
  protected together<T>(work: (send: Send) => Promise<T>, send: Send): Promise<T> {
    return work(send)
  }

  onDisruption(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** For adapters: what they hear of their client's connections. */
  protected disrupted(): void {
    for (const listener of this.#listeners) listener()
  }

  /** Brings a script's reply into one form. */
  protected replyOf(raw: unknown): RedisReply {
    return normaliseReply(raw)
  }

  get(key: string, options?: RedisCallOptions): Promise<string | null> {
    return this.#call(true, options, (signal, send) => textOf(send, key, signal))
  }

  mget(keys: readonly string[], options?: RedisCallOptions): Promise<readonly (string | null)[]> {
    return this.#call(true, options, async (signal, send) => {
      if (keys.length === 0) return []
      if (this.singleNode) return list(await send(keys[0], ["mget"].concat(keys), signal), keys.length).map(textOrNull)
      return Promise.all(keys.map((key) => textOf(send, key, signal)))
    })
  }

  unlink(keys: readonly string[], options?: RedisCallOptions): Promise<readonly boolean[]> {
    return this.#call(false, options, async (signal, send, wasNeverWritten) => {
      if (keys.length === 0) return []
      const mark = this.resendMark()
      const sent = await this.together((sendOne) => Promise.allSettled(keys.map((key) => sendOne(key, ["unlink", key], signal))), send)
      const failed = sent.filter((result) => result.status === "rejected")
      if (failed.some(({ reason }) => isReply(reason)) || failed.length < keys.length) this.#breaker.answered()
      if (failed.length > 0) {
        const worst = worstOf(
          failed.map(({ reason }) => classify(reason, wasNeverWritten)),
          failed.length < keys.length,
        )
        throw this.#mayBeSecondCopy(mark) && failed.some(({ reason }) => isAnswered(reason)) ? inDoubt(worst) : worst
      }
      return sent.map((result) => result.status === "fulfilled" && integer(result.value) > 0)
    })
  }

  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[], options?: RedisCallOptions): Promise<RedisReply> {
    return this.#call(script.readOnly, options, async (signal, send) =>
      this.replyOf(await runScript((command) => send(keys[0], command, signal), script, keys, args, signal)),
    )
  }

  /** Sends commands one after the other over one connection, in one turn, and gives what became of each. Not for a cluster. */
  inOrder(commands: readonly (readonly string[])[], options?: RedisCallOptions): Promise<readonly CommandResult[]> {
    return this.#call(false, options, async (signal, each, wasNeverWritten) => {
      const sent = await this.together((send) => Promise.allSettled(commands.map((command) => send(undefined, command, signal))), each)
      const results = sent.map((result): CommandResult => {
        if (result.status === "fulfilled") return { reply: this.replyOf(result.value) }
        return { error: classify(result.reason, wasNeverWritten), cause: result.reason }
      })
      const lost = results.filter((result) => result.error !== undefined && !isReply(result.cause))
      // Where nothing at all was answered, that is for the breaker to know.
      if (lost[0]?.error !== undefined && lost.length === results.length) throw lost[0].error
      if (lost.length > 0) this.disrupted()
      return results
    })
  }

  time(options?: RedisCallOptions): Promise<number> {
    return this.#call(true, options, async (signal) => {
      const [seconds, microseconds] = list(await this.send(undefined, ["time"], signal), 2).map(integer)
      return (seconds ?? 0) * MICROSECONDS + (microseconds ?? 0)
    })
  }

  scan(
    node: number,
    cursor: string,
    match: string,
    count: number,
    options?: RedisCallOptions,
  ): Promise<{ readonly cursor: string; readonly keys: readonly string[] }> {
    return this.#call(true, options, async (signal) => {
      const args = ["scan", cursor, "match", match, "count", String(count)]
      const sender = this.#senderTo(node, signal)
      // A node that has left the cluster meanwhile holds no more keys.
      if (sender === undefined) return { cursor: "0", keys: [] }
      const [next, found] = list(await sender(args, signal), 2)
      return { cursor: String(normaliseReply(next)), keys: list(found).map((key) => textOrNull(key) ?? "") }
    })
  }

  ask(node: number, command: readonly string[], options?: RedisCallOptions): Promise<RedisReply> {
    return this.#call(true, options, async (signal) => {
      const reply = await this.#senderTo(node, signal)?.(command, signal)
      // Over RESP3 a client may make an object or a Map of it.
      if (reply instanceof Map) return this.replyOf([...reply].flat())
      if (Object.prototype.toString.call(reply) === "[object Object]") return this.replyOf(Object.entries(reply as object).flat())
      return reply === undefined ? null : this.replyOf(reply)
    })
  }

  #senderTo(node: number, signal: AbortSignal): NodeSender | undefined {
    return this.singleNode ? (command) => this.send(undefined, command, signal) : this.primaries()[node]?.send
  }

  async nodes(): Promise<readonly string[]> {
    if (this.singleNode) return ["primary"]
    // A cluster's client may not have asked for the topology yet.
    if (this.primaries().length === 0) await this.ping()
    const nodes = this.primaries().map(({ name }) => name)
    if (nodes.length === 0)
      throw new SessionError("ERR_STORE_UNAVAILABLE", "The client knows no primary of the cluster. Is it connected, and does CLUSTER SLOTS name any?")
    return nodes
  }

  ping(options?: RedisCallOptions): Promise<void> {
    return this.#call(true, options, async (signal) => {
      const primaries = this.singleNode ? [] : this.primaries()
      if (primaries.length === 0) await this.send(undefined, ["ping"], signal)
      // Clients ask all of them, or any: one that is away keeps nothing from the users of the others.
      else await anyOf(primaries.map(({ send }) => send(["ping"], signal)))
    })
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#breaker.stop()
    this.#nodes.stop()
    this.#listeners.clear()
    // Calls that are under way get their answer, as far as their deadline allows.
    await this.#deadlines.close()
    this.detach()
    this.#own?.destroy()
  }

  #call<T>(readOnly: boolean, options: RedisCallOptions | undefined, work: Work<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new SessionError("ERR_CLOSED", "The service was closed. Make a new one."))
    if (this.#breaker.isOpen) return Promise.reject(notHeard())
    return this.#send(readOnly, options?.signal, work)
  }

  #send<T>(readOnly: boolean, signal: AbortSignal | undefined, work: Work<T>, mayBeRefused = true): Promise<T> {
    const wasNeverWritten = this.watchSending()
    const mark = this.resendMark()
    const beganAt = performance.now()
    const unanswered = this.singleNode ? NONE : new Set<string>()
    const send = this.singleNode ? this.#sendTo : this.#sendToNode(unanswered, beganAt, mark, wasNeverWritten, mayBeRefused)
    let isOver = false
    return this.#deadlines.run(
      (ending) =>
        work(ending, send, wasNeverWritten).then(
          (value) => {
            this.#breaker.answered()
            return value
          },
          (error: unknown) => {
            if (isReply(error)) this.#breaker.answered()
            else if (!isOver && this.#saysOfStore(ending, beganAt) && isOutage(classify(error, wasNeverWritten))) this.#failed(beganAt)
            // A caller who goes away says nothing of the store either.
            if (!ending.aborted && isOutage(classify(error, wasNeverWritten))) this.disrupted()
            // What the caller's signal says is for the caller, who knows what else was begun.
            const isOwnDeadline = error === ending.reason && error !== signal?.reason
            const failure = isOwnDeadline ? deadlinePassed(this.#timeoutMs, readOnly) : classify(error, wasNeverWritten, readOnly)
            throw !readOnly && this.#mayBeSecondCopy(mark) && isAnswered(error) ? inDoubt(failure) : failure
          },
        ),
      () => {
        isOver = true
        this.disrupted()
        if (this.#hadItsTime(beganAt)) {
          this.#failed(beganAt)
          this.#nodes.failed(unanswered, beganAt)
        }
        return deadlinePassed(this.#timeoutMs, readOnly)
      },
      signal,
    )
  }

  /** A refused copy may be a second one, sent by the client after a lost connection: the first may have been carried out. */
  #mayBeSecondCopy(markBefore: number | null): boolean {
    return markBefore === null || markBefore !== this.resendMark()
  }

  /** A command to which a long call left hardly any time says nothing of the store. */
  #hadItsTime(beganAt: number): boolean {
    return performance.now() - beganAt >= this.#timeoutMs / 2
  }

  /** Nor does one whose caller went away. A client rejects what it could not write by the deadline. */
  #saysOfStore(signal: AbortSignal, beganAt: number): boolean {
    return !signal.aborted || (isDeadline(signal.reason) && this.#hadItsTime(beganAt))
  }

  // A cluster's nodes fail one by one: the silence of one must not refuse the calls to the others.
  #failed(beganAt: number): void {
    if (this.singleNode) this.#breaker.failed(beganAt)
  }

  readonly #sendTo: Send = (key, args, signal) => this.send(key, args, signal)

  /** Sends to a cluster, through the breaker of the key's node. `unanswered` holds the keys that wait. */
  #sendToNode(unanswered: Set<string>, beganAt: number, mark: number | null, wasNeverWritten: (error: unknown) => boolean, mayBeRefused: boolean): Send {
    return async (key, args, signal) => {
      if (key === undefined) return this.send(key, args, signal)
      if (mayBeRefused && this.#nodes.refuses(key)) throw notHeard()
      unanswered.add(key)
      try {
        const reply = await whileSlotMoves(
          () => this.send(key, args, signal),
          signal,
          this.#timeoutMs,
          (error) => this.causeOf(error, key, mark),
        )
        this.#nodes.answered(key)
        return reply
      } catch (error) {
        if (isAnswered(error)) this.#nodes.answered(key)
        else if (this.#saysOfStore(signal, beganAt) && isOutage(classify(error, wasNeverWritten))) this.#nodes.failed([key], beganAt)
        throw error
      } finally {
        unanswered.delete(key)
      }
    }
  }

  /** @param key - of a node of a cluster; any node otherwise */
  async #probe(key?: string): Promise<void> {
    const args = key === undefined ? ["ping"] : ["get", key]
    // What came of it the breaker has been told.
    await this.#send(true, undefined, (signal, send) => send(key, args, signal), false).catch(() => undefined)
  }
}

/** What became of one of several commands: a reply, or an error and what the client itself said. */
export type CommandResult =
  | { readonly reply: RedisReply; readonly error?: undefined; readonly cause?: undefined }
  | { readonly reply?: undefined; readonly error: SessionError; readonly cause: unknown }

type Work<T> = (signal: AbortSignal, send: Send, wasNeverWritten: (error: unknown) => boolean) => Promise<T>

/** The first answer that comes; where none does, what the first of them was refused with. */
async function anyOf(answers: readonly Promise<unknown>[]): Promise<void> {
  await Promise.any(answers).catch(({ errors: [first] }: AggregateError) => {
    throw first
  })
}

/** MGET answers `null` for a key of another type, so GET does too: whether reads travel together must not be seen. */
async function textOf(send: Send, key: string, signal: AbortSignal): Promise<string | null> {
  try {
    return textOrNull(await send(key, ["get", key], signal))
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("WRONGTYPE")) return null
    throw error
  }
}

function isReply(error: unknown): boolean {
  return replyWord(error) !== undefined
}

/** Whether servers answered, be it that each named another. */
function isAnswered(error: unknown): boolean {
  return isReply(error) || isRedirectedTooOften(error)
}

function isOutage(error: SessionError): boolean {
  return error.code === "ERR_STORE_UNAVAILABLE" || error.code === "ERR_STORE_TIMEOUT"
}

function notHeard(): SessionError {
  return new SessionError("ERR_STORE_UNAVAILABLE", "The store has not answered several calls in a row, so this one was not sent. Try again shortly.")
}

function classify(error: unknown, wasNeverWritten: (error: unknown) => boolean, readOnly = false): SessionError {
  return classifyFailure(error, { readOnly, sent: wasNeverWritten(error) ? "never" : "maybe" })
}

// Of several commands that failed, the error that leaves most in doubt. Where others succeeded, not even a definite refusal is definite for the whole.
function worstOf(errors: readonly SessionError[], othersApplied: boolean): SessionError {
  const worst = errors.find((error) => error.outcome === "unknown") ?? errors[0]
  if (worst === undefined) throw new RangeError("no error to choose from")
  return othersApplied ? inDoubt(worst) : worst
}

function inDoubt(error: SessionError): SessionError {
  return error.outcome === "unknown" ? error : withOutcome(error, "unknown")
}
