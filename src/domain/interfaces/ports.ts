import type { SessionId } from "./session/ISessionService.js"

/** The time. `now()`: milliseconds since the epoch. */
export interface Clock {
  now(): number
}

/** Why a session ended: what the caller said, or `evicted` by the limit. */
export type EndReason = "signed-out" | "revoked" | "replaced" | "evicted"

/**
 * What happened to a session, or to the service. No event ever holds a token.
 *
 * - `wrong-secret`: a known handle came with a secret that does not fit: a guess, or a token that was stolen before a rotation.
 * - `replaced-secret`: a rotation was asked for with a secret that was replaced already.
 * - `stale-version`: an update met another one; `attempt` counts from 1.
 * - `touch-failed`: the session was read, but its idle deadline could not be moved.
 * - `not-durable`: the session was changed or ended, but the option `durability` could not be kept in time.
 * - `ended-again`: a session that was ended was back, as after a failover, and was ended once more.
 * - `corrupt`: a record could not be read.
 * - `near-cache`: reads began to be answered from this process's memory (`serving`), or ceased to be, so that each goes to the store.
 */
export type SessionEvent =
  | {
      readonly type: "created" | "rotated" | "wrong-secret" | "replaced-secret" | "touch-failed" | "not-durable" | "ended-again" | "corrupt"
      readonly sessionId: SessionId
    }
  | { readonly type: "stale-version"; readonly sessionId: SessionId; readonly attempt: number }
  | { readonly type: "ended"; readonly sessionId: SessionId; readonly reason: EndReason }
  | { readonly type: "near-cache"; readonly serving: boolean }

/**
 * What a rate limit did. No event ever names a subject. Each check and each lease is told of by one of the first three for each of its rules; looking is not.
 *
 * - `allowed`: the rule let a call through. Where another rule of the same call denied it, nothing was taken.
 * - `shadow-denied`: so did a rule in shadow mode, which would have denied it.
 * - `denied`: the rule denied it.
 * - `outage`: the store could not be asked, and the rule's `onOutage` decided; what came of it follows. A rule that counts in this process is not asked, and nothing is told of
 *   it, where another of the same call is denied by its `onOutage`.
 */
export type RateLimitEvent =
  | { readonly type: "allowed" | "shadow-denied"; readonly rule: string; readonly judgedBy: "store" | "local" | "policy" }
  | { readonly type: "denied"; readonly rule: string; readonly reason: "limit" | "blocked" | "unavailable"; readonly judgedBy: "store" | "local" | "policy" }
  | { readonly type: "outage"; readonly rule: string; readonly onOutage: "open" | "closed" | "local" }

/** Where diagnostics go. Messages never hold a token, a key, a URL or session data; pino and console fit. */
export interface Logger {
  warn(fields: Readonly<Record<string, string | number | boolean>>, message: string): void
}
