import { TIMEOUT_RANGE } from "../domain/session/deadlines.js"
import { expected, readOptions } from "../shared/assertions.js"
import { type Duration, toMilliseconds } from "../shared/durations.js"
import type { AuditListener } from "./audit.js"

/** How signing in works, as its users ask for it. */
export interface AuthOptions {
  /** The timeouts of "remember me"; 14 days and 90 days by default. */
  readonly remember?: { readonly idleTimeout: Duration; readonly absoluteTimeout: Duration } | undefined
  readonly impersonation?: ImpersonationOptions | undefined
  /** Hears of sign-ins, sign-outs, refusals and the like, for a security log. */
  readonly onAudit?: AuditListener | undefined
}

export interface ImpersonationOptions {
  /** How long ago the impersonator may have proved who they are: 1 s to 365 d, 5 minutes by default. */
  readonly maxAge?: Duration | undefined
  /**
   * How long an impersonated session can last: 10 ms to 1000 d, an hour by default. It ends before that when the impersonator's own session does, also when that
   * runs out idle: it is not used meanwhile, so no impersonation outlasts the idle timeout of the impersonator's own session by more than the touch interval.
   */
  readonly absoluteTimeout?: Duration | undefined
}

/** The same, checked. */
export interface AuthSettings {
  readonly remember: { readonly idleTimeout: Duration; readonly absoluteTimeout: Duration }
  readonly impersonation: { readonly maxAgeMs: number; readonly absoluteTimeout: Duration }
  readonly onAudit: AuditListener | null
}

/** How long ago a proof may be asked to be, in milliseconds. */
export const MAX_AGE_RANGE = { min: 1_000, max: 365 * 86_400_000 }

/** @throws UnexpectedValue */
export function authSettings({ remember = { idleTimeout: "14d", absoluteTimeout: "90d" }, impersonation = {}, onAudit }: AuthOptions): AuthSettings {
  if (onAudit !== undefined && typeof onAudit !== "function") throw expected("onAudit", "a function", onAudit)
  return { remember: checkedRemember(remember), impersonation: checkedImpersonation(impersonation), onAudit: onAudit ?? null }
}

function checkedRemember(given: AuthSettings["remember"]): AuthSettings["remember"] {
  const { idleTimeout, absoluteTimeout } = readOptions(given, "remember", ["idleTimeout", "absoluteTimeout"])
  toMilliseconds(idleTimeout, "remember.idleTimeout", TIMEOUT_RANGE)
  toMilliseconds(absoluteTimeout, "remember.absoluteTimeout", TIMEOUT_RANGE)
  return { idleTimeout, absoluteTimeout }
}

function checkedImpersonation(given: ImpersonationOptions): AuthSettings["impersonation"] {
  const { maxAge = "5m", absoluteTimeout = "1h" } = readOptions(given, "impersonation", ["maxAge", "absoluteTimeout"])
  toMilliseconds(absoluteTimeout, "impersonation.absoluteTimeout", TIMEOUT_RANGE)
  return { maxAgeMs: toMilliseconds(maxAge, "impersonation.maxAge", MAX_AGE_RANGE), absoluteTimeout }
}
