import { createInjector, type Injector, Scope } from "typed-inject"
import type { IRedisService } from "../domain/interfaces/redis/IRedisService.js"
import type { OwnedSessionService, SessionAttributes } from "../domain/interfaces/session/ISessionService.js"
import { connectRedis } from "../infrastructure/redis/clients/connect.js"
import { MemorySessionService } from "../infrastructure/services/session/MemorySessionService.js"
import { SessionService } from "../infrastructure/services/session/SessionService.js"
import { SqliteSessionService } from "../infrastructure/services/session/SqliteSessionService.js"
import { resolveSettings } from "../infrastructure/services/session/session-settings.js"
import { DI_TOKENS } from "./di-tokens.js"
import { resolveStore, type SessionServiceOptions, type StoreConnection, type StoreKind } from "./options.js"
import { refuseUnfit } from "./strict-start.js"

/** What can be asked of the container. */
export interface Bindings {
  readonly [DI_TOKENS.SESSION_OPTIONS]: SessionServiceOptions
  readonly [DI_TOKENS.SESSION_SERVICE]: OwnedSessionService<SessionAttributes, SessionAttributes>
}

/** A container with its services ready, and the one call that ends them. */
export interface Container extends AsyncDisposable {
  /** Resolve from it, or make a child with `provideValue`, `provideClass` and `provideFactory`. */
  readonly injector: Injector<Bindings>
  close(): Promise<void>
}

/**
 * Binds `DI_TOKENS.SESSION_SERVICE` to the provider that the options name: `SessionService` over `DI_TOKENS.REDIS_SERVICE` for Redis and Valkey,
 * else the one for SQLite or memory. Whoever depends on `ISessionService` does not know which.
 *
 * @throws ERR_CONFIG_INVALID · ERR_STORE_UNAVAILABLE, ERR_STORE_REFUSED when the store cannot be opened
 * @example
 * const container = await createContainer({ store: "memory:" })
 * const sessions = container.injector.resolve(DI_TOKENS.SESSION_SERVICE)
 */
export async function createContainer(options: SessionServiceOptions): Promise<Container> {
  const { store, connection, strict } = resolveStore(options)
  resolveSettings(options)
  const made = await open(store, connection, options)
  if (strict) await refuseUnfit({ doctor: () => made.injector.resolve(DI_TOKENS.SESSION_SERVICE).doctor(), close: made.close })
  return made
}

async function open(store: StoreKind, connection: StoreConnection, options: SessionServiceOptions): Promise<Container> {
  const root = createInjector().provideValue(DI_TOKENS.SESSION_OPTIONS, options)
  switch (store.kind) {
    case "memory":
      return container(root.provideFactory(DI_TOKENS.SESSION_SERVICE, memorySessions, Scope.Singleton))
    case "sqlite":
      // A file is opened asynchronously, which a factory of the container cannot be.
      return container(root.provideValue(DI_TOKENS.SESSION_SERVICE, await SqliteSessionService.open<SessionAttributes>(store.file, options)))
    case "redis": {
      const redis = await connectRedis(store.store, connection)
      return container(root.provideValue(DI_TOKENS.REDIS_SERVICE, redis).provideFactory(DI_TOKENS.SESSION_SERVICE, redisSessions, Scope.Singleton))
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

function container(injector: Injector<Bindings>): Container {
  const close = async (): Promise<void> => {
    await injector.resolve(DI_TOKENS.SESSION_SERVICE).close()
    await injector.dispose()
  }
  return { injector, close, [Symbol.asyncDispose]: close }
}
