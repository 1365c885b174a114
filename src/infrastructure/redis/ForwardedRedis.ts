import type { IRedisService, RedisCallOptions, RedisConnection, RedisReply, RedisScript, Tracking } from "../../domain/interfaces/redis/IRedisService.js"

/** Another `IRedisService` as it is, for those that change a few of its commands. */
export abstract class ForwardedRedis implements IRedisService {
  protected readonly main: IRedisService

  constructor(main: IRedisService) {
    this.main = main
  }

  get singleNode(): boolean {
    return this.main.singleNode
  }

  get connection(): RedisConnection {
    return this.main.connection
  }

  get waiting(): IRedisService["waiting"] {
    return this.main.waiting
  }

  get tracking(): Tracking | undefined {
    return this.main.tracking
  }

  get(key: string, options?: RedisCallOptions): Promise<string | null> {
    return this.main.get(key, options)
  }

  mget(keys: readonly string[], options?: RedisCallOptions): Promise<readonly (string | null)[]> {
    return this.main.mget(keys, options)
  }

  unlink(keys: readonly string[], options?: RedisCallOptions): Promise<readonly boolean[]> {
    return this.main.unlink(keys, options)
  }

  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[], options?: RedisCallOptions): Promise<RedisReply> {
    return this.main.run(script, keys, args, options)
  }

  time(options?: RedisCallOptions): Promise<number> {
    return this.main.time(options)
  }

  scan(...step: Parameters<IRedisService["scan"]>): ReturnType<IRedisService["scan"]> {
    return this.main.scan(...step)
  }

  ask(node: number, command: readonly string[], options?: RedisCallOptions): Promise<RedisReply> {
    return this.main.ask(node, command, options)
  }

  nodes(): Promise<readonly string[]> {
    return this.main.nodes()
  }

  ping(options?: RedisCallOptions): Promise<void> {
    return this.main.ping(options)
  }

  resendMark(): number | null {
    return this.main.resendMark()
  }

  onDisruption(listener: () => void): void {
    this.main.onDisruption(listener)
  }

  close(): Promise<void> {
    return this.main.close()
  }
}
