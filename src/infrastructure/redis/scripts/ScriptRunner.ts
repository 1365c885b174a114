import { SessionError } from "../../../domain/errors.js"
import type { IRedisService, RedisReply, RedisScript } from "../../../domain/interfaces/redis/IRedisService.js"
import type { ServerClock } from "../reads/server-clock.js"
import { LostReplies } from "./lost-replies.js"

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

/** A class, for a literal may come to lie in the old generation, and the reply with it (bench/README.md). */
class ScriptAnswer<S extends string> implements Answer<S> {
  readonly status: S
  readonly micros: number
  readonly values: readonly RedisReply[]
  readonly repeated: boolean

  constructor(status: S, micros: number, values: readonly RedisReply[], repeated: boolean) {
    this.status = status
    this.micros = micros
    this.values = values
    this.repeated = repeated
  }
}

/** Runs scripts, sends a change again whose reply was lost, and reads what all replies have in common. */
export class ScriptRunner {
  readonly #redis: IRedisService
  readonly #clock: ServerClock | null
  /** Runs what may be done twice, and does it again when its reply was lost. */
  readonly repeatable: LostReplies["run"]

  /**
   * @param timeoutMs - how long one call may take, its repetition included, in milliseconds
   * @param clock - is told the time of every reply
   */
  constructor(redis: IRedisService, timeoutMs: number, clock: ServerClock | null) {
    this.#redis = redis
    this.#clock = clock
    const lostReplies = new LostReplies(timeoutMs)
    this.repeatable = lostReplies.run.bind(lostReplies)
  }

  /** Runs a script that changes something: its status by name, and what follows. @throws ERR_STORE_PROTOCOL for a reply of another form */
  run<S extends string>(
    script: RedisScript,
    statuses: Readonly<Record<S, number>>,
    keys: readonly string[],
    args: readonly (string | number)[],
    options: ScriptOptions,
  ): Promise<Answer<S>> {
    const send = (own: ScriptOptions): Promise<RedisReply> => this.#redis.run(script, keys, args, own)
    return this.repeatable(send, options, (value, repeated) => this.#answer(script, statuses, value, repeated))
  }

  /**
   * Runs a script that changes many things: what became of each, in their order. Of one that was done, and of which there is one thing to say, the script says just that.
   *
   * @throws ERR_STORE_PROTOCOL for a reply of another form
   */
  runMany<S extends string>(
    script: RedisScript,
    statuses: Readonly<Record<S, number>>,
    keys: readonly string[],
    args: readonly (string | number)[],
    count: number,
    options: ScriptOptions,
  ): Promise<readonly Answer<S | "DONE">[]> {
    return this.repeated(script, keys, args, options, (value, repeated) => {
      const [, ...replies] = value
      if (replies.length !== count) throw unexpected(script)
      const micros = Number(value[0])
      // A slice, for a literal would come to lie in the old generation, as above.
      const done = (at: number): Answer<"DONE"> => new ScriptAnswer("DONE", micros, replies.slice(at, at + 1), repeated)
      return replies.map((one, at) => (one === null || Array.isArray(one) ? this.#answer(script, statuses, one, repeated) : done(at)))
    })
  }

  /** Runs a script that may be run twice, and does so when its reply was lost. @param read - what the caller makes of its reply, the time included */
  repeated<R>(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number)[],
    options: ScriptOptions,
    read: (value: readonly RedisReply[], repeated: boolean) => R,
  ): Promise<R> {
    const send = (own: ScriptOptions): Promise<RedisReply> => this.#redis.run(script, keys, args, own)
    return this.repeatable(send, options, (value, repeated) => read(this.#timedReply(script, value), repeated))
  }

  #answer<S extends string>(script: RedisScript, statuses: Readonly<Record<S, number>>, value: RedisReply, repeated: boolean): Answer<S> {
    const [status, time, ...values] = reply(script, value)
    const micros = this.#observed(script, time)
    for (const name in statuses) if (statuses[name] === Number(status)) return new ScriptAnswer(name, micros, values, repeated)
    throw unexpected(script)
  }

  /** Runs a script that may be sent twice without harm, or whose loss does none: the values that follow the time. */
  async plain(script: RedisScript, keys: readonly string[], args: readonly (string | number)[], options: ScriptOptions): Promise<readonly RedisReply[]> {
    const [, ...values] = await this.timed(script, keys, args, options)
    return values
  }

  /** The same, with the time: its whole reply. */
  async timed(script: RedisScript, keys: readonly string[], args: readonly (string | number)[], options: ScriptOptions): Promise<readonly RedisReply[]> {
    return this.#timedReply(script, await this.#redis.run(script, keys, args, options))
  }

  #timedReply(script: RedisScript, value: RedisReply): readonly RedisReply[] {
    const values = reply(script, value)
    this.#observed(script, values[0])
    return values
  }

  /** Every reply brings the server's time, in microseconds: what brings none is not one of ours. */
  #observed(script: RedisScript, time: RedisReply | undefined): number {
    const micros = microsOf(script, time)
    this.#clock?.observe(micros)
    return micros
  }
}

function reply(script: RedisScript, value: RedisReply): readonly RedisReply[] {
  if (!Array.isArray(value)) throw unexpected(script)
  return value as readonly RedisReply[]
}

/** A time in a reply, in microseconds. @throws ERR_STORE_PROTOCOL for anything else */
export function microsOf(script: RedisScript, value: RedisReply | undefined): number {
  // JavaScript would take `[7]` for a number.
  const micros = Array.isArray(value) ? Number.NaN : Number(value)
  if (!Number.isSafeInteger(micros) || micros <= 0) throw unexpected(script)
  return micros
}

/** The error of a reply in another form than its script gives. */
export function unexpected(script: RedisScript): SessionError {
  return new SessionError("ERR_STORE_PROTOCOL", `Expected a reply of the script ${script.name}, got another form.`)
}
