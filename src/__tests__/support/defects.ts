import type { ServiceUnderTest } from "../../exports/testing.js"

type Defect = (service: ServiceUnderTest) => ServiceUnderTest

/** The service with some methods replaced. */
function but(replace: (inner: ServiceUnderTest) => Partial<ServiceUnderTest>): Defect {
  return (inner) => {
    const own = replace(inner) as Record<PropertyKey, unknown>
    return new Proxy(inner, {
      get: (target, name) => {
        const value: unknown = own[name] ?? Reflect.get(target, name)
        return typeof value === "function" && !(name in own) ? value.bind(target) : value
      },
    })
  }
}

/** The same indirection without a defect: what is found out otherwise is the defect. */
export const UNCHANGED: Defect = but(() => ({}))

/** Services that break one promise each, and that both the suite and the model must find out. */
export const DEFECTS: Readonly<Record<string, Defect>> = {
  "says that it deleted, and does not": but(() => ({ deleteSession: async () => true })),
  "moves the deadline when it only looks": but((inner) => ({ getSession: (token, options) => inner.getSession(token, { ...options, touch: true }) })),
  "never moves the deadline": but((inner) => ({ getSession: (token, options) => inner.getSession(token, { ...options, touch: false }) })),
  "forgets unset": but((inner) => ({ updateSession: (token, changes, options) => inner.updateSession(token, changes, { ...options, unset: undefined }) })),
  "ignores ifVersion": but((inner) => ({
    updateSession: (token, changes, options) => inner.updateSession(token, changes, { ...options, ifVersion: undefined }),
  })),
  "gives every rotation a grace": but((inner) => ({
    rotateSession: (token, options) => inner.rotateSession(token, options?.changes ? options : { ...options, grace: "60s" }),
  })),
  "does not keep a new idle timeout": but((inner) => ({ extendSession: (token, _idle, options) => inner.extendSession(token, undefined, options) })),
  "lists the oldest first": but((inner) => ({
    getUserSessions: async (userId, page) => {
      const found = await inner.getUserSessions(userId, page)
      return { ...found, sessions: [...found.sessions].reverse() }
    },
  })),
  "ends the session that was to stay": but((inner) => ({
    deleteUserSessions: (userId, options) => inner.deleteUserSessions(userId, { ...options, except: undefined }),
  })),
  "does not tell what it evicted": but((inner) => ({
    createSession: async (options) => ({ ...(await inner.createSession(options)), evicted: [] }),
  })),
  "stays open": but(() => ({ close: async () => undefined })),
  "evicts where it should refuse": but((inner) => ({ createSession: (options) => inner.createSession({ ...options, onLimit: undefined }) })),
}
