import { MAX_AGE_RANGE } from "../application/auth-settings.js"
import { asConfigError } from "../domain/errors.js"
import { assertKnownKeys, expected, readOnce } from "../shared/assertions.js"
import { toMilliseconds } from "../shared/durations.js"
import type { RouteRule } from "./contract.js"

/** A rule that was looked through. */
export interface CheckedRule {
  /** In milliseconds; `null`: however long ago. */
  readonly maxAgeMs: number | null
  readonly touch: boolean
  readonly csrf: boolean
}

const NO_RULE: CheckedRule = { maxAgeMs: null, touch: true, csrf: true }
/** Doors look at a rule when the route is made, and each request then finds it here. */
const checked = new WeakMap<RouteRule, CheckedRule>()

/** @throws ERR_CONFIG_INVALID */
export function checkedRule(rule: RouteRule | undefined): CheckedRule {
  if (rule === undefined) return NO_RULE
  const known = checked.get(rule)
  if (known !== undefined) return known
  const read = readRule(rule)
  checked.set(rule, read)
  return read
}

function readRule(given: RouteRule): CheckedRule {
  return asConfigError(() => {
    const rule = readOnce(given)
    assertKnownKeys(rule, "the rule of a route", ["maxAge", "touch", "csrf"])
    const { maxAge, touch = true, csrf = true } = rule
    if (typeof touch !== "boolean") throw expected("touch", "true or false", touch)
    if (typeof csrf !== "boolean") throw expected("csrf", "true or false", csrf)
    return { maxAgeMs: maxAge === undefined ? null : toMilliseconds(maxAge, "maxAge", MAX_AGE_RANGE), touch, csrf }
  })
}
