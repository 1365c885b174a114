import type {
  Changes,
  CreateSessionOptions,
  DeepReadonly,
  Device,
  SessionData,
  SessionId,
  UpdateSessionOptions,
  UserId,
} from "../domain/interfaces/session/ISessionService.js"
import type { Duration } from "../shared/durations.js"

/** A session and the token it came with, kept together: its fields show the newest state that this request has seen. */
export interface ActiveSession<A extends object, I extends object = A> extends SessionData<A> {
  /**
   * Changes attributes, as `updateSession` does.
   *
   * @throws ERR_SESSION_ENDED when the session was ended meanwhile; a door answers 401 · what `updateSession` throws
   */
  update(changes: Changes<A, I>, options?: UpdateSessionOptions<I>): Promise<void>
  /** Moves the idle deadline, and sets another idle timeout when one is given. @throws ERR_SESSION_ENDED · what `extendSession` throws */
  extend(idleTimeout?: Duration): Promise<void>
  /** The session without its methods and without its token. */
  toJSON(): SessionData<A>
}

/** A session in which somebody is signed in. */
export type ActiveUserSession<A extends object, I extends object = A> = ActiveSession<A, I> & { readonly userId: string }

/** What a new session holds, or how it is made of what the guest's holds; `null`: of nothing. */
type AttributesOrCopy<A extends object, I extends object> = DeepReadonly<I> | ((guest: DeepReadonly<A> | null) => DeepReadonly<I>)
// biome-ignore lint/complexity/noBannedTypes: {} is what an object without required keys is compared with
type NothingFits<I extends object> = {} extends I ? true : false
type Attributes<Given, IsOptional> = IsOptional extends true ? { readonly attributes?: Given | undefined } : { readonly attributes: Given }

/** Options of `signIn`. `attributes` as a function gets what the guest's session (or the same user's pending one) holds, and says what to carry over. */
export type SignInOptions<A extends object, I extends object> = Omit<
  CreateSessionOptions<I>,
  "userId" | "attributes" | "device" | "pendingUserId" | "impersonatorId" | "impersonatorSessionId" | "persistent" | "replaces"
> & {
  readonly userId: UserId
  /** The longer timeouts of "remember me", and a cookie that outlasts the browser; false by default. */
  readonly remember?: boolean | undefined
} & Attributes<AttributesOrCopy<A, I>, NothingFits<I>>

/**
 * Options of `startPending`. Without `attributes` the pending session holds what the guest's did, for `signIn` to choose from, or nothing where there was no guest.
 * Where the schema does not take both, they have to be given.
 */
export type PendingOptions<A extends object, I extends object> = {
  /** Who has passed the first factor. */
  readonly userId: UserId
} & Attributes<AttributesOrCopy<A, I>, DeepReadonly<A> extends DeepReadonly<I> ? NothingFits<I> : false>

/** One of a user's sessions, as a page shows it to its owner. Never a token. */
export interface DeviceEntry extends Device {
  readonly sessionId: SessionId
  /** Whether it is the session of this very request. */
  readonly current: boolean
  /** Whether somebody else acts in the user's name there. */
  readonly impersonated: boolean
  readonly createdAt: Date
  readonly lastAccessedAt: Date
}

/** Which sessions a sign-out ends. */
export type SignOutScope = "here" | "elsewhere" | "everywhere" | { readonly sessionId: string }

/**
 * Authentication of one request. Nothing is read before it is asked for, and then once. Calls that give it another session, or end it, run one after another,
 * in the order in which they were made.
 *
 * What hands out a token (`signIn`, `startGuest`, `startPending`, `reauthenticated`, `impersonate`) rejects before it does anything with ERR_REQUEST_FORGED
 * for a request from another origin, with ERR_ANSWER_SENT when no cookie can be set any more, and with ERR_NOT_PERMITTED for a request with a bearer
 * token, for whose client a cookie is no answer. All of them throw ERR_REQUEST_AMBIGUOUS for two answers to who a request is from, and ERR_STORE_… when
 * the store cannot answer; then the cookie stays as it was.
 */
export interface RequestAuth<A extends object, I extends object = A> {
  /**
   * The request's session; also a guest's, and one that waits for a second factor: ask for its `userId`.
   *
   * @throws ERR_ANSWER_SENT for a first look when the headers are sent, for caches may keep that answer
   */
  session(): Promise<ActiveSession<A, I> | null>
  /**
   * Opens a session of this user, with another handle and another secret than that of the request, which is ended before this resolves.
   *
   * `attributes` as a function may be called more than once: again when another request changed the guest's session meanwhile. A session of the same user
   * that is replaced does not count against the limit.
   *
   * @throws ERR_SESSION_LIMIT · what `createSession` throws. Then nobody was signed in, and the request's own session may be over.
   * @source OWASP ASVS 5.0 7.2.4
   */
  signIn(options: SignInOptions<A, I>): Promise<ActiveUserSession<A, I>>
  /** Opens a session in which nobody is signed in; the request's own is ended. */
  startGuest(attributes: DeepReadonly<I>): Promise<ActiveSession<A, I>>
  /** The first factor passed: authenticates nothing until `signIn` for the same user. */
  startPending(options: PendingOptions<A, I>): Promise<ActiveSession<A, I>>
  /**
   * The user has proved again who they are: same session, another secret, and the old one opens nothing any more.
   *
   * @throws ERR_NOT_AUTHENTICATED without a session · ERR_NOT_PERMITTED for another user than the session's, and for pending, guest and impersonated sessions ·
   * ERR_SESSION_CONFLICT when another request did the same at the same time · ERR_SESSION_ENDED · what `updateSession` throws
   * @source OWASP ASVS 5.0 7.2.4
   */
  reauthenticated(userId: UserId, changes?: Changes<A, I>): Promise<ActiveUserSession<A, I>>
  /**
   * Opens a session in which the signed-in user acts in another one's name. It never counts as recent, cannot be re-authenticated, ends nothing but
   * itself, and ends with the session that it came from. That one stays open, without its cookie.
   *
   * @param attributes what the session holds; nothing by default
   * @throws ERR_NOT_AUTHENTICATED · ERR_NOT_PERMITTED from within an impersonated session, and for oneself · ERR_REAUTHENTICATION_NEEDED
   */
  impersonate(userId: UserId, attributes?: DeepReadonly<I>): Promise<ActiveUserSession<A, I>>
  /** The user's sessions, the newest first. @throws ERR_NOT_AUTHENTICATED */
  devices(): Promise<readonly DeviceEntry[]>
  /**
   * Ends the request's session (`"here"`, the default), all of the user's others (`"elsewhere"`), all of them, or the one of this handle. The cookie goes
   * when its session has gone. From an impersonated session no other is reached, whatever is asked for.
   *
   * @returns how many were ended
   * @throws ERR_NOT_AUTHENTICATED but for `"here"` · ERR_SESSION_ENDED for a token that opens nothing: its session is over, or has got another secret
   * meanwhile (`reauthenticated`) and is still open; the cookie stays · ERR_STORE_… when it is not known whether all have ended: ask again
   */
  signOut(where?: SignOutScope): Promise<number>
}
