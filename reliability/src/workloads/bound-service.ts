import type { ISessionService } from "coatcheck"
import type { Attributes } from "./RecordedClient.js"

/** The service as a plain object, some of whose methods can be replaced by a spread: those of a class a spread does not find. */
export function bound(service: ISessionService<Attributes>): ISessionService<Attributes> {
  return {
    createSession: (options) => service.createSession(options),
    getSession: (token, options) => service.getSession(token, options),
    updateSession: (token, changes, options) => service.updateSession(token, changes, options),
    extendSession: (token, idleTimeout, options) => service.extendSession(token, idleTimeout, options),
    rotateSession: (token, options) => service.rotateSession(token, options),
    deleteSession: (token, options) => service.deleteSession(token, options),
    getUserSessions: (user, page) => service.getUserSessions(user, page),
    updateUserSession: (user, session, changes, options) => service.updateUserSession(user, session, changes, options),
    deleteUserSession: (user, session, options) => service.deleteUserSession(user, session, options),
    deleteUserSessions: (user, options) => service.deleteUserSessions(user, options),
    cleanupExpiredSessions: (options) => service.cleanupExpiredSessions(options),
  }
}
