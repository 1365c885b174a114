import type { StandardSchemaV1 } from "@standard-schema/spec"
import { asConfigError } from "../domain/errors.js"
import type { Clock } from "../domain/interfaces/ports.js"
import type { Json } from "../domain/interfaces/session/ISessionService.js"
import type { RedisClientLike } from "../infrastructure/redis/clients/client-shapes.js"
import type { ConnectOptions } from "../infrastructure/redis/clients/connect.js"
import { resolveNearCache } from "../infrastructure/services/session/near-cache-settings.js"
import type { SessionOptions } from "../infrastructure/services/session/session-settings.js"
import { toCallTimeout } from "../infrastructure/services/store-settings.js"
import { assertKnownKeys, assertOneOf, describe, expected, readOnce, UnexpectedValue } from "../shared/assertions.js"

/**
 * Where sessions lie: memory, a SQLite file (a path after `sqlite:`), or Redis and Valkey (`rediss` over TLS): one server, a cluster, or a primary
 * that Sentinels watch.
 */
export type StoreUrl =
  | "memory:"
  | `sqlite:${string}`
  | `redis${"" | "s"}://${string}`
  | `redis${"" | "s"}+cluster://${string}`
  | `redis${"" | "s"}+sentinel://${string}`

/** Options of `createSessionService`. */
export interface SessionServiceOptions extends Omit<SessionOptions, "schema"> {
  /**
   * `"memory:"`, `"sqlite:./sessions.db"`, `"redis://[user:password@]host:port[/db]"`, `"redis+cluster://[user:password@]host:port[,host:port…]"`,
   * `"redis+sentinel://[user:password@]host:port[,host:port…]/primary[/db][?sentinelUser=…&sentinelPassword=…]"` (`rediss` for TLS), or your own node-redis,
   * ioredis or iovalkey client (a pool, cluster or sentinel too), which is never reconfigured and never closed.
   */
  readonly store: StoreUrl | (string & {}) | RedisClientLike
  /**
   * Examines the store at the start (see `doctor()`), and refuses one that does not keep the promises of this library, such as a server that evicts or
   * a replica; false by default.
   */
  readonly strict?: boolean | undefined
  /**
   * How far a change has to have come before its call answers, for Redis and Valkey: `"none"` (the default): the server has it; `"replicas"`: at least
   * one replica has received it; `"fsync"`: it is on the server's disk, which takes up to a second where that is written once a second, so raise
   * `timeout` to 5 s. Holds for creating, updating, extending, rotating and ending sessions. Not on a cluster, nor with a pool. What could not be kept
   * in time is told by the event `not-durable`, and a sign-out then fails with `ERR_NOT_DURABLE`.
   */
  readonly durability?: "none" | "replicas" | "fsync" | undefined
  /** The time, for tests: acts on memory and SQLite. Redis has a clock of its own. */
  readonly clock?: Clock | undefined
}

type Output<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S> & object
type Input<S extends StandardSchemaV1> = StandardSchemaV1.InferInput<S> & object
/** Whether a schema's output is JSON that the schema accepts again: what is stored is checked anew at each update. */
export type Storable<S extends StandardSchemaV1> =
  Output<S> extends Json & Input<S> ? unknown : { error: "attributes must be JSON that the schema accepts again" }

/** A `store` option, sorted. */
export type StoreKind =
  | { readonly kind: "memory" }
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "redis"; readonly store: string | RedisClientLike }

/** Which store the options name, and how it is reached. */
export interface ResolvedStore {
  readonly store: StoreKind
  readonly connection: StoreConnection
}

/** What the options say of a store on Redis. */
export type StoreConnection = Pick<ConnectOptions, "timeoutMs" | "durability" | "keyPrefix" | "nearCache">

const OPTION_NAMES = [
  "store",
  "idleTimeout",
  "absoluteTimeout",
  "touchInterval",
  "timeout",
  "maxSessionsPerUser",
  "onLimit",
  "schema",
  "schemaVersion",
  "upgrade",
  "keyPrefix",
  "secrets",
  "durability",
  "nearCache",
  "clock",
  "strict",
  "onEvent",
  "logger",
]

/** Checks what concerns the store. @throws ERR_CONFIG_INVALID */
export function resolveStore(given: SessionServiceOptions): ResolvedStore & { readonly strict: boolean } {
  return asConfigError(() => {
    const options = readOnce(given)
    assertKnownKeys(options, "the options of createSessionService", OPTION_NAMES)
    const { strict = false } = options
    if (typeof strict !== "boolean") throw expected("strict", "true or false", strict)
    const { store, connection } = whichStore(options)
    const nearCache = resolveNearCache(options.nearCache) !== null
    if (nearCache && store.kind !== "redis") throw new UnexpectedValue(`Expected no nearCache together with ${store.kind}, which is in this process already.`)
    return { store, connection: { ...connection, nearCache }, strict }
  })
}

/** Which store is meant, and how it is reached. @throws UnexpectedValue */
export function whichStore(options: Pick<SessionServiceOptions, "store" | "clock" | "timeout" | "durability" | "keyPrefix">): ResolvedStore {
  const store = sortStore(options.store)
  if (options.clock !== undefined && typeof options.clock?.now !== "function") throw new UnexpectedValue("Expected clock to have a method now().")
  if (options.clock !== undefined && store.kind === "redis") throw new UnexpectedValue("Expected no clock together with Redis, which judges time by its own.")
  const { durability = "none", keyPrefix } = options
  assertOneOf(durability, "durability", ["none", "replicas", "fsync"])
  if (durability !== "none" && store.kind !== "redis")
    throw new UnexpectedValue(`Expected no durability together with ${store.kind}, got ${durability}.`, "durability")
  return { store, connection: { timeoutMs: toCallTimeout(options.timeout), durability, keyPrefix } }
}

function sortStore(store: SessionServiceOptions["store"]): StoreKind {
  if (store === "memory:") return { kind: "memory" }
  if (typeof store === "string" && store.startsWith("sqlite:") && store.length > "sqlite:".length)
    return { kind: "sqlite", file: store.slice("sqlite:".length) }
  if (typeof store === "string" && /^rediss?(\+(cluster|sentinel))?:\/\//.test(store)) return { kind: "redis", store }
  if (typeof store === "object" && store !== null) return { kind: "redis", store }
  throw new UnexpectedValue(
    `Expected store to be "memory:", "sqlite:FILE", "redis://…", "redis+cluster://…", "redis+sentinel://…" (rediss for TLS) or a Redis client, got ${describe(store)}.`,
    "store",
  )
}
