import type { StandardSchemaV1 } from "@standard-schema/spec"
import { asConfigError } from "../../../domain/errors.js"
import type { Logger, SessionEvent } from "../../../domain/interfaces/ports.js"
import { ATTRIBUTES_BYTES } from "../../../domain/session/attributes.js"
import { TIMEOUT_RANGE, type Timeouts, TOUCH_INTERVAL_RANGE } from "../../../domain/session/deadlines.js"
import { type LimitRule, MAX_SESSIONS_RANGE } from "../../../domain/session/limit.js"
import { assertInteger, assertOneOf, expected, readOnce, UnexpectedValue } from "../../../shared/assertions.js"
import { REDIS_CONFIG } from "../../../shared/constants.js"
import { type Duration, toMilliseconds } from "../../../shared/durations.js"
import { toCallTimeout, toKeyPrefix } from "../store-settings.js"
import { type NearCacheOptions, type NearCacheSettings, resolveNearCache } from "./near-cache-settings.js"
import { createVerifiers, type Verifiers } from "./verifiers.js"

/** What every provider lets its user choose. */
export interface SessionOptions {
  /** 10 ms to 1000 d; 24 h by default. A session's own is fixed when it is created. */
  readonly idleTimeout?: Duration | undefined
  /** 10 ms to 1000 d; 30 d by default. A limit on the whole life, whatever the use. */
  readonly absoluteTimeout?: Duration | undefined
  /** 0 to 1 d; 60 s by default. Accesses closer together than this are not written down. With 0 each read is, in the round trip that reads. */
  readonly touchInterval?: Duration | undefined
  /** How long one call may take, with all its round trips, repetitions and waiting: 10 ms to 60 s, 1 s by default. */
  readonly timeout?: Duration | undefined
  /** 1 to 100 000, or "unlimited", the default. */
  readonly maxSessionsPerUser?: number | "unlimited" | undefined
  /** "evict-oldest" by default. */
  readonly onLimit?: "evict-oldest" | "reject" | undefined
  /** Any Standard Schema (zod, valibot, arktype, …) whose output is JSON that it accepts again. */
  readonly schema?: StandardSchemaV1<unknown, object> | undefined
  /** 1 to 65 535; 1 by default. Raise it together with `upgrade`, when older attributes no longer fit. */
  readonly schemaVersion?: number | undefined
  /** Turns attributes of an older `schemaVersion` into today's; one that throws makes `ERR_SESSION_CORRUPT`. */
  readonly upgrade?: ((stored: unknown, fromVersion: number) => unknown) | undefined
  /** Keys for HMAC-SHA-256 verifiers, random and at least 32 bytes each (`openssl rand -base64 32`): the first writes, all verify. List "sha256" last to go on accepting sessions from before there were secrets. */
  readonly secrets?: readonly string[] | undefined
  /** Goes before every key: at most 64 letters, digits and `:._-`. */
  readonly keyPrefix?: string | undefined
  /**
   * Answers reads from this process's memory while the server is known not to have changed them, on Redis and Valkey; false by default. A session that
   * was ended or changed elsewhere may be read as it was until the lease, 1 s by default, is over.
   */
  readonly nearCache?: boolean | NearCacheOptions | undefined
  readonly onEvent?: ((event: SessionEvent) => void) | undefined
  readonly logger?: Logger | undefined
}

/** The same, checked and in milliseconds. */
export interface SessionSettings {
  readonly timeouts: Timeouts
  readonly touchInterval: number
  readonly timeoutMs: number
  readonly limit: LimitRule | null
  readonly onLimit: LimitRule["onLimit"]
  readonly schema: StandardSchemaV1<unknown, object> | null
  readonly schemaVersion: number
  readonly upgrade: ((stored: unknown, fromVersion: number) => unknown) | null
  readonly attributesBytes: number
  readonly verifiers: Verifiers
  readonly keyPrefix: string
  readonly nearCache: NearCacheSettings | null
  readonly onEvent: ((event: SessionEvent) => void) | null
  readonly logger: Logger | null
}

/** @throws ERR_CONFIG_INVALID */
export function resolveSettings(options: SessionOptions): SessionSettings {
  return asConfigError(() => settings(readOnce(options)))
}

function settings(options: SessionOptions): SessionSettings {
  const { onLimit = "evict-oldest", schemaVersion = 1, maxSessionsPerUser = "unlimited" } = options
  const { idleTimeout = REDIS_CONFIG.TTL.SESSION, absoluteTimeout = "30d", touchInterval = "60s" } = options
  assertOneOf(onLimit, "onLimit", ["evict-oldest", "reject"])
  assertInteger(schemaVersion, "schemaVersion", { min: 1, max: 65_535 })
  for (const name of ["upgrade", "onEvent"] as const) {
    if (options[name] !== undefined && typeof options[name] !== "function") throw expected(name, "a function", options[name])
  }
  if (options.logger !== undefined && typeof options.logger?.warn !== "function")
    throw expected("logger", "an object with a method warn(fields, message)", options.logger)
  return {
    timeouts: {
      idle: toMilliseconds(idleTimeout, "idleTimeout", TIMEOUT_RANGE),
      absolute: toMilliseconds(absoluteTimeout, "absoluteTimeout", TIMEOUT_RANGE),
    },
    touchInterval: toMilliseconds(touchInterval, "touchInterval", TOUCH_INTERVAL_RANGE),
    timeoutMs: toCallTimeout(options.timeout),
    limit: limitRule(maxSessionsPerUser, onLimit),
    onLimit,
    schema: schemaOf(options.schema),
    schemaVersion,
    upgrade: options.upgrade ?? null,
    attributesBytes: ATTRIBUTES_BYTES,
    verifiers: createVerifiers(options.secrets),
    keyPrefix: toKeyPrefix(options.keyPrefix),
    nearCache: resolveNearCache(options.nearCache),
    onEvent: options.onEvent ?? null,
    logger: options.logger ?? null,
  }
}

/** @throws UnexpectedValue */
export function limitRule(max: number | "unlimited", onLimit: LimitRule["onLimit"]): LimitRule | null {
  if (max === "unlimited") return null
  assertInteger(max, 'maxSessionsPerUser (or "unlimited")', MAX_SESSIONS_RANGE)
  return { max, onLimit }
}

function schemaOf(schema: unknown): StandardSchemaV1<unknown, object> | null {
  try {
    return readSchema(schema)
  } catch (error) {
    throw error instanceof UnexpectedValue ? error : new UnexpectedValue("Expected schema to be a Standard Schema, got an object that throws when it is read.")
  }
}

function readSchema(schema: unknown): StandardSchemaV1<unknown, object> | null {
  if (schema === undefined) return null
  // ArkType's schemas are functions.
  if (
    (typeof schema !== "object" && typeof schema !== "function") ||
    schema === null ||
    typeof (schema as StandardSchemaV1)["~standard"]?.validate !== "function"
  ) {
    throw expected("schema", "a Standard Schema, such as those of zod, valibot or arktype", schema)
  }
  return schema as StandardSchemaV1<unknown, object>
}
