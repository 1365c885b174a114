import type { IRedisService, RedisCallOptions, RedisConnection, RedisReply, RedisScript } from "../../domain/interfaces/redis/IRedisService.js"

/** A call of the double: a command's own name, or the name of the script that `run` was given. */
export interface RecordedCall {
  readonly name: string
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
}

/** What the double answers: a value, an error to reject with, or a function of the call. */
export type Answer = unknown

/** Where the server's clock of the double stands: microseconds, far enough from this machine's clock to show which one was asked. */
export const SERVER_MICROS = 1_900_000_000_000_000
export const SERVER_MS: number = SERVER_MICROS / 1000

/**
 * `IRedisService` without a server: writes down every call, and answers what the test prepared. A call that nobody prepared an answer for
 * rejects with an error of no kind that the library knows, so that it cannot pass unnoticed.
 */
export class RecordingRedis implements IRedisService {
  readonly calls: RecordedCall[] = []
  readonly unprepared: string[] = []
  singleNode = true
  primaries = 1
  connection: RedisConnection = { encrypted: true, hosts: ["example.org"] }
  closed = 0
  /** Tells the service that another server may answer from now on. */
  disrupt: () => void = () => undefined
  /** What `resendMark` answers, one after the other; the last one stays. */
  marks: (number | null)[] = [0]
  readonly #answers = new Map<string, Answer[]>([["time", [SERVER_MICROS]]])

  /** Answers for the calls of this name, in turn; the last one goes on for ever. */
  answer(name: string, ...answers: readonly Answer[]): this {
    this.#answers.set(name, [...answers])
    return this
  }

  /** The names of the calls so far. */
  get names(): readonly string[] {
    return this.calls.map((call) => call.name)
  }

  /** The one call of this name. */
  only(name: string): RecordedCall {
    const found = this.all(name)
    const [call] = found
    if (call === undefined || found.length > 1) throw new Error(`Expected one ${name}, got ${found.length} among ${this.names.join(", ")}`)
    return call
  }

  all(name: string): readonly RecordedCall[] {
    return this.calls.filter((call) => call.name === name)
  }

  forget(): void {
    this.calls.length = 0
  }

  async get(key: string, _options?: RedisCallOptions): Promise<string | null> {
    return this.#reply({ name: "get", keys: [key], args: [] })
  }

  async mget(keys: readonly string[], _options?: RedisCallOptions): Promise<readonly (string | null)[]> {
    return this.#reply({ name: "mget", keys, args: [] })
  }

  async unlink(keys: readonly string[], _options?: RedisCallOptions): Promise<readonly boolean[]> {
    return keys.length === 0 ? [] : this.#reply({ name: "unlink", keys, args: [] })
  }

  async run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[], _options?: RedisCallOptions): Promise<RedisReply> {
    return this.#reply({ name: script.name, keys, args })
  }

  async time(_options?: RedisCallOptions): Promise<number> {
    return this.#reply({ name: "time", keys: [], args: [] })
  }

  async scan(node: number, cursor: string, match: string, count: number, _options?: RedisCallOptions): Promise<{ cursor: string; keys: readonly string[] }> {
    return this.#reply({ name: "scan", keys: [], args: [node, cursor, match, count] })
  }

  async ask(node: number, command: readonly string[], _options?: RedisCallOptions): Promise<RedisReply> {
    return this.#reply({ name: `ask ${command[0]}`, keys: [], args: [node, ...command.slice(1)] })
  }

  async nodes(): Promise<readonly string[]> {
    return Array.from({ length: this.primaries }, (_unused, at) => `node ${at}`)
  }

  async ping(_options?: RedisCallOptions): Promise<void> {
    this.calls.push({ name: "ping", keys: [], args: [] })
  }

  onDisruption(listener: () => void): void {
    this.disrupt = listener
  }

  resendMark(): number | null {
    const [mark = null, ...later] = this.marks
    if (later.length > 0) this.marks = later
    return mark
  }

  async close(): Promise<void> {
    this.closed += 1
  }

  #reply<T>(call: RecordedCall): T {
    this.calls.push(call)
    const answers = this.#answers.get(call.name) ?? []
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    if (answer === undefined) {
      this.unprepared.push(call.name)
      throw new Error(`No answer was prepared for ${call.name}`)
    }
    const value: unknown = typeof answer === "function" ? (answer as (call: RecordedCall) => unknown)(call) : answer
    if (value instanceof Error) throw value
    return value as T
  }
}
