import { assertInteger, assertKnownKeys, assertOneOf, expected, readOnce, UnexpectedValue } from "../../shared/assertions.js"
import { toMilliseconds } from "../../shared/durations.js"
import type { ConcurrencyRule, CountingRule } from "../interfaces/rate-limit/IRateLimitingService.js"
import type { Limit } from "./algorithm.js"

const COUNTING = ["gcra", "sliding-log", "sliding-counter", "fixed-window"] as const
export type CountingAlgorithm = (typeof COUNTING)[number]
export type AlgorithmName = CountingAlgorithm | "concurrency"

/** A rule as it was checked. */
export interface Rule {
  readonly name: string
  readonly algorithm: AlgorithmName
  readonly limit: Limit
  readonly onOutage: "open" | "closed" | "local"
  readonly shadow: boolean
}

/** Of windows, leases and blocks, in milliseconds. */
export const SPAN_RANGE = { min: 100, max: 365 * 86_400_000 } as const
const LIMIT_RANGE = { min: 1, max: 1_000_000 } as const
/** What is kept unit by unit is written anew at each change. */
const LISTED_RANGE = { min: 1, max: 1_000 } as const
const NAME_FORM = /^[A-Za-z][\w-]{0,63}$/

/** Checks a table of rules, in which names such as `constructor` are none. @throws UnexpectedValue */
export function checkRules(given: unknown): ReadonlyMap<string, Rule> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw expected("rules", "an object of rules by their names", given)
  const rules = new Map<string, Rule>()
  for (const [name, rule] of Object.entries(readOnce(given))) {
    if (!NAME_FORM.test(name) || name in Object.prototype)
      throw expected("the name of a rule", "a letter, then at most 63 letters, digits, _ and -, and no name that every object has", name)
    rules.set(name, checkRule(rule, name))
  }
  return rules
}

/** @throws UnexpectedValue */
function checkRule(given: unknown, name: string): Rule {
  const known = ["algorithm", "limit", "window", "burst", "lease", "onOutage", "shadow"]
  assertKnownKeys(given, `rules.${name}`, known)
  const rule = readOnce(given) as Partial<Record<keyof CountingRule | "burst" | "lease", unknown>>
  const { algorithm = "gcra", onOutage = "closed", shadow = false } = rule
  assertOneOf(algorithm, `rules.${name}.algorithm`, [...COUNTING, "concurrency"])
  assertOneOf(onOutage, `rules.${name}.onOutage`, ["open", "closed", "local"])
  if (typeof shadow !== "boolean") throw expected(`rules.${name}.shadow`, "true or false", shadow)
  const foreign = algorithm === "concurrency" ? (["window", "burst"] as const) : algorithm === "gcra" ? (["lease"] as const) : (["lease", "burst"] as const)
  for (const option of foreign)
    if (rule[option] !== undefined) throw new UnexpectedValue(`Expected rules.${name} of ${algorithm} to have no option ${option}, got one.`)
  return { name, algorithm, limit: limitOf(rule, algorithm, `rules.${name}`), onOutage, shadow }
}

function limitOf(rule: Partial<Record<keyof CountingRule | keyof ConcurrencyRule | "burst", unknown>>, algorithm: AlgorithmName, where: string): Limit {
  const { limit, window, burst } = rule as { readonly limit?: unknown; readonly window?: unknown; readonly burst?: unknown }
  const isListed = algorithm === "concurrency" || algorithm === "sliding-log"
  assertInteger(limit, `${where}.limit`, isListed ? LISTED_RANGE : LIMIT_RANGE)
  const span = algorithm === "concurrency" ? toMilliseconds(rule.lease, `${where}.lease`, SPAN_RANGE) : toMilliseconds(window, `${where}.window`, SPAN_RANGE)
  if (algorithm !== "gcra") return { capacity: limit, period: span * 1_000 }
  const capacity = burst ?? limit
  assertInteger(capacity, `${where}.burst`, LIMIT_RANGE)
  if (capacity * span > SPAN_RANGE.max * limit) throw expected(`${where}.burst`, "so many units as come back within 365 d", capacity)
  // Rounded up: never more than the rule says.
  return { capacity, period: Math.ceil((span * 1_000) / limit) }
}

/** @throws UnexpectedValue for a name that is none, or that of a rule of the other kind */
export function findRule(rules: ReadonlyMap<string, Rule>, name: unknown, kind?: "counting" | "concurrency"): Rule {
  const rule = typeof name === "string" ? rules.get(name) : undefined
  if (rule === undefined) throw expected("rule", `the name of one of the ${rules.size} rules`, name)
  if (kind !== undefined && (rule.algorithm === "concurrency") !== (kind === "concurrency"))
    throw new UnexpectedValue(
      kind === "counting" ? "Expected a rule that counts, got a concurrency rule: it hands out leases." : "Expected a concurrency rule, got one that counts.",
    )
  return rule
}

/** @throws UnexpectedValue */
export function checkCost(cost: unknown, rule: Rule): number {
  if (cost === undefined) return 1
  assertInteger(cost, "cost", { min: 1, max: rule.limit.capacity })
  return cost
}
