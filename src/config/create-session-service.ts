import type { StandardSchemaV1 } from "@standard-schema/spec"
import type { OwnedSessionService, SessionAttributes } from "../domain/interfaces/session/ISessionService.js"
import { connectRedis } from "../infrastructure/redis/clients/connect.js"
import { MemorySessionService } from "../infrastructure/services/session/MemorySessionService.js"
import { SessionService } from "../infrastructure/services/session/SessionService.js"
import { SqliteSessionService } from "../infrastructure/services/session/SqliteSessionService.js"
import { resolveSettings } from "../infrastructure/services/session/session-settings.js"
import { resolveStore, type SessionServiceOptions, type Storable, type StoreConnection, type StoreKind } from "./options.js"
import { refuseUnfit } from "./strict-start.js"

type Output<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S> & object
type Input<S extends StandardSchemaV1> = StandardSchemaV1.InferInput<S> & object

/**
 * Makes a session service over a store.
 *
 * A URL is connected to before this returns; a client that is handed in is used as it is, and first when the service is.
 *
 * @returns the service; end it with `close()` or `await using`
 * @throws ERR_CONFIG_INVALID for options, and under `strict` for a store with problems · ERR_STORE_UNAVAILABLE, ERR_STORE_REFUSED when the store cannot be opened
 * @example
 * await using sessions = await createSessionService({ store: "sqlite:./sessions.db", idleTimeout: "30m" })
 */
export async function createSessionService<S extends StandardSchemaV1<unknown, object>>(
  options: SessionServiceOptions & { schema: S & Storable<S> },
): Promise<OwnedSessionService<Output<S>, Input<S>>>
export async function createSessionService<A extends object = SessionAttributes>(
  options: SessionServiceOptions & { schema?: undefined },
): Promise<OwnedSessionService<A, A>>
export async function createSessionService(
  options: SessionServiceOptions & { schema?: StandardSchemaV1<unknown, object> | undefined },
): Promise<OwnedSessionService<object, object>> {
  const { store, connection, strict } = resolveStore(options)
  // All options are checked before anything is opened.
  resolveSettings(options)
  const service = await open(store, connection, options)
  return strict ? refuseUnfit(service) : service
}

async function open(store: StoreKind, connection: StoreConnection, options: SessionServiceOptions): Promise<OwnedSessionService<object, object>> {
  switch (store.kind) {
    case "memory":
      return new MemorySessionService(options)
    case "sqlite":
      return SqliteSessionService.open(store.file, options)
    case "redis":
      return new SessionService(await connectRedis(store.store, connection), options)
  }
}
