import { SessionError } from "../../../domain/errors.js"
import type { IRedisService, RedisCallOptions, RedisReply, RedisScript } from "../../../domain/interfaces/redis/IRedisService.js"
import { untilAborted } from "../../until-aborted.js"
import type { ClientRedisService, CommandResult } from "../clients/ClientRedisService.js"
import { ForwardedRedis } from "../ForwardedRedis.js"
import { type Durability, waitCommand } from "./durability.js"

interface DurableOptions {
  readonly durability: Exclude<Durability, "none">
  /** Of each call, in milliseconds. */
  readonly timeoutMs: number
  readonly keyPrefix: string
}

/** Some commands of one call, and what became of them. */
interface Write {
  readonly commands: readonly (readonly string[])[]
  readonly signal: AbortSignal | undefined
  readonly settle: (outcome: Outcome) => void
  readonly fail: (error: unknown) => void
}

interface Outcome {
  readonly results: readonly CommandResult[]
  readonly isDurable: boolean
}

/** Commands that travel together. */
const MOST_COMMANDS = 1_000
/**
 * A change that every replica hears of and that leaves nothing behind. WAIT and WAITAOF speak of their own connection's last change only, and the
 * change that is waited for may have been made earlier, by a copy whose reply was lost.
 */
const MARK = "#!lua flags=allow-oom\nreturn redis.call('SET', KEYS[1], '1', 'PX', 1)"

/**
 * Sends those changes that are to outlast a server over a connection of its own, each time followed by a wait: the wait holds the connection up, and
 * it is worth something only on the connection, and so the server, that made the change. Those that come meanwhile wait their turn, and then share
 * one wait. Everything else goes the usual way.
 */
export class DurableWrites extends ForwardedRedis {
  readonly #waits: { readonly command: "WAIT" | "WAITAOF"; readonly key: string }
  readonly #line: ClientRedisService
  readonly #mark: readonly string[]
  readonly #wait: readonly string[]
  readonly #waiting: Write[] = []
  #running = false

  /** @param line - over a connection that nobody else uses */
  private constructor(main: IRedisService, line: ClientRedisService, options: DurableOptions) {
    super(main)
    this.#line = line
    this.#waits = { command: options.durability === "replicas" ? "WAIT" : "WAITAOF", key: `${options.keyPrefix}durable` }
    this.#mark = ["eval", MARK, "1", this.#waits.key]
    this.#wait = waitCommand(options.durability, options.timeoutMs)
  }

  /**
   * @throws ERR_CONFIG_INVALID where the server keeps no append-only file and changes are to be on its disk
   * @throws ERR_STORE_REFUSED where it does not know the command, or this user may not use it
   */
  static async open(main: IRedisService, line: ClientRedisService, options: DurableOptions): Promise<DurableWrites> {
    const writes = new DurableWrites(main, line, options)
    const [marked, waited] = await line.inOrder([writes.#mark, writes.#wait])
    // Without the mark no wait would ever count.
    if (marked?.error !== undefined) throw marked.error
    if (waited?.error === undefined) return writes
    if (waited.cause instanceof Error && /appendonly/i.test(waited.cause.message)) {
      throw new SessionError(
        "ERR_CONFIG_INVALID",
        'Expected a server with an append-only file for durability "fsync", got one without. Set appendonly to yes, or leave the option out.',
        { option: "durability" },
      )
    }
    throw waited.error
  }

  override get waiting(): IRedisService["waiting"] {
    return this.#waits
  }

  override async unlink(keys: readonly string[], options?: RedisCallOptions): Promise<readonly boolean[]> {
    if (options?.onNotDurable === undefined) return this.main.unlink(keys, options)
    const { results } = await this.#write(
      keys.map((key) => ["unlink", key]),
      options,
    )
    const failed = results.find(({ error }) => error !== undefined)
    if (failed?.error !== undefined) throw asPart(failed.error, results)
    return results.map(({ reply }) => Number(reply) > 0)
  }

  override async run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[], options?: RedisCallOptions): Promise<RedisReply> {
    if (script.readOnly || options?.onNotDurable === undefined) return this.main.run(script, keys, args, options)
    const rest = [String(keys.length), ...keys, ...args.map(String)]
    const known = await this.#writeOne(["evalsha", script.sha1, ...rest], options)
    const isUnknown = known.cause instanceof Error && known.cause.message.startsWith("NOSCRIPT")
    if (isUnknown) options.signal?.throwIfAborted()
    const { reply, error } = isUnknown ? await this.#writeOne(["eval", script.source, ...rest], options) : known
    if (error !== undefined) throw error
    return reply
  }

  /** Changes whose copies are told apart travel over the second connection. */
  override resendMark(): number | null {
    return this.#line.resendMark()
  }

  override onDisruption(listener: () => void): void {
    this.main.onDisruption(listener)
    this.#line.onDisruption(listener)
  }

  override async close(): Promise<void> {
    await Promise.all([this.#line.close(), this.main.close()])
  }

  async #writeOne(command: readonly string[], options: RedisCallOptions): Promise<CommandResult> {
    const [result] = (await this.#write([command], options)).results
    if (result === undefined) throw new RangeError("no result")
    return result
  }

  /** An error of a command is in its result; a rejection means that none was sent, or that nothing at all was answered. */
  async #write(commands: Write["commands"], options: RedisCallOptions): Promise<Outcome> {
    const { signal } = options
    const sent = new Promise<Outcome>((settle, fail) => {
      this.#waiting.push({ commands, signal, settle, fail })
    })
    void this.#sendAll()
    const outcome = await untilAborted(sent, signal)
    if (!outcome.isDurable && outcome.results.every(({ error }) => error === undefined)) options.onNotDurable?.()
    return outcome
  }

  async #sendAll(): Promise<void> {
    if (this.#running) return
    this.#running = true
    while (this.#waiting.length > 0) {
      // What other calls begin in this turn travels along.
      await Promise.resolve()
      await this.#sendTogether(this.#take())
    }
    this.#running = false
  }

  #take(): readonly Write[] {
    const taken: Write[] = []
    for (let commands = 0; commands < MOST_COMMANDS; ) {
      const next = this.#waiting.shift()
      if (next === undefined) break
      // Whoever waits no longer was told that nothing was changed.
      if (next.signal?.aborted === true) continue
      taken.push(next)
      commands += next.commands.length
    }
    return taken
  }

  async #sendTogether(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return
    try {
      const results = await this.#line.inOrder([...writes.flatMap(({ commands }) => commands), this.#mark, this.#wait])
      const isDurable = results.at(-2)?.error === undefined && acknowledgedBy(results.at(-1)?.reply) >= 1
      let from = 0
      for (const { commands, settle } of writes) {
        settle({ results: results.slice(from, from + commands.length), isDurable })
        from += commands.length
      }
    } catch (error) {
      for (const { fail } of writes) fail(error)
    }
  }
}

/** WAIT answers how many replicas, WAITAOF first whether this server. */
function acknowledgedBy(reply: RedisReply | undefined): number {
  return Number((Array.isArray(reply) ? reply[0] : reply) ?? 0)
}

/** Where others of the same call succeeded, not even a definite refusal is definite for the whole. */
function asPart(error: SessionError, results: readonly CommandResult[]): SessionError {
  if (error.outcome === "unknown" || results.every((result) => result.error !== undefined)) return error
  return new SessionError(error.code, error.message, { outcome: "unknown", retryable: error.retryable })
}
