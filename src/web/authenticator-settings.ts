import { SessionError } from "../domain/errors.js"
import { assertKnownKeys, assertOneOf, expected, readOnce, UnexpectedValue } from "../shared/assertions.js"
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

const OPTION_NAMES = ["sessions", "origin", "cookie", "bearer", "remember", "trustProxy", "storeAddress"]

/** @throws ERR_CONFIG_INVALID */
export function webSettings(given: AuthenticatorOptions<never, never>): WebSettings {
  try {
    return settings(readOnce(given))
  } catch (error) {
    throw error instanceof UnexpectedValue ? new SessionError("ERR_CONFIG_INVALID", error.message) : error
  }
}

function settings(options: AuthenticatorOptions<never, never>): WebSettings {
  assertKnownKeys(options, "the options of createAuthenticator", OPTION_NAMES)
  const { sessions, bearer = false, storeAddress = "whole" } = options
  if (typeof sessions?.getSession !== "function") throw expected("sessions", "a session service, as createSessionService makes it", sessions)
  if (typeof bearer !== "boolean") throw expected("bearer", "true or false", bearer)
  assertOneOf(storeAddress, "storeAddress", ["whole", "prefix", "none"])
  const cookie = cookieSettings(options.cookie)
  if (!cookie.secure && isProduction()) throw new UnexpectedValue("Expected no cookie.insecureDevelopment where NODE_ENV is production.")
  const origins = readOrigins(options.origin, !cookie.secure)
  refuseOriginsElsewhere(origins, cookie)
  return { origins, cookie, bearer, trust: readTrust(options.trustProxy), storeAddress }
}
