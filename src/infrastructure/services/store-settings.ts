import { expected } from "../../shared/assertions.js"
import { REDIS_CONFIG } from "../../shared/constants.js"
import { toMilliseconds } from "../../shared/durations.js"

/** Of one call's deadline, in milliseconds. */
const CALL_TIMEOUT_RANGE = { min: 10, max: 60_000 }
const PREFIX_FORM = /^[A-Za-z0-9:._-]{0,64}$/

/** How long one call may take, in milliseconds; 1 s by default. @throws UnexpectedValue */
export function toCallTimeout(timeout: unknown = `${REDIS_CONFIG.CALL_TIMEOUT_MS}ms`): number {
  return toMilliseconds(timeout, "timeout", CALL_TIMEOUT_RANGE)
}

/** What goes before every key; nothing by default. @throws UnexpectedValue */
export function toKeyPrefix(keyPrefix: unknown = ""): string {
  // Braces would move keys to another cluster slot, and a session away from its user's list.
  if (typeof keyPrefix === "string" && PREFIX_FORM.test(keyPrefix)) return keyPrefix
  throw expected("keyPrefix", "at most 64 letters, digits and : . _ - (no braces)", keyPrefix)
}
