import { SessionError } from "../domain/errors.js"
import type { ISessionService, SessionData, TokenText } from "../domain/interfaces/session/ISessionService.js"
import { type AuditDetail, auditOf } from "./audit.js"
import type { AuthSettings } from "./auth-settings.js"
import { OpenSession } from "./OpenSession.js"
import type { RequestPort } from "./RequestPort.js"
import { readSession } from "./read-session.js"

/** What all requests of an application have in common. */
export interface AuthParts<A extends object, I extends object> {
  readonly sessions: ISessionService<A, I>
  readonly auth: AuthSettings
}

/** The session of one request as it is now: the same for all doors that the request goes through. */
export class RequestState<A extends object, I extends object> {
  reading: Promise<OpenSession<A, I> | null> | null = null
  /** As far as it was asked for. */
  known: OpenSession<A, I> | null = null
  /** Whether what was read counts as activity. */
  touched = false
  /** Whether the request has another session than the one that it came with, or none any more. */
  left = false
  turn: Promise<unknown> | null = null
}

/** What the use cases of one request share, at one door. Its session is read when somebody asks for it, and once, or once more to touch it. */
export class RequestScope<A extends object, I extends object> {
  readonly sessions: ISessionService<A, I>
  readonly port: RequestPort
  readonly settings: AuthSettings
  readonly #touch: boolean
  readonly #state: RequestState<A, I>

  /** @param touch whether the request counts as activity here */
  constructor({ sessions, auth }: AuthParts<A, I>, port: RequestPort, touch: boolean, state: RequestState<A, I>) {
    this.sessions = sessions
    this.port = port
    this.settings = auth
    this.#touch = touch
    this.#state = state
  }

  /** The request's session, as far as it was asked for. */
  get known(): OpenSession<A, I> | null {
    return this.#state.known
  }

  /** The token that the request came with, whatever it opens; `null` once the request has another session, or none any more. @throws ERR_REQUEST_AMBIGUOUS */
  get presented(): TokenText | null {
    if (this.#state.left) return null
    const credentials = this.port.credentials()
    return credentials.kind === "none" ? null : credentials.token
  }

  /** The request's session, or the one that took its place. @throws ERR_REQUEST_AMBIGUOUS · what `getSession` throws */
  current(): Promise<OpenSession<A, I> | null> {
    const state = this.#state
    if (state.reading === null) {
      state.touched = this.#touch
      state.reading = this.#read()
    } else if (this.#touch && !state.touched) {
      state.touched = true
      state.reading = this.#touched(state.reading)
    }
    return state.reading
  }

  /** At a door within one for which the request was no activity. */
  async #touched(reading: Promise<OpenSession<A, I> | null>): Promise<OpenSession<A, I> | null> {
    try {
      const open = await reading
      if (open === null || this.#state.left || (await open.reload(true))) return open
    } catch (error) {
      this.#forgetReading()
      throw error
    }
    this.#state.known = null
    this.audit({ event: "session_use_after_expire" }, null)
    return null
  }

  /** The next one who asks may find the store back. */
  #forgetReading(): void {
    if (!this.#state.left) this.#state.reading = null
  }

  /** Runs one after another what gives the request another session, so that each finds what the one before left, and no session stays behind without a cookie. */
  inTurn<T>(act: () => Promise<T>): Promise<T> {
    const own = (this.#state.turn ?? Promise.resolve()).then(act)
    this.#state.turn = own.catch(() => undefined)
    return own
  }

  /** Makes this the request's session; `null`: from now on it has none. */
  become(open: OpenSession<A, I> | null): void {
    this.#state.left = true
    this.#state.known = open
    this.#state.reading = Promise.resolve(open)
  }

  audit(detail: AuditDetail, session: SessionData<object> | null): void {
    auditOf(this.settings.onAudit, () => this.port.device())(detail, session)
  }

  opened(issued: { readonly token: TokenText; readonly session: SessionData<A> }): OpenSession<A, I> {
    const open: OpenSession<A, I> = new OpenSession(this.sessions, issued, () => this.audit({ event: "session_use_after_expire" }, open.view))
    return open
  }

  async #read(): Promise<OpenSession<A, I> | null> {
    const token = this.presented
    if (token === null) return null
    try {
      const { session, outlived } = await readSession(this.sessions, token, this.#touch)
      if (session !== null) this.#state.known = this.opened({ token, session })
      else if (outlived !== null) this.audit({ event: "session_expired", reason: "impersonator-signed-out" }, outlived)
      else this.audit({ event: "session_use_after_expire" }, null)
      return session === null ? null : this.#state.known
    } catch (error) {
      // A record that cannot be read signs nobody in. It stays, and so does its cookie: another release may be able to read it.
      if (SessionError.is(error, "ERR_SESSION_CORRUPT")) return null
      this.#forgetReading()
      throw error
    }
  }
}
