import { createInjector, type Injector, Scope } from "typed-inject"
import { asConfigError } from "../domain/errors.js"
import type { RateLimitEvent } from "../domain/interfaces/ports.js"
import type { OwnedRateLimitingService, RateLimitRules } from "../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { IRedisService } from "../domain/interfaces/redis/IRedisService.js"
import type { OwnedSessionService, SessionAttributes } from "../domain/interfaces/session/ISessionService.js"
import { connectRedis } from "../infrastructure/redis/clients/connect.js"
import { MemoryRateLimits } from "../infrastructure/services/rate-limit/MemoryRateLimits.js"
import { RateLimitFront } from "../infrastructure/services/rate-limit/RateLimitFront.js"
import { RateLimitingService } from "../infrastructure/services/rate-limit/RateLimitingService.js"
import { type RateLimitOptions, resolveRateLimits } from "../infrastructure/services/rate-limit/rate-limit-settings.js"
import { SqliteRateLimits } from "../infrastructure/services/rate-limit/SqliteRateLimits.js"
import { MemorySessionService } from "../infrastructure/services/session/MemorySessionService.js"
import { SessionService } from "../infrastructure/services/session/SessionService.js"
import { SqliteSessionService } from "../infrastructure/services/session/SqliteSessionService.js"
import { resolveSettings } from "../infrastructure/services/session/session-settings.js"
import { readOnce } from "../shared/assertions.js"
import { DI_TOKENS } from "./di-tokens.js"
import { resolveStore, type SessionServiceOptions, type StoreConnection, type StoreKind } from "./options.js"
import { refuseUnfit } from "./strict-start.js"

/** Options of `createContainer`: those of `createSessionService`, and rules. */
export interface ContainerOptions extends SessionServiceOptions {
  /** The rules of the rate limiting service, which has the store, `keyPrefix`, `timeout`, `clock` and `logger` of the sessions; none by default. */
  readonly rateLimits?: RateLimitRules | undefined
  /** Hears what the rate limits did; `onEvent` hears of the sessions. */
  readonly onRateLimitEvent?: ((event: RateLimitEvent) => void) | undefined
}

/** What can be asked of the container. */
export interface Bindings {
  readonly [DI_TOKENS.SESSION_OPTIONS]: SessionServiceOptions
  readonly [DI_TOKENS.SESSION_SERVICE]: OwnedSessionService<SessionAttributes, SessionAttributes>
  readonly [DI_TOKENS.RATE_LIMIT_OPTIONS]: RateLimitOptions<RateLimitRules>
  readonly [DI_TOKENS.RATE_LIMITING_SERVICE]: OwnedRateLimitingService
}

/** A container with its services ready, and the one call that ends them. */
export interface Container extends AsyncDisposable {
  /** Resolve from it, or make a child with `provideValue`, `provideClass` and `provideFactory`. What has a `dispose()` may use the services in it when the container is closed, which waits for it. */
  readonly injector: Injector<Bindings>
  close(): Promise<void>
}

/**
 * Binds `DI_TOKENS.SESSION_SERVICE` to the provider that the options name: `SessionService` over `DI_TOKENS.REDIS_SERVICE` for Redis and Valkey,
 * else the one for SQLite or memory, and `DI_TOKENS.RATE_LIMITING_SERVICE` in the same way. Whoever depends on `ISessionService` and `IRateLimitingService`
 * does not know which.
 *
 * @throws ERR_CONFIG_INVALID · ERR_STORE_UNAVAILABLE, ERR_STORE_REFUSED when the store cannot be opened
 * @example
 * const container = await createContainer({ store: "memory:" })
 * const sessions = container.injector.resolve(DI_TOKENS.SESSION_SERVICE)
 */
export async function createContainer(given: ContainerOptions): Promise<Container> {
  const { rateLimits = {}, onRateLimitEvent, ...options } = asConfigError(() => readOnce(given)) ?? {}
  const { store, connection, strict } = resolveStore(options)
  resolveSettings(options)
  const { keyPrefix, timeout, logger } = options
  const limits = { rules: rateLimits, keyPrefix, timeout, logger, onEvent: onRateLimitEvent }
  resolveRateLimits(limits)
  const made = await open(store, connection, options, limits)
  if (strict) await refuseUnfit({ doctor: () => made.injector.resolve(DI_TOKENS.SESSION_SERVICE).doctor(), close: made.close })
  return made
}

