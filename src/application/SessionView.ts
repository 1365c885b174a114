import type { Changes, Device, SessionData, SessionId, UpdateSessionOptions } from "../domain/interfaces/session/ISessionService.js"
import type { Duration } from "../shared/durations.js"
import type { ActiveSession } from "./contract.js"

/** What a handler can do with a session. */
type Uses<A extends object, I extends object> = Pick<ActiveSession<A, I>, "update" | "extend">

const INSPECT = Symbol.for("nodejs.util.inspect.custom")

/** What handlers see: the session's fields as its own, so that spreading, JSON and inspection show them and nothing else. */
export class SessionView<A extends object, I extends object> implements ActiveSession<A, I> {
  readonly #uses: Uses<A, I>
  #shown: SessionData<A>
  declare sessionId: SessionId
  declare userId: string | null
  declare pendingUserId: string | null
  declare impersonatorId: string | null
  declare impersonatorSessionId: SessionId | null
  declare createdAt: Date
  declare authenticatedAt: Date | null
  declare lastAccessedAt: Date
  declare expiresAt: Date
  declare absoluteExpiresAt: Date
  declare persistent: boolean
  declare version: number
  declare device: Device
  declare readonly attributes: SessionData<A>["attributes"]

  constructor(uses: Uses<A, I>, session: SessionData<A>) {
    this.#uses = uses
    this.#shown = session
    SessionView.show(this, session)
    Object.defineProperty(this, "attributes", SessionView.#attributes)
  }

  // As the session itself has them: parsed when somebody looks at them.
  static readonly #attributes: PropertyDescriptor = {
    enumerable: true,
    get(this: SessionView<object, object>): object {
      return this.#shown.attributes
    },
  }

  /** Field by field, which for an object with accessors takes a tenth of what `Object.assign` does. */
  static show<A extends object, I extends object>(view: SessionView<A, I>, session: SessionData<A>): void {
    view.#shown = session
    view.sessionId = session.sessionId
    view.userId = session.userId
    view.pendingUserId = session.pendingUserId
    view.impersonatorId = session.impersonatorId
    view.impersonatorSessionId = session.impersonatorSessionId
    view.createdAt = session.createdAt
    view.authenticatedAt = session.authenticatedAt
    view.lastAccessedAt = session.lastAccessedAt
    view.expiresAt = session.expiresAt
    view.absoluteExpiresAt = session.absoluteExpiresAt
    view.persistent = session.persistent
    view.version = session.version
    view.device = session.device
  }

  update(changes: Changes<A, I>, options?: UpdateSessionOptions<I>): Promise<void> {
    return this.#uses.update(changes, options)
  }

  extend(idleTimeout?: Duration): Promise<void> {
    return this.#uses.extend(idleTimeout)
  }

  toJSON(): SessionData<A> {
    return Object.assign({}, this)
  }

  /** Lets the console show attributes, and not that there is a function which gives them. */
  [INSPECT](): SessionData<A> {
    return this.toJSON()
  }
}
