import { type AuthSettings, authSettings } from "../application/auth-settings.js"
import { asConfigError } from "../domain/errors.js"
import type { ISessionService } from "../domain/interfaces/session/ISessionService.js"
import { assertOneOf, expected, readOptions, UnexpectedValue } from "../shared/assertions.js"
import { readTrust, type StoredAddress, type Trust } from "./client-address.js"
import type { AuthenticatorOptions } from "./contract.js"
import { type CookieSettings, cookieSettings, refuseOriginsElsewhere } from "./cookie-settings.js"
import { readOrigins } from "./origins.js"
import { isProduction } from "./production.js"

/** What requests are judged by: the options, checked. */
export interface WebSettings {
  readonly origins: ReadonlySet<string>
  readonly cookie: CookieSettings
  readonly bearer: boolean
  readonly trust: Trust
  readonly storeAddress: StoredAddress
}

/** All that an authenticator is told, checked. */
export interface AuthenticatorSettings<A extends object, I extends object> {
  readonly sessions: ISessionService<A, I>
  readonly web: WebSettings
  readonly auth: AuthSettings
}

const OPTION_NAMES = ["sessions", "origin", "cookie", "bearer", "remember", "trustProxy", "storeAddress", "impersonation", "onAudit"]

/** @throws ERR_CONFIG_INVALID */
export function authenticatorSettings<A extends object, I extends object>(given: AuthenticatorOptions<A, I>): AuthenticatorSettings<A, I> {
  return asConfigError(() => {
    const options = readOptions(given, "the options of createAuthenticator", OPTION_NAMES)
    const { sessions } = options
    if (typeof sessions?.getSession !== "function") throw expected("sessions", "a session service, as createSessionService makes it", sessions)
    return { sessions, web: webSettings(options), auth: authSettings(options) }
  })
}

function webSettings(options: Omit<AuthenticatorOptions<never, never>, "sessions">): WebSettings {
  const { bearer = false, storeAddress = "whole" } = options
  if (typeof bearer !== "boolean") throw expected("bearer", "true or false", bearer)
  assertOneOf(storeAddress, "storeAddress", ["whole", "prefix", "none"])
  const cookie = cookieSettings(options.cookie)
  if (!cookie.secure && isProduction()) throw new UnexpectedValue("Expected no cookie.insecureDevelopment where NODE_ENV is production.")
  const origins = readOrigins(options.origin, !cookie.secure)
  refuseOriginsElsewhere(origins, cookie)
  return { origins, cookie, bearer, trust: readTrust(options.trustProxy), storeAddress }
}
