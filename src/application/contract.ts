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

type AttributesFromGuest<A extends object, I extends object> =
  // biome-ignore lint/complexity/noBannedTypes: {} is what an object without required keys is compared with
  {} extends I
    ? { readonly attributes?: DeepReadonly<I> | ((guest: DeepReadonly<A> | null) => DeepReadonly<I>) | undefined }
    : { readonly attributes: DeepReadonly<I> | ((guest: DeepReadonly<A> | null) => DeepReadonly<I>) }

/** Options of `signIn`. `attributes` as a function gets what the guest's session (or the same user's pending one) holds, and says what to carry over. */
export type SignInOptions<A extends object, I extends object> = Omit<
  CreateSessionOptions<I>,
  "userId" | "attributes" | "device" | "pendingUserId" | "impersonatorId" | "persistent"
> & {
  readonly userId: UserId
  /** The longer timeouts of "remember me", and a cookie that outlasts the browser; false by default. */
  readonly remember?: boolean | undefined
} & AttributesFromGuest<A, I>

/** One of a user's sessions, as a page shows it to its owner. Never a token. */
export interface DeviceEntry extends Device {
  readonly sessionId: SessionId
  /** Whether it is the session of this very request. */
  readonly current: boolean
  readonly createdAt: Date
  readonly lastAccessedAt: Date
}

/** Which sessions a sign-out ends. */
export type SignOutScope = "here" | "elsewhere" | "everywhere" | { readonly sessionId: string }

/** Authentication of one request. Nothing is read before it is asked for. */
export interface RequestAuth<A extends object, I extends object = A> {
  session(): Promise<ActiveSession<A, I> | null>
  signIn(options: SignInOptions<A, I>): Promise<ActiveUserSession<A, I>>
  startGuest(attributes: DeepReadonly<I>): Promise<ActiveSession<A, I>>
  /** The first factor passed: authenticates nothing until `signIn` for the same user. */
  startPending(options: { readonly userId: UserId }): Promise<ActiveSession<A, I>>
  /** Refuses another user than the session's, and pending, guest and impersonated sessions. */
  reauthenticated(userId: UserId, changes?: Changes<A, I>): Promise<ActiveUserSession<A, I>>
  /** Needs a recent session that is not itself impersonated. */
  impersonate(userId: UserId): Promise<ActiveUserSession<A, I>>
  devices(): Promise<readonly DeviceEntry[]>
  signOut(where?: SignOutScope): Promise<number>
}
