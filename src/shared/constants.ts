/** The names of keys on Redis. Braces are literal: what stands between them picks the cluster slot. */
export const CACHE_KEYS_PATTERNS = {
  /** A session record: `session:{<tag>}.<id>`. A handle without braces is `<tag>.<id>`. */
  SESSION: (tag: string, id: string): string => `session:{${tag}}.${id}`,
  /** The sessions of one user, in the slot of those sessions: `user_sessions:{<tag>}:<user>`. */
  USER_SESSIONS: (tag: string, user: string): string => `user_sessions:{${tag}}:${user}`,
  /** A session of a drop-in store, under a hash of the id that its library gave it: `record:<hash>`. */
  RECORD: (name: string): string => `record:${name}`,
  /** One rate-limit rule of one subject: `rate_limit:{<subject>}:<rule>`. */
  RATE_LIMIT: (subject: string, rule: string): string => `rate_limit:{${subject}}:${rule}`,
} as const

/** The latest time of a clock. From 2255 on, microseconds are more than a number holds exactly, and a session may live for years. */
export const LATEST_TIME_MS = Date.UTC(2250, 0)

/** Defaults of the Redis side, in the units their names say. */
export const REDIS_CONFIG = {
  TTL: {
    /** Idle timeout of a session, in seconds: 24 hours. */
    SESSION: 86_400,
  },
  /** How long one call may take, in milliseconds. */
  CALL_TIMEOUT_MS: 1_000,
} as const
