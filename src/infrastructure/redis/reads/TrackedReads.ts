import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import { list, textOrNull } from "../clients/replies.js"
import type { TrackedLink } from "./TrackedLink.js"

/** What a batch of reads needs of a store. */
type BatchSource = Pick<IRedisService, "singleNode" | "get" | "mget">

interface TrackedReadsOptions {
  readonly link: TrackedLink
  readonly redis: IRedisService
  /** How long the tracked connection may take, in milliseconds. */
  readonly patience: number
  /** Of these keys no change may be heard of. */
  readonly onUntracked: (keys: readonly string[]) => void
}

/** Reads over the tracked connection; over the application's own where that one is not there, or says nothing for a while: a cache must not make reads fail. */
export class TrackedReads implements BatchSource {
  readonly singleNode: boolean
  readonly #options: TrackedReadsOptions

  constructor(options: TrackedReadsOptions) {
    this.#options = options
    this.singleNode = options.redis.singleNode
  }

  async get(key: string): Promise<string | null> {
    const [value = null] = await this.mget([key])
    return value
  }

  async mget(keys: readonly string[]): Promise<readonly (string | null)[]> {
    const { link, redis, onUntracked } = this.#options
    if (performance.now() <= link.lease.until) {
      const reply = await this.#inTime(link.send(["MGET", ...keys]))
      if (reply !== null) return list(reply, keys.length).map(textOrNull)
    }
    onUntracked(keys)
    const [only] = keys
    return keys.length === 1 && only !== undefined ? [await redis.get(only)] : redis.mget(keys)
  }

  /** `null`: it failed, or did not come. */
  #inTime(reply: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), this.#options.patience).unref()
      const settle = (value: unknown): void => {
        clearTimeout(timer)
        resolve(value)
      }
      reply.then(settle, () => settle(null))
    })
  }
}
