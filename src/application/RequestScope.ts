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

/** What the use cases of one request share. Its session is read when somebody asks for it, and once. */
export class RequestScope<A extends object, I extends object> {
  readonly sessions: ISessionService<A, I>
  readonly port: RequestPort
  readonly settings: AuthSettings
  readonly #touch: boolean
  #reading: Promise<OpenSession<A, I> | null> | null = null
  #known: OpenSession<A, I> | null = null
  #left = false
  #turn: Promise<unknown> | null = null

  /** @param touch whether the request counts as activity */
  constructor({ sessions, auth }: AuthParts<A, I>, port: RequestPort, touch: boolean) {
    this.sessions = sessions
    this.port = port
    this.settings = auth
    this.#touch = touch
  }

  /** The request's session, as far as it was asked for. */
  get known(): OpenSession<A, I> | null {
    return this.#known
  }

  /** The token that the request came with, whatever it opens; `null` once the request has another session, or none any more. @throws ERR_REQUEST_AMBIGUOUS */
  get presented(): TokenText | null {
    if (this.#left) return null
    const credentials = this.port.credentials()
    return credentials.kind === "none" ? null : credentials.token
  }

  /** The request's session, or the one that took its place. @throws ERR_REQUEST_AMBIGUOUS · what `getSession` throws */
  current(): Promise<OpenSession<A, I> | null> {
    this.#reading ??= this.#read()
    return this.#reading
  }

  /** Runs one after another what gives the request another session, so that each finds what the one before left, and no session stays behind without a cookie. */
  inTurn<T>(act: () => Promise<T>): Promise<T> {
    const own = (this.#turn ?? Promise.resolve()).then(act)
    this.#turn = own.catch(() => undefined)
    return own
  }

  /** Makes this the request's session; `null`: from now on it has none. */
  become(open: OpenSession<A, I> | null): void {
    this.#left = true
    this.#known = open
    this.#reading = Promise.resolve(open)
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
      if (session !== null) this.#known = this.opened({ token, session })
      else if (outlived !== null) this.audit({ event: "session_expired", reason: "impersonator-signed-out" }, outlived)
      else this.audit({ event: "session_use_after_expire" }, null)
      return this.#known
    } catch (error) {
      // A record that cannot be read signs nobody in. It stays, and so does its cookie: another release may be able to read it.
      if (SessionError.is(error, "ERR_SESSION_CORRUPT")) return null
      // The next one who asks may find the store back.
      this.#reading = null
      throw error
    }
  }
}
