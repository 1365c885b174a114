import type { SessionData } from "../../../domain/interfaces/session/ISessionService.js"

/**
 * The same session in a form that many callers may have at a time, because none can change it for the others: frozen to its depth, with new dates for
 * each who asks, for a frozen date can still be set. What the given one holds is frozen.
 */
export function sharedSession<A extends object>(session: SessionData<A>): SessionData<A> {
  const [created, authenticated, lastAccessed] = [
    Number(session.createdAt),
    session.authenticatedAt && Number(session.authenticatedAt),
    Number(session.lastAccessedAt),
  ]
  const [expires, absoluteExpires] = [Number(session.expiresAt), Number(session.absoluteExpiresAt)]
  const shared: SessionData<A> = {
    sessionId: session.sessionId,
    userId: session.userId,
    pendingUserId: session.pendingUserId,
    impersonatorId: session.impersonatorId,
    impersonatorSessionId: session.impersonatorSessionId,
    get createdAt() {
      return new Date(created)
    },
    get authenticatedAt() {
      return authenticated === null ? null : new Date(authenticated)
    },
    get lastAccessedAt() {
      return new Date(lastAccessed)
    },
    get expiresAt() {
      return new Date(expires)
    },
    get absoluteExpiresAt() {
      return new Date(absoluteExpires)
    },
    persistent: session.persistent,
    version: session.version,
    device: Object.freeze(session.device),
    attributes: deepFrozen(session.attributes),
  }
  Object.defineProperty(shared, INSPECT, { value: plain })
  return Object.freeze(shared)
}

/** Lets the console show dates, and not that there are functions which give them. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom")
function plain(this: object): object {
  return { ...this }
}

/** Of JSON, which has no circles, and whose depth was bounded when it was written. */
function deepFrozen<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) deepFrozen(part)
  return Object.freeze(value)
}
