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
  declare readonly sessionId: SessionId
  declare readonly userId: string | null
  declare readonly pendingUserId: string | null
  declare readonly impersonatorId: string | null
  declare readonly impersonatorSessionId: SessionId | null
  declare readonly createdAt: Date
  declare readonly authenticatedAt: Date | null
  declare readonly lastAccessedAt: Date
  declare readonly expiresAt: Date
  declare readonly absoluteExpiresAt: Date
  declare readonly persistent: boolean
  declare readonly version: number
  declare readonly device: Device
  declare readonly attributes: SessionData<A>["attributes"]

  constructor(uses: Uses<A, I>, session: SessionData<A>) {
    this.#uses = uses
    this.#shown = session
    // One by one, which for a session with accessors takes a tenth of what `Object.assign` does.
    this.sessionId = session.sessionId
    this.userId = session.userId
    this.pendingUserId = session.pendingUserId
    this.impersonatorId = session.impersonatorId
    this.impersonatorSessionId = session.impersonatorSessionId
    this.createdAt = session.createdAt
    this.authenticatedAt = session.authenticatedAt
    this.lastAccessedAt = session.lastAccessedAt
    this.expiresAt = session.expiresAt
    this.absoluteExpiresAt = session.absoluteExpiresAt
    this.persistent = session.persistent
    this.version = session.version
    Object.defineProperty(this, "device", SessionView.#device)
    Object.defineProperty(this, "attributes", SessionView.#attributes)
  }

  // As the session itself has them: parsed when somebody looks at them.
  static readonly #device: PropertyDescriptor = {
    enumerable: true,
    get(this: SessionView<object, object>): Device {
      return this.#shown.device
    },
  }

  static readonly #attributes: PropertyDescriptor = {
    enumerable: true,
    get(this: SessionView<object, object>): object {
      return this.#shown.attributes
    },
  }

  /** Shows a newer state. */
  static show<A extends object, I extends object>(view: SessionView<A, I>, session: SessionData<A>): void {
    const { device: _device, attributes: _attributes, ...fields } = session
    Object.assign(view, fields)
    view.#shown = session
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
