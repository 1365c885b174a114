import { SessionError } from "../domain/errors.js"
import type {
  Changes,
  ISessionService,
  IssuedSession,
  RotateSessionOptions,
  SessionData,
  TokenText,
  UpdateSessionOptions,
} from "../domain/interfaces/session/ISessionService.js"
import type { Duration } from "../shared/durations.js"
import type { ActiveSession } from "./contract.js"
import { SessionView } from "./SessionView.js"

/** Why this library ends a session. */
type Reason = "signed-out" | "revoked" | "replaced"

/** A session and the token that opens it: what the use cases work with. Handlers get `view`, which has no way back to the token. */
export class OpenSession<A extends object, I extends object = A> {
  readonly #view: SessionView<A, I>
  readonly #sessions: ISessionService<A, I>
  readonly #onEnded: () => void
  #token: TokenText
  #renewing: Promise<unknown> | null = null

  /** @param onEnded called when a use of the session finds it ended */
  constructor(sessions: ISessionService<A, I>, issued: { readonly token: TokenText; readonly session: SessionData<A> }, onEnded: () => void = () => undefined) {
    this.#sessions = sessions
    this.#token = issued.token
    this.#onEnded = onEnded
    this.#view = new SessionView(this, issued.session)
  }

  get view(): ActiveSession<A, I> {
    return this.#view
  }

  /** @throws ERR_SESSION_ENDED */
  async update(changes: Changes<A, I>, options?: UpdateSessionOptions<I>): Promise<void> {
    this.#show(await this.#byToken((token) => this.#sessions.updateSession(token, changes, options)))
  }

  /** @throws ERR_SESSION_ENDED */
  async extend(idleTimeout?: Duration): Promise<void> {
    this.#show(await this.#byToken((token) => this.#sessions.extendSession(token, idleTimeout)))
  }

  /** Gets another secret; from then on only the new one is used. @throws ERR_SESSION_ENDED · what `rotateSession` throws */
  async renew(options: RotateSessionOptions<A, I>): Promise<IssuedSession<A>> {
    const rotating = this.#sessions.rotateSession(this.#token, options)
    this.#renewing = rotating.then(
      (issued) => {
        if (issued !== null) this.#token = issued.token
      },
      () => undefined,
    )
    const issued = await rotating
    this.#show(issued?.session ?? null)
    // `#show` has thrown where there is none.
    return issued as IssuedSession<A>
  }

  /** Looks at the session again. @returns whether it is still there */
  async reload(touch = false): Promise<boolean> {
    const session = await this.#byToken((token) => this.#sessions.getSession(token, { touch }))
    if (session !== null) this.#show(session)
    return session !== null
  }

  /**
   * Ends the session. One that belongs to a user is named by its handle: a rotation that ran beside must not keep it alive, and who holds this
   * object had the right secret.
   *
   * @returns whether this call ended it
   */
  end(reason: Reason): Promise<boolean> {
    const { userId, pendingUserId, sessionId } = this.view
    const owner = userId ?? pendingUserId
    return owner === null ? this.#sessions.deleteSession(this.#token, { reason }) : this.#sessions.deleteUserSession(owner, sessionId, { reason })
  }

  /** Ends the session if nothing was changed in it since `view` showed it. @throws ERR_SESSION_CONFLICT */
  async endUnchanged(reason: Reason): Promise<void> {
    await this.#sessions.deleteSession(this.#token, { reason, ifVersion: this.view.version })
  }

  /** A call of the same request may renew the session meanwhile: what the token before finds no more, the new one does. */
  async #byToken<T>(use: (token: TokenText) => Promise<T | null>): Promise<T | null> {
    for (;;) {
      await this.#renewing
      const token = this.#token
      const answer = await use(token)
      if (answer !== null) return answer
      await this.#renewing
      if (this.#token === token) return null
    }
  }

  /** Of two answers that arrive in the wrong order, the newer one stays. */
  #show(session: SessionData<A> | null): void {
    if (session === null) {
      this.#onEnded()
      throw new SessionError("ERR_SESSION_ENDED", "Expected a session that is still open, got one that was ended meanwhile.")
    }
    if (session.version >= this.#view.version) SessionView.show(this.#view, session)
  }
}
