import type { IRedisService, RedisCallOptions, RedisConnection, RedisReply, RedisScript, Tracking } from "../../domain/interfaces/redis/IRedisService.js"

/** One call that a service made of its store: one round trip. */
export interface RedisCall {
  /** The command, or the name of the script. */
  readonly name: string
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
  /** Only of scripts. */
  readonly script: RedisScript | undefined
}

/** Runs before a call is sent, and delays it until it has ended. */
export type Hook = (call: RedisCall) => Promise<void> | void

/**
 * Stands between a session service and its store: writes down every call, runs a hook before or after some, and sends some twice, as a client
 * does that lost a reply. What it lets through goes to a real server.
 */
export class HookedRedisService implements IRedisService {
  readonly calls: RedisCall[] = []
  /** Runs before each call. */
  before: Hook = () => undefined
  /** Runs after each call that was answered, before its caller sees the answer. */
  after: Hook = () => undefined
  /** Scripts of these names reach the server this often; the caller sees the last answer. */
  readonly copies = new Map<string, number>()
  /** Runs between two copies of a call. */
  between: Hook = () => undefined
  /** Whether this stands for a client that cannot tell when it sends something twice. */
  hidesResends = false
  readonly #inner: IRedisService
  #mark = 0

  constructor(inner: IRedisService) {
    this.#inner = inner
  }

  get singleNode(): boolean {
    return this.#inner.singleNode
  }

  /** Runs a hook before the next call of this name, and only that one. */
  beforeNext(name: string, hook: () => Promise<unknown>): { readonly ran: () => boolean } {
    let ran = false
    this.before = async (call) => {
      if (ran || call.name !== name) return
      ran = true
      await hook()
    }
    return { ran: () => ran }
  }

  /** Names of the calls since `since`, in their order. */
  names(since = 0): string[] {
    return this.calls.slice(since).map(({ name }) => name)
  }

  /** Sends a call once more, as it was. */
  again(call: RedisCall): Promise<RedisReply> {
    if (call.script === undefined) throw new Error(`Expected the call of a script, got ${call.name}`)
    return this.#inner.run(call.script, call.keys, call.args)
  }

  get(key: string, options?: RedisCallOptions): Promise<string | null> {
    return this.#around({ name: "get", keys: [key], args: [], script: undefined }, () => this.#inner.get(key, options))
  }

  mget(keys: readonly string[], options?: RedisCallOptions): Promise<readonly (string | null)[]> {
    return this.#around({ name: "mget", keys, args: [], script: undefined }, () => this.#inner.mget(keys, options))
  }

  unlink(keys: readonly string[], options?: RedisCallOptions): Promise<readonly boolean[]> {
    return this.#around({ name: "unlink", keys, args: [], script: undefined }, () => this.#inner.unlink(keys, options))
  }

  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[], options?: RedisCallOptions): Promise<RedisReply> {
    const call = { name: script.name, keys, args, script }
    return this.#around(call, async () => {
      const copies = this.copies.get(script.name) ?? 1
      for (let copy = 1; copy < copies; copy += 1) {
        await this.#inner.run(script, keys, args, options)
        this.#mark += 1
        await this.between(call)
      }
      return this.#inner.run(script, keys, args, options)
    })
  }

  time(options?: RedisCallOptions): Promise<number> {
    return this.#around({ name: "time", keys: [], args: [], script: undefined }, () => this.#inner.time(options))
  }

  scan(
    node: number,
    cursor: string,
    match: string,
    count: number,
    options?: RedisCallOptions,
  ): Promise<{ readonly cursor: string; readonly keys: readonly string[] }> {
    return this.#around({ name: "scan", keys: [], args: [node, cursor, match, count], script: undefined }, () =>
      this.#inner.scan(node, cursor, match, count, options),
    )
  }

  get connection(): RedisConnection {
    return this.#inner.connection
  }

  /** What is read over such a connection is a call like any other; what only keeps it going is not. */
  get tracking(): Tracking | undefined {
    const tracking = this.#inner.tracking
    return (
      tracking && {
        nodes: () => tracking.nodes(),
        nodeOf: (key) => tracking.nodeOf(key),
        open: async (node, listener) => {
          const tracked = await tracking.open(node, listener)
          const send = (command: readonly string[]): Promise<unknown> => {
            const [name, ...keys] = command
            if (name !== "MGET") return tracked.send(command)
            return this.#around({ name: keys.length === 1 ? "get" : "mget", keys, args: [], script: undefined }, () => tracked.send(command))
          }
          return { send, close: () => tracked.close() }
        },
      }
    )
  }

  ask(node: number, command: readonly string[], options?: RedisCallOptions): Promise<RedisReply> {
    return this.#around({ name: command[0] ?? "", keys: [], args: [node, ...command.slice(1)], script: undefined }, () =>
      this.#inner.ask(node, command, options),
    )
  }

  nodes(): Promise<readonly string[]> {
    return this.#inner.nodes()
  }

  ping(options?: RedisCallOptions): Promise<void> {
    return this.#around({ name: "ping", keys: [], args: [], script: undefined }, () => this.#inner.ping(options))
  }

  /** Differs from an earlier one when a call was sent twice in between, as that of a client which does so. */
  resendMark(): number | null {
    const mark = this.#inner.resendMark()
    return mark === null || this.hidesResends ? null : mark + this.#mark
  }

  onDisruption(listener: () => void): void {
    this.#inner.onDisruption(listener)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  async #around<T>(call: RedisCall, send: () => Promise<T>): Promise<T> {
    this.calls.push(call)
    await this.before(call)
    const answer = await send()
    await this.after(call)
    return answer
  }
}
