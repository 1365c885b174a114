import { SessionError } from "../../../domain/errors.js"
import type { IRedisService, RedisCallOptions, RedisReply, RedisScript } from "../../../domain/interfaces/redis/IRedisService.js"
import { CallDeadlines } from "../failures/call-deadlines.js"
import { classifyFailure, deadlinePassed } from "../failures/classify.js"
import { runScript } from "../scripts/run-script.js"
import { integer, list, normaliseReply, textOrNull } from "./replies.js"
import type { NodeSender } from "./topology.js"

/** Settings of an adapter. */
export interface ClientServiceOptions {
  /** How long each call may take, in milliseconds, from 1. */
  readonly timeoutMs: number
  /** Closes the client. Only for a client that this library made. */
  readonly release?: (() => void) | undefined
}

/** Sends a command; `key` says where to, `undefined` to any node. Rejects with the client's own error. */
export type Send = (key: string | undefined, args: readonly string[], signal: AbortSignal) => Promise<unknown>

const MICROSECONDS = 1_000_000

/** The commands of `IRedisService`, written once for every client: deadline, errors and replies. The two adapters below it only send. */
export abstract class ClientRedisService implements IRedisService {
  abstract readonly singleNode: boolean
  readonly #timeoutMs: number
  readonly #deadlines: CallDeadlines
  readonly #release: (() => void) | undefined
  #closed: Promise<void> | undefined

  constructor(options: ClientServiceOptions) {
    this.#timeoutMs = options.timeoutMs
    this.#deadlines = new CallDeadlines(options.timeoutMs)
    this.#release = options.release
  }

  abstract resendMark(): number | null

  /** Sends one command. */
  protected abstract send(key: string | undefined, args: readonly string[], signal: AbortSignal): Promise<unknown>
  /** The primaries of a cluster as the client knows them now. */
  protected abstract primaries(): readonly NodeSender[]
  /** Taken before a call and asked after its failure: whether it is certain that the call was never written. */
  protected abstract watchSending(): (error: unknown) => boolean
  /** Removes what the adapter hung on the client. */
  protected abstract detach(): void

  /** Runs several commands of one turn, over one connection where a client has several. */
  protected together<T>(work: (send: Send) => Promise<T>): Promise<T> {
    return work((key, args, signal) => this.send(key, args, signal))
  }

  /** Brings a script's reply into one form. */
  protected replyOf(raw: unknown): RedisReply {
    return normaliseReply(raw)
  }

  get(key: string, options?: RedisCallOptions): Promise<string | null> {
    return this.#call(true, options, (signal) => this.#get(key, signal))
  }

  mget(keys: readonly string[], options?: RedisCallOptions): Promise<readonly (string | null)[]> {
    return this.#call(true, options, async (signal) => {
      if (keys.length === 0) return []
      if (this.singleNode) return list(await this.send(keys[0], ["mget", ...keys], signal), keys.length).map(textOrNull)
      return Promise.all(keys.map((key) => this.#get(key, signal)))
    })
  }

  /** MGET answers `null` for a key of another type, so GET does too: whether reads travel together must not be seen. */
  async #get(key: string, signal: AbortSignal): Promise<string | null> {
    try {
      return textOrNull(await this.send(key, ["get", key], signal))
    } catch (error) {
      if (error instanceof Error && error.message.startsWith("WRONGTYPE")) return null
      throw error
    }
  }

  unlink(keys: readonly string[], options?: RedisCallOptions): Promise<readonly boolean[]> {
    return this.#call(false, options, async (signal, wasNeverWritten) => {
      if (keys.length === 0) return []
      const sent = await this.together((send) => Promise.allSettled(keys.map((key) => send(key, ["unlink", key], signal))))
      const failed = sent.filter((result) => result.status === "rejected")
      if (failed.length > 0)
        throw worstOf(
          failed.map(({ reason }) => classify(reason, wasNeverWritten)),
          failed.length < keys.length,
        )
      return sent.map((result) => result.status === "fulfilled" && integer(result.value) > 0)
    })
  }

  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[], options?: RedisCallOptions): Promise<RedisReply> {
    return this.#call(script.readOnly, options, async (signal) =>
      this.replyOf(await runScript((command) => this.send(keys[0], command, signal), script, keys, args, signal)),
    )
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
      const sender: NodeSender | undefined = this.singleNode ? (command) => this.send(undefined, command, signal) : this.primaries()[node]
      // A node that has left the cluster meanwhile holds no more keys.
      if (sender === undefined) return { cursor: "0", keys: [] }
      const [next, found] = list(await sender(args, signal), 2)
      return { cursor: String(normaliseReply(next)), keys: list(found).map((key) => textOrNull(key) ?? "") }
    })
  }

  async countNodes(): Promise<number> {
    if (this.singleNode) return 1
    // A cluster's client may not have asked for the topology yet.
    if (this.primaries().length === 0) await this.ping()
    const nodes = this.primaries().length
    if (nodes === 0)
      throw new SessionError("ERR_STORE_UNAVAILABLE", "The client knows no primary of the cluster. Is it connected, and does CLUSTER SLOTS name any?")
    return nodes
  }

  ping(options?: RedisCallOptions): Promise<void> {
    return this.#call(true, options, async (signal) => {
      await this.send(undefined, ["ping"], signal)
    })
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    // Calls that are under way get their answer, as far as their deadline allows.
    await this.#deadlines.close()
    this.detach()
    this.#release?.()
  }

  #call<T>(
    readOnly: boolean,
    options: RedisCallOptions | undefined,
    work: (signal: AbortSignal, wasNeverWritten: (error: unknown) => boolean) => Promise<T>,
  ): Promise<T> {
    if (this.#closed) return Promise.reject(new SessionError("ERR_CLOSED", "The service was closed. Make a new one."))
    const wasNeverWritten = this.watchSending()
    return this.#deadlines.run(
      (signal) =>
        work(signal, wasNeverWritten).catch((error: unknown) => {
          throw classify(error, wasNeverWritten, readOnly)
        }),
      () => deadlinePassed(this.#timeoutMs, readOnly),
      options?.signal,
    )
  }
}

function classify(error: unknown, wasNeverWritten: (error: unknown) => boolean, readOnly = false): SessionError {
  return classifyFailure(error, { readOnly, sent: wasNeverWritten(error) ? "never" : "maybe" })
}

// Of several commands that failed, the error that leaves most in doubt. Where others succeeded, not even a definite refusal is definite for the whole.
function worstOf(errors: readonly SessionError[], othersApplied: boolean): SessionError {
  const worst = errors.find((error) => error.outcome === "unknown") ?? errors[0]
  if (worst === undefined) throw new RangeError("no error to choose from")
  if (!othersApplied || worst.outcome === "unknown") return worst
  return new SessionError(worst.code, worst.message, { outcome: "unknown", retryable: worst.retryable })
}
