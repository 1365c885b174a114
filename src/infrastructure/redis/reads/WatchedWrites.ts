import type { IRedisService, RedisCallOptions, RedisReply, RedisScript } from "../../../domain/interfaces/redis/IRedisService.js"
import { ForwardedRedis } from "../ForwardedRedis.js"

/** Tells which keys this process has written, before the writer's caller learns of it: whoever waits for a change must then read it. */
export class WatchedWrites extends ForwardedRedis {
  readonly #onWritten: (keys: readonly string[]) => void

  /** @param onWritten - called for failed writes, too: they may have been made */
  constructor(main: IRedisService, onWritten: (keys: readonly string[]) => void) {
    super(main)
    this.#onWritten = onWritten
  }

  override unlink(keys: readonly string[], options?: RedisCallOptions): Promise<readonly boolean[]> {
    return this.main.unlink(keys, options).finally(() => this.#onWritten(keys))
  }

  override run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[], options?: RedisCallOptions): Promise<RedisReply> {
    const reply = this.main.run(script, keys, args, options)
    return script.readOnly ? reply : reply.finally(() => this.#onWritten(keys))
  }
}
