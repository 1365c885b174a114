import { SessionError } from "coatcheck"
import { createRateLimitingService, type RateLimitRules } from "coatcheck/rate-limit"
import { StartFailure } from "./start-failure.js"

export const RULES_EXAMPLE = '{"api":{"limit":100,"window":"1m"}}'

/** Reads `COATCHECK_RATE_LIMITS`. What the rules say is the library's to judge. @returns `null` for what is no object in JSON */
export function parseRules(text: string): RateLimitRules | null {
  try {
    const rules: unknown = JSON.parse(text)
    return typeof rules === "object" && rules !== null && !Array.isArray(rules) ? (rules as RateLimitRules) : null
  } catch {
    return null
  }
}

/**
 * Has the library judge the rules, before anything is opened.
 *
 * @throws StartFailure that names the setting, and the rule and its field
 */
export async function checkRules(rules: RateLimitRules): Promise<void> {
  try {
    // In memory, which opens nothing.
    await (await createRateLimitingService({ store: "memory:", rules })).close()
  } catch (error) {
    if (!SessionError.is(error, "ERR_CONFIG_INVALID")) throw error
    throw new StartFailure(`COATCHECK_RATE_LIMITS is not what was expected: ${error.message} Correct it; ${RULES_EXAMPLE} is an example.`)
  }
}
