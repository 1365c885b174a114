/** How the fields of a session are compared and merged. */
export interface MergeRule {
  /** Whether two values of a field say the same. */
  same(field: string, one: unknown, other: unknown): boolean
  /** Whether of two requests that changed a field the one that saves last is right. */
  lastWins(field: string): boolean
}

/** A session's fields as JSON has them. */
export type Fields = Readonly<Record<string, unknown>>

/**
 * Puts together what two requests made of the same session, field by field of the uppermost level.
 *
 * A value is taken whole from one side, never mixed: what a value means only the application knows.
 *
 * @param base - what this request had read
 * @param mine - what it made of that
 * @param theirs - what is stored now
 * @returns the fields, or `null` when both changed one field, to different values
 */
export function mergeFields(base: Fields, mine: Fields, theirs: Fields, rule: MergeRule): Fields | null {
  const merged = new Map<string, unknown>()
  for (const field of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const [before, here, there] = [fieldOf(base, field), fieldOf(mine, field), fieldOf(theirs, field)]
    const unchangedHere = rule.same(field, before, here)
    const unchangedThere = rule.same(field, before, there)
    if (!unchangedHere && !unchangedThere && !rule.same(field, here, there) && !rule.lastWins(field)) return null
    const value = unchangedHere && !unchangedThere ? there : here
    if (value !== undefined) merged.set(field, value)
  }
  return Object.fromEntries(merged)
}

/** Whether a request changed nothing of what it had read. */
export function changesNothing(base: Fields, mine: Fields, rule: MergeRule): boolean {
  return [...new Set([...Object.keys(base), ...Object.keys(mine)])].every((field) => rule.same(field, fieldOf(base, field), fieldOf(mine, field)))
}

/** What is inherited is no field of a session. */
function fieldOf(fields: Fields, field: string): unknown {
  return Object.hasOwn(fields, field) ? fields[field] : undefined
}
