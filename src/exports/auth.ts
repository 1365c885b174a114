export type { AuditActor, AuditDetail, AuditEvent, AuditListener } from "../application/audit.js"
export type { AuthOptions, ImpersonationOptions } from "../application/auth-settings.js"
export type {
  ActiveSession,
  ActiveUserSession,
  DeviceEntry,
  PendingOptions,
  RequestAuth,
  SignInOptions,
  SignOutScope,
} from "../application/contract.js"
export { openSession } from "../application/read-session.js"
export type { UserExport } from "../application/user-data.js"
export { countUserSessions, eraseUser, exportUser } from "../application/user-data.js"
export { createAuthenticator } from "../web/authenticator.js"
export type {
  Authenticator,
  AuthenticatorOptions,
  CookieOptions,
  Refusal,
  RequestHead,
  ResponseHead,
  RouteRule,
  Verdict,
} from "../web/contract.js"
