/** How many sessions a user may have, and what happens when one more is opened. */
export interface LimitRule {
  readonly max: number
  readonly onLimit: "evict-oldest" | "reject"
  /** The id of a session that the new one takes the place of, so that it does not count. */
  readonly replaces?: string | undefined
}

export const MAX_SESSIONS_RANGE = { min: 1, max: 100_000 } as const

/**
 * Which sessions make room for a new one.
 *
 * @param counting the user's live sessions that count, the oldest first
 * @returns those to end, or `"full"` when the new one is refused
 */
export function makeRoom<T>(counting: readonly T[], rule: LimitRule | null): readonly T[] | "full" {
  const surplus = rule === null ? 0 : counting.length + 1 - rule.max
  if (surplus <= 0) return []
  return rule?.onLimit === "reject" ? "full" : counting.slice(0, surplus)
}
