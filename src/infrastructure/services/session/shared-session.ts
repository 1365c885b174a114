import type { SessionData } from "../../../domain/interfaces/session/ISessionService.js"

/** A date that cannot be set: what is frozen of an object is its properties, and a date's time is none. */
class FixedDate extends Date {}
const refuse = (): never => {
  throw new TypeError("This date is shared by all who read the session. Copy it first: new Date(date)")
}
for (const name of Object.getOwnPropertyNames(Date.prototype)) {
  if (name.startsWith("set")) Object.defineProperty(FixedDate.prototype, name, { value: refuse })
}
// To whoever looks it is a date like any other.
Object.defineProperty(FixedDate.prototype, "constructor", { value: Date })

/** The same session in a form that many callers may have at a time, because none can change it for the others. The given one is frozen in parts. */
export function sharedSession<A extends object>(session: SessionData<A>): SessionData<A> {
  return Object.freeze({
    ...session,
    createdAt: fixed(session.createdAt),
    authenticatedAt: session.authenticatedAt && fixed(session.authenticatedAt),
    lastAccessedAt: fixed(session.lastAccessedAt),
    expiresAt: fixed(session.expiresAt),
    absoluteExpiresAt: fixed(session.absoluteExpiresAt),
    device: Object.freeze(session.device),
    attributes: deepFrozen(session.attributes),
  })
}

function fixed(date: Date): Date {
  return Object.freeze(new FixedDate(date))
}

/** Of JSON, which has no circles, and whose depth was bounded when it was written. */
function deepFrozen<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) deepFrozen(part)
  return Object.freeze(value)
}