async function open(
  store: StoreKind,
  connection: StoreConnection,
  options: SessionServiceOptions,
  limits: RateLimitOptions<RateLimitRules>,
): Promise<Container> {
  const root = createInjector().provideValue(DI_TOKENS.SESSION_OPTIONS, options).provideValue(DI_TOKENS.RATE_LIMIT_OPTIONS, limits)
  switch (store.kind) {
    case "memory":
      return container(
        root
          .provideFactory(DI_TOKENS.SESSION_SERVICE, memorySessions, Scope.Singleton)
          .provideFactory(DI_TOKENS.RATE_LIMITING_SERVICE, memoryRateLimits, Scope.Singleton),
      )
    case "sqlite": {
      // A file is opened asynchronously, which a factory of the container cannot be.
      const sessions = await SqliteSessionService.open<SessionAttributes>(store.file, options)
      try {
        const rateLimits = await sqliteRateLimits(store.file, options, limits)
        return container(root.provideValue(DI_TOKENS.SESSION_SERVICE, sessions).provideValue(DI_TOKENS.RATE_LIMITING_SERVICE, rateLimits))
      } catch (error) {
        await sessions.close()
        throw error
      }
    }
    case "redis": {
      const redis = await connectRedis(store.store, connection)
      return container(
        root
          .provideValue(DI_TOKENS.REDIS_SERVICE, redis)
          .provideFactory(DI_TOKENS.SESSION_SERVICE, redisSessions, Scope.Singleton)
          .provideFactory(DI_TOKENS.RATE_LIMITING_SERVICE, redisRateLimits, Scope.Singleton),
      )
    }
  }
}

function memorySessions(options: SessionServiceOptions): OwnedSessionService<SessionAttributes, SessionAttributes> {
  return new MemorySessionService<SessionAttributes>(options)
}
memorySessions.inject = [DI_TOKENS.SESSION_OPTIONS] as const

function redisSessions(redis: IRedisService, options: SessionServiceOptions): OwnedSessionService<SessionAttributes, SessionAttributes> {
  return new SessionService<SessionAttributes>(redis, options)
}
redisSessions.inject = [DI_TOKENS.REDIS_SERVICE, DI_TOKENS.SESSION_OPTIONS] as const

function memoryRateLimits({ clock = Date }: SessionServiceOptions, limits: RateLimitOptions<RateLimitRules>): OwnedRateLimitingService {
  return new RateLimitFront(new MemoryRateLimits(clock), limits)
}
memoryRateLimits.inject = [DI_TOKENS.SESSION_OPTIONS, DI_TOKENS.RATE_LIMIT_OPTIONS] as const

async function sqliteRateLimits(
  file: string,
  { clock = Date }: SessionServiceOptions,
  limits: RateLimitOptions<RateLimitRules>,
): Promise<OwnedRateLimitingService> {
  const { timeoutMs, keyPrefix } = resolveRateLimits(limits)
  return new RateLimitFront(await SqliteRateLimits.open(file, { clock, timeoutMs, keyPrefix }), limits)
}

function redisRateLimits(redis: IRedisService, limits: RateLimitOptions<RateLimitRules>): OwnedRateLimitingService {
  return new RateLimitingService(redis, limits, false)
}
redisRateLimits.inject = [DI_TOKENS.REDIS_SERVICE, DI_TOKENS.RATE_LIMIT_OPTIONS] as const

function container(injector: Injector<Bindings>): Container {
  let closing: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    const limits = injector.resolve(DI_TOKENS.RATE_LIMITING_SERVICE)
    const sessions = injector.resolve(DI_TOKENS.SESSION_SERVICE)
    // Whatever was made with the services may use them once more while it is disposed of.
    try {
      await injector.dispose()
    } finally {
      try {
        await limits.close()
      } finally {
        // They own the connection that both have.
        await sessions.close()
      }
    }
  }
  const close = (): Promise<void> => {
    closing ??= closeAll()
    return closing
  }
  return { injector, close, [Symbol.asyncDispose]: close }
}
