import type { CallOptions, SessionId, SessionToken } from "../../domain/interfaces/session/ISessionService.js"
import type { ServiceUnderTest } from "./conformance-setup.js"

/** Where a call is aimed. */
export interface Target {
  readonly token: SessionToken
  readonly userId: string
  readonly sessionId: SessionId
}

type Call = (service: ServiceUnderTest, target: Target, options?: CallOptions) => Promise<unknown>

/** The calls that take a token, and what each answers when there is no such session. */
export const CALLS_BY_TOKEN: Readonly<Record<string, { readonly call: Call; readonly absent: null | false }>> = {
  getSession: { call: (service, { token }, options) => service.getSession(token, options), absent: null },
  "getSession without a touch": { call: (service, { token }, options) => service.getSession(token, { ...options, touch: false }), absent: null },
  "updateSession with a patch": { call: (service, { token }, options) => service.updateSession(token, { n: 1 }, options), absent: null },
  "updateSession with a function": { call: (service, { token }, options) => service.updateSession(token, (own) => own, options), absent: null },
  extendSession: { call: (service, { token }, options) => service.extendSession(token, undefined, options), absent: null },
  "extendSession with a timeout": { call: (service, { token }, options) => service.extendSession(token, "1h", options), absent: null },
  rotateSession: { call: (service, { token }, options) => service.rotateSession(token, options), absent: null },
  "rotateSession with changes": { call: (service, { token }, options) => service.rotateSession(token, { ...options, changes: { n: 1 } }), absent: null },
  "rotateSession after a new proof": {
    call: (service, { token }, options) => service.rotateSession(token, { ...options, reauthenticated: true }),
    absent: null,
  },
  deleteSession: { call: (service, { token }, options) => service.deleteSession(token, options), absent: false },
}

/** The calls that take a handle and its user. */
export const CALLS_BY_HANDLE: Readonly<Record<string, { readonly call: Call; readonly absent: null | false }>> = {
  "updateUserSession with a patch": {
    call: (service, { userId, sessionId }, options) => service.updateUserSession(userId, sessionId, { n: 1 }, options),
    absent: null,
  },
  "updateUserSession with a function": {
    call: (service, { userId, sessionId }, options) => service.updateUserSession(userId, sessionId, (own) => own, options),
    absent: null,
  },
  deleteUserSession: { call: (service, { userId, sessionId }, options) => service.deleteUserSession(userId, sessionId, options), absent: false },
}

/** The calls that open sessions or concern many. */
export const OTHER_CALLS: Readonly<Record<string, { readonly call: Call }>> = {
  createSession: { call: (service, { userId }, options) => service.createSession({ ...options, userId }) },
  getUserSessions: { call: (service, { userId }, options) => service.getUserSessions(userId, options) },
  deleteUserSessions: { call: (service, { userId }, options) => service.deleteUserSessions(userId, options) },
  doctor: { call: (service, _target, options) => service.doctor(options) },
  ping: { call: (service, _target, options) => service.ping(options) },
}
