import type { SessionData } from "../../../domain/interfaces/session/ISessionService.js"
import { Given } from "./StoredJson.js"

/**
 * The same session in a form that many callers may have at a time, because none can change it for the others: frozen to its depth, with new dates for
 * each who asks, for a frozen date can still be set. What the given one holds is frozen.
 */
export function sharedSession<A extends object>(session: SessionData<A>): SessionData<A> {
  const { sessionId, userId, pendingUserId, impersonatorId, impersonatorSessionId } = session
  const shared = SharedDates.hang({ sessionId, userId, pendingUserId, impersonatorId, impersonatorSessionId }, session)
  const { persistent, version, device, attributes } = session
  Object.assign(shared, { persistent, version, device: Object.freeze(device), attributes: deepFrozen(attributes) })
  Object.defineProperty(shared, INSPECT, { value: plain })
  return Object.freeze(shared) as SessionData<A>
}

type Dates = Pick<SessionData<object>, "createdAt" | "authenticatedAt" | "lastAccessedAt" | "expiresAt" | "absoluteExpiresAt">

/**
 * The dates of a plain object, made anew whenever they are looked at. By functions that all such objects share: with some of its own each would have a shape of
 * its own, and code that reads many of them would be slow.
 */
class SharedDates extends Given {
  readonly #created: number
  readonly #authenticated: number | null
  readonly #lastAccessed: number
  readonly #expires: number
  readonly #absoluteExpires: number

  private constructor(session: object, dates: Dates) {
    super(session)
    this.#created = Number(dates.createdAt)
    this.#authenticated = dates.authenticatedAt && Number(dates.authenticatedAt)
    this.#lastAccessed = Number(dates.lastAccessedAt)
    this.#expires = Number(dates.expiresAt)
    this.#absoluteExpires = Number(dates.absoluteExpiresAt)
  }

  static hang<T extends object>(session: T, dates: Dates): T {
    new SharedDates(session, dates)
    return Object.defineProperties(session, SharedDates.#properties)
  }

  static readonly #properties = {
    createdAt: shownBy((dates: SharedDates) => dates.#created),
    authenticatedAt: shownBy((dates: SharedDates) => dates.#authenticated),
    lastAccessedAt: shownBy((dates: SharedDates) => dates.#lastAccessed),
    expiresAt: shownBy((dates: SharedDates) => dates.#expires),
    absoluteExpiresAt: shownBy((dates: SharedDates) => dates.#absoluteExpires),
  }
}

function shownBy(time: (dates: SharedDates) => number | null): PropertyDescriptor {
  return {
    enumerable: true,
    get(this: SharedDates): Date | null {
      const at = time(this)
      return at === null ? null : new Date(at)
    },
  }
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
