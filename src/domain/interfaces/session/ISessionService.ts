/// <reference lib="esnext.disposable" />
import type { Duration } from "../../../shared/durations.js"

declare const kind: unique symbol

/** The bearer secret, `<tag>.<id>.<secret>`: 70 characters of base64url and dots. It belongs in a cookie or an `Authorization` header and nowhere else. */
export type SessionToken = string & { readonly [kind]: "token" }
/** The public handle, `<tag>.<id>`: safe to log, to list and to put in a URL. It authenticates nobody. */
export type SessionId = string & { readonly [kind]: "id" }
/** Where a token is asked for: any plain string, but never a `SessionId`. */
export type TokenText = string & { readonly [kind]?: "token" }
/** Where a handle is asked for: any plain string, but never a `SessionToken`. */
export type IdText = string & { readonly [kind]?: "id" }
/** The application's own name for a user: 1 to 512 bytes of well-formed text, compared byte for byte. Bytes count as JSON, where a quote takes two, and a control character up to six. */
export type UserId = string & { readonly [kind]?: never }

export type SessionAttributes = Record<string, unknown>
/** What attributes are made of. `undefined` in an object counts as absent; in an array it is refused. */
export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [key: string]: Json }
export type DeepReadonly<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly unknown[]
    ? number extends T["length"]
      ? readonly DeepReadonly<T[number]>[]
      : { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T extends object
      ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
      : T
/** A shallow patch: absent and `undefined` keep, `null` is a value. To remove an attribute, name it in `unset`. */
export type Patch<I> = { readonly [K in keyof I]?: DeepReadonly<I[K]> | undefined }
/** A patch, or a function from a private copy of the attributes to the new ones. The function runs again after a clash, so it must have no other effect. */
export type Changes<A, I> = Patch<I> | ((own: A) => DeepReadonly<I>)
/** The names of attributes that may be removed. */
// biome-ignore lint/complexity/noBannedTypes: {} is what an object without the key is compared with
export type OptionalKey<I> = I extends unknown ? { [K in keyof I]-?: {} extends Pick<I, K> ? K : never }[keyof I] : never

/** What a session was opened from, as the application saw it. Each field is optional; none is interpreted. Bytes count as JSON, where a quote takes two. */
export interface Device {
  /** At most 64 bytes. */
  readonly ip?: string | undefined
  /** At most 1024 bytes: cut longer ones, they come from the outside. */
  readonly userAgent?: string | undefined
  /** At most 256 bytes, e.g. "Firefox on Debian". */
  readonly label?: string | undefined
}

/** Options of every call. */
export interface CallOptions {
  /** Ends the wait: the call rejects with the signal's reason. A change that was already sent may still be made. (A cleanup answers with its report instead.) */
  readonly signal?: AbortSignal | undefined
}

/** A session as it stands in the store: a plain value without a token, so that JSON and `{...spread}` keep every field. */
export interface SessionData<A extends object = SessionAttributes> {
  readonly sessionId: SessionId
  /** `null`: nobody is signed in. Either a guest, or somebody who still owes a second factor. */
  readonly userId: string | null
  /** Who has passed the first factor only. */
  readonly pendingUserId: string | null
  /** Who acts in this session in the name of `userId`. */
  readonly impersonatorId: string | null
  /** The impersonator's own session, from which this one was opened; doors let nobody in by it once that is over. `null` where it was not named. */
  readonly impersonatorSessionId: SessionId | null
  readonly createdAt: Date
  /** When the user last proved who they are; `null` for guests, pending sessions and impersonation. */
  readonly authenticatedAt: Date | null
  readonly lastAccessedAt: Date
  /** The earlier of the idle and the absolute deadline. */
  readonly expiresAt: Date
  readonly absoluteExpiresAt: Date
  /** "Remember me": the cookie gets a Max-Age. */
  readonly persistent: boolean
  /** 1, then one more for each acknowledged update. */
  readonly version: number
  readonly device: Device
  /** Parsed when it is first looked at, as `device` is; own properties like the others, but `console.log` shows them as getters. */
  readonly attributes: { readonly [K in keyof A]: DeepReadonly<A[K]> }
}

/** A session and the secret that opens it. The token is shown this once; the store keeps only a hash. */
export interface IssuedSession<A extends object> {
  readonly token: SessionToken
  readonly session: SessionData<A>
}

/**
 * Server-side sessions. `A` are the attributes as stored (a schema's output), `I` as written (its input).
 *
 * What holds for every method:
 * - **Absent.** Missing, expired, revoked and malformed tokens and those with a wrong secret are one and the same `null` (or `false`). A caller cannot tell them apart.
 * - **Errors.** A store that cannot answer is an error (`ERR_STORE_…`), never `null`: nobody is signed out, and nobody let in, because the store was down. Bad input is `ERR_INVALID_ARGUMENT`, before anything is sent. After `close()` every call is `ERR_CLOSED`.
 * - **In time.** Every call ends within the service's `timeout`, with all its round trips, repetitions and waiting: then it is `ERR_STORE_TIMEOUT`, with the outcome `unknown` where a change may have been sent. Only `deleteUserSessions` and `cleanupExpiredSessions` may take longer.
 * - **Deadlines.** Both are judged by the store's clock. Idle: never early, at most the touch interval late. Absolute: never exceeded.
 * - **Atomicity.** Existence, secret, version, deadline and limit are checked in the same atomic step as the change. A logout wins against everything that runs beside it.
 *
 * @source OWASP Session Management Cheat Sheet · OWASP ASVS 5.0 V7 · docs/adr/0002-atomic-steps.md
 */
export interface ISessionService<A extends object = SessionAttributes, I extends object = A> {
  /**
   * Opens a session.
   *
   * Without `userId` it is a guest's (idle 2 h, absolute 24 h unless asked otherwise); with `pendingUserId` it waits for a second factor (5 min, 10 min) and signs nobody in.
   *
   * @returns token, session, and the handles of the sessions that the limit ended (empty when a lost reply was answered again)
   * @throws ERR_SESSION_LIMIT under `onLimit: "reject"` · ERR_SESSION_ENDED when it was ended before the call returned · ERR_SESSION_TOO_LARGE · ERR_INVALID_ARGUMENT · ERR_STORE_…
   * @atomicity one step: the new session, its place in the user's list, the limit and the evictions. At no instant has a user more sessions than the limit.
   * @source OWASP ASVS 5.0 7.2.3 (128 bits of entropy), 7.2.4 (a new session at each sign-in)
   */
  createSession(options: CreateSessionOptions<I>): Promise<IssuedSession<A> & { readonly evicted: readonly SessionId[] }>

  /**
   * Finds the session of a token and moves its idle deadline, at most once per touch interval.
   *
   * @param options `touch: false` looks without moving the deadline
   * @returns the session, or `null`
   * @throws ERR_SESSION_CORRUPT for a record that cannot be read (it can still be deleted) · ERR_STORE_…
   * @atomicity the read is one command; a touch that finds the session gone answers `null`, and never brings it back
   * @source OWASP ASVS 5.0 7.3.1 (inactivity timeout), 7.3.2 (absolute lifetime)
   */
  getSession(token: TokenText | null | undefined, options?: CallOptions & { readonly touch?: boolean | undefined }): Promise<SessionData<A> | null>

  /**
   * Changes attributes; everything else stays.
   *
   * @param changes a patch or a function, see `Changes`
   * @param options `ifVersion`: only at this version · `unset`: attributes to remove
   * @returns the session as written, or `null`. After a lost reply `null` may be the answer though the change was applied, when the session ended in between.
   * @throws ERR_SESSION_CONFLICT when `ifVersion` did not hold, or without it when others kept changing the session for 5 s (or ERR_STORE_TIMEOUT when `timeout` is less) · ERR_SESSION_TOO_LARGE · ERR_SESSION_CORRUPT · ERR_INVALID_ARGUMENT when the schema refuses the result · ERR_STORE_UNKNOWN when it cannot be told whether the change was made · ERR_STORE_…
   * @atomicity compare-and-set on the version. Without `ifVersion` a clash reads, merges and writes again, so no update is lost. Nothing that ran in between (rotation, extension, touch) is undone.
   */
  updateSession(token: TokenText, changes: Changes<A, I>, options?: UpdateSessionOptions<I>): Promise<SessionData<A> | null>

  /**
   * Moves the idle deadline now, whatever the touch interval says.
   *
   * @param idleTimeout the session's new idle timeout, 10 ms to 1000 d; kept for all later accesses
   * @returns the session, or `null`
   * @throws ERR_INVALID_ARGUMENT · ERR_SESSION_CORRUPT · ERR_STORE_…
   * @atomicity one step; the absolute deadline and the version stay
   */
  extendSession(token: TokenText, idleTimeout?: Duration, options?: CallOptions): Promise<SessionData<A> | null>

  /**
   * Replaces the secret: same session, same handle, new token. Do it after each change of privilege.
   *
   * @param options `grace`: how long the old token still works, 0 to 60 s, 10 s by default · `reauthenticated`: moves `authenticatedAt` to now, without grace · `changes`: attributes changed in the same step, without grace
   * @returns the new token and the session, or `null`. After a lost reply `null` may be the answer though the rotation was applied, when the session ended in between.
   * @throws ERR_SESSION_CONFLICT when another rotation replaced the token at the same moment (one wins, the other is told), or its grace still lasts; later it is `null` · ERR_INVALID_ARGUMENT, also for `reauthenticated` on a session without `authenticatedAt` · with `changes` also what `updateSession` throws · ERR_STORE_…
   * @atomicity one step. A second rotation ends the first one's grace.
   * @source OWASP ASVS 5.0 7.2.4, 7.5.1 · OWASP Session Management Cheat Sheet, "Renew the Session ID After Any Privilege Level Change"
   */
  rotateSession(token: TokenText, options?: RotateSessionOptions<A, I>): Promise<IssuedSession<A> | null>

  /**
   * Ends the session of a token. Once this has answered, no later read finds it, whatever was under way.
   *
   * @param options `ifVersion`: only at this version, as for a guest's session whose attributes were copied into a user's: an update after the copy is then not lost
   * @returns whether this call ended it (best effort after a lost reply); `false` for an absent session whatever `ifVersion` says
   * @throws ERR_SESSION_CONFLICT when `ifVersion` did not hold, and the session stays · ERR_STORE_…; works on a full store and for a record that cannot be read, where with `ifVersion` it may be ERR_SESSION_CORRUPT
   * @atomicity one step: existence, secret, version and the session's end
   * @source OWASP ASVS 5.0 7.4.1
   */
  deleteSession(token: TokenText | null | undefined, options?: DeleteSessionOptions): Promise<boolean>

  /**
   * Lists a user's sessions, newest first, a page at a time. Pending sessions are not listed.
   *
   * A page is filled up to its limit, `unreadable` counted, or to the end of the list. On Redis this takes two round trips, and at most twenty where ended
   * or pending sessions lie between, which are a few thousand then: only after so many a page has fewer than `limit`, or none, and still a cursor.
   *
   * @param page `cursor` of the page before · `limit` 1 to 200, 50 by default
   * @returns the sessions, and a cursor when there are more. `unreadable` names sessions that are there, pending ones too, but cannot be read, by this
   * release at least; absent where there are none.
   * @throws ERR_INVALID_ARGUMENT (also for a foreign cursor) · ERR_STORE_…
   * @source OWASP ASVS 5.0 7.5.2
   */
  getUserSessions(
    userId: UserId,
    page?: CallOptions & { readonly cursor?: string | undefined; readonly limit?: number | undefined },
  ): Promise<{
    readonly sessions: readonly (SessionData<A> & { readonly userId: string })[]
    readonly unreadable?: readonly SessionId[]
    readonly cursor?: string
  }>

  /**
   * `updateSession` by handle, without a token: for an administrator who changes a role.
   *
   * @returns the session as written, or `null` when that user has no such session
   * @throws as `updateSession`
   * @atomicity as `updateSession`; the record's own user id decides whose session it is
   */
  updateUserSession(userId: UserId, sessionId: IdText, changes: Changes<A, I>, options?: UpdateSessionOptions<I>): Promise<SessionData<A> | null>

  /**
   * Ends one session of a user by its handle.
   *
   * @returns whether this call ended it; `false` when that user has no such session
   * @throws ERR_INVALID_ARGUMENT · ERR_STORE_…
   * @atomicity one step; the record's own user id decides whose session it is
   */
  deleteUserSession(userId: UserId, sessionId: IdText, options?: DeleteOptions): Promise<boolean>

  /**
   * Ends all sessions of a user, pending ones included.
   *
   * May take longer than `timeout`, which holds for each of its steps: however many sessions there are, all are ended.
   *
   * @param options `except`: the handle of one that stays · `thorough`: also finds sessions that the user's list has lost, by a walk over the keys of the user's cluster slot, or over all keys of a single server
   * @returns how many this call ended
   * @throws ERR_INVALID_ARGUMENT · ERR_STORE_… (those already ended stay ended: call again) · ERR_CLOSED when `close()` stops the walk of `thorough`
   * @atomicity takes effect at one instant: every session created before it is gone when the call returns, every later one stays. The deaths are spread over the call.
   * @source OWASP ASVS 5.0 7.4.2, 7.4.3, 7.4.5
   */
  deleteUserSessions(
    userId: UserId,
    options?: DeleteOptions & { readonly except?: IdText | undefined; readonly thorough?: boolean | ThoroughOptions | undefined },
  ): Promise<number>

  /**
   * Counts sessions and removes what outlived its session. Never needed for correctness: expiry is the store's own work.
   *
   * May take as long as it needs; `timeout` holds for each of its steps. Two running at once do no harm.
   *
   * @param options `cursor`: goes on where a report ended · `maxPerSecond`: entries looked at per second, 10 000 by default · `onProgress`: called after each part · `signal`: stops after the part under way, and the call answers the report so far, with a cursor
   * @returns the report; a `cursor` in it means that it was stopped
   * @throws ERR_INVALID_ARGUMENT (also for a foreign cursor) · ERR_STORE_…, also where the user may not take ended sessions out of lists
   */
  cleanupExpiredSessions(options?: CleanupOptions): Promise<CleanupReport>
}

/** A service that was made by `createSessionService` and is ended by whoever made it. */
export interface OwnedSessionService<A extends object, I extends object> extends ISessionService<A, I>, AsyncDisposable {
  /** Asks the store; of a cluster it is enough that one primary answers. @throws ERR_STORE_… when it does not answer */
  ping(options?: CallOptions): Promise<void>
  /**
   * Looks whether the store keeps what this library promises: eviction, persistence, role, replicas, clock, rights, encryption, version, on a cluster
   * each primary; on SQLite the file and its disk. Changes nothing. What the store does not tell is a finding of level "unknown", not an error.
   *
   * @throws ERR_STORE_… when it does not answer
   */
  doctor(options?: CallOptions): Promise<DoctorReport>
  /** Finishes what runs and frees what the service opened; a client that was handed in stays open. May be called twice. */
  close(): Promise<void>
}

/** What `doctor` found: a plain value. */
export interface DoctorReport {
  /** No finding is a problem. */
  readonly healthy: boolean
  readonly findings: readonly DoctorFinding[]
}

/**
 * "ok" · "warning": the promises hold, with a risk that is worth knowing · "problem": a promise does not hold, or soon will not · "unknown": the store
 * does not tell.
 */
export type DoctorLevel = "ok" | "warning" | "problem" | "unknown"

export interface DoctorFinding {
  readonly check:
    | "version"
    | "eviction"
    | "memory"
    | "persistence"
    | "saving"
    | "role"
    | "replicas"
    | "clock"
    | "permissions"
    | "cluster"
    | "encryption"
    | "journal"
    | "file-rights"
    | "file-system"
    | "disk"
  readonly level: DoctorLevel
  /** In one line, without a secret. */
  readonly found: string
  /** What to do, in one line; `null` where nothing is to be done. */
  readonly remedy: string | null
  /** Which of several servers. */
  readonly node?: string
}

export type CreateSessionOptions<I> = CallOptions & {
  readonly userId?: UserId | undefined
  readonly pendingUserId?: UserId | undefined
  readonly impersonatorId?: UserId | undefined
  /** The handle of the impersonator's own session; only together with `impersonatorId`. */
  readonly impersonatorSessionId?: IdText | undefined
  /** When the user proved who they are, e.g. an identity provider's `auth_time`; now by default; never in the future. */
  readonly authenticatedAt?: Date | undefined
  readonly attributes?: DeepReadonly<I> | undefined
  readonly device?: Device | undefined
  /** 10 ms to 1000 d; the service's own by default, at most 2 h for guests and 5 min for pending sessions. */
  readonly idleTimeout?: Duration | undefined
  /** 10 ms to 1000 d; the service's own by default, at most 24 h for guests and 10 min for pending sessions. */
  readonly absoluteTimeout?: Duration | undefined
  /** "Remember me": stored for whoever sets the cookie; false by default. */
  readonly persistent?: boolean | undefined
  /** 1 to 100 000, or "unlimited". Impersonated and pending sessions neither count nor evict. */
  readonly maxSessionsPerUser?: number | "unlimited" | undefined
  /** What happens to one session more: the oldest go, or it is ERR_SESSION_LIMIT. */
  readonly onLimit?: "evict-oldest" | "reject" | undefined
  /** The handle of a session of the same user that is ended as soon as this one is there: it neither counts nor makes room. It is left open here; whoever names it ends it. */
  readonly replaces?: IdText | undefined
  // biome-ignore lint/complexity/noBannedTypes: {} is what attributes are compared with that need none
} & ({} extends I ? unknown : { readonly attributes: DeepReadonly<I> })

export interface UpdateSessionOptions<I> extends CallOptions {
  /** Change the session only at this version, from 1. */
  readonly ifVersion?: number | undefined
  /** Attributes to remove, at most 1000; wins over the patch. */
  readonly unset?: readonly OptionalKey<I>[] | undefined
}

export interface RotateSessionOptions<A, I> extends CallOptions {
  /** 0 to 60 s; 10 s by default, and 0 together with `reauthenticated` or `changes`. */
  readonly grace?: Duration | undefined
  /** The user has proved again who they are: `authenticatedAt` is now. */
  readonly reauthenticated?: boolean | undefined
  /** Attributes to change in the same step, as in `updateSession`. */
  readonly changes?: Changes<A, I> | undefined
}

export interface DeleteOptions extends CallOptions {
  /** Stands in the event; "signed-out" by default, "revoked" by default for the calls by user. */
  readonly reason?: "signed-out" | "revoked" | "replaced" | undefined
}

export interface DeleteSessionOptions extends DeleteOptions {
  /** End the session only at this version, from 1. */
  readonly ifVersion?: number | undefined
}

/** How a thorough sign-out walks over the keys. On memory and SQLite there is no list that could be lost, and no walk. */
export interface ThoroughOptions {
  /** Keys looked at per second on each server: 1 to 10 000 000; 100 000 by default. */
  readonly maxPerSecond?: number | undefined
  /** Called after each step of about 1000 keys, and once at least. */
  readonly onProgress?: ((progress: ThoroughProgress) => void) | undefined
}

/** Totals of a thorough sign-out so far. */
export interface ThoroughProgress {
  /** Keys that the walk has gone over, about. */
  readonly scanned: number
  /** Sessions ended, those of the user's list included. */
  readonly ended: number
}

export interface CleanupOptions extends CallOptions {
  /** Of an earlier report: goes on there. */
  readonly cursor?: string | undefined
  /** 1 to 10 000 000; 10 000 by default. */
  readonly maxPerSecond?: number | undefined
  /** Called with the totals so far, after each part of about 200 entries, some thousand where users have very many sessions. */
  readonly onProgress?: ((report: CleanupReport) => void) | undefined
}

/** Totals of a cleanup so far. */
export interface CleanupReport {
  /** Records and list entries looked at. */
  readonly scanned: number
  /** Sessions that can still be used. */
  readonly live: number
  /** Those of them that were not used for more than half of their idle timeout. */
  readonly idle: number
  /** Live sessions that their user's list does not name; each is back in it when it is next used. */
  readonly orphaned: number
  /** Records past their deadline and list entries without a session that were removed. */
  readonly pruned: number
  /** Live sessions by the time since they were last used. */
  readonly idleAges: Readonly<Record<IdleAge, number>>
  readonly cursor?: string
}

/** "hour": less than an hour ago; "day": less than a day, and so on. */
export type IdleAge = "hour" | "day" | "week" | "month" | "older"
