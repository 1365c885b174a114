/** A session's fields as JSON has them. */
export type Fields = Readonly<Record<string, unknown>>

/** How the fields of a session are compared and merged. */
export interface MergeRule {
  /** Whether two values of a field say the same. Fields of the term are not asked about. */
  same(field: string, one: unknown, other: unknown): boolean
  /** Whether of two requests that changed a field the one that saves last is right. */
  lastWins(field: string): boolean
  readonly term: TermRule
}

/** What a session says of its own term: in its cookie, or in fields of their own. The libraries move its end with each use, which is no change of the session. */
export interface TermRule {
  /** The fields that say it. They belong together: a merge takes all of them from one side. */
  readonly fields: readonly string[]
  /** Whether a request changed the term itself, so that it has something to lose. */
  isChange(base: Fields, mine: Fields): boolean
  /**
   * Whether somebody said when the session ends, other than by using it.
   *
   * @param readAt - when a session was read whose end is `mine`, in milliseconds since the epoch: a use puts the end no earlier than a term from then
   */
  isSet(base: Fields, mine: Fields, readAt: number): boolean
  /** When the session ends by what it says, in milliseconds since the epoch; `Infinity` where it says nothing. */
  endOf(fields: Fields): number
  /** For how long a use keeps the session, in milliseconds; 0 where it does not say that. */
  useOf(fields: Fields): number
}

/**
 * Puts together what two requests made of the same session, field by field of the uppermost level.
 *
 * A value is taken whole from one side, never mixed: what a value means only the application knows.
 *
 * @param base - what this request had read
 * @param mine - what it made of that
 * @param theirs - what is stored now
 * @param readAt - when this request had read it, in milliseconds since the epoch
 * @returns the fields, or `null` when both changed one field, to different values
 */
export function mergeFields(base: Fields, mine: Fields, theirs: Fields, rule: MergeRule, readAt: number): Fields | null {
  const merged = new Map<string, unknown>()
  const term = termSide(base, mine, theirs, rule.term, readAt)
  for (const field of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const [before, here, there] = [fieldOf(base, field), fieldOf(mine, field), fieldOf(theirs, field)]
    const unchangedHere = rule.same(field, before, here)
    const unchangedThere = rule.same(field, before, there)
    const isTerm = rule.term.fields.includes(field)
    if (!isTerm && !unchangedHere && !unchangedThere && !rule.same(field, here, there) && !rule.lastWins(field)) return null
    const value = isTerm ? fieldOf(term, field) : unchangedHere && !unchangedThere ? there : here
    if (value !== undefined) merged.set(field, value)
  }
  return Object.fromEntries(merged)
}

/** Whose term counts: that of who set it, the last one first, and among those who only used the session the one that ends later. */
function termSide(base: Fields, mine: Fields, theirs: Fields, term: TermRule, readAt: number): Fields {
  if (term.isSet(base, mine, readAt)) return mine
  // When the other one had read the session is not known here, and of a use that ends earlier the later one is right, too.
  if (term.isSet(base, theirs, Number.NEGATIVE_INFINITY)) return theirs
  return term.endOf(theirs) >= term.endOf(mine) ? theirs : mine
}

/** Whether a request changed nothing of what it had read. */
export function changesNothing(base: Fields, mine: Fields, { same, term }: MergeRule): boolean {
  const fields = new Set([...Object.keys(base), ...Object.keys(mine)])
  return [...fields].every((field) => term.fields.includes(field) || same(field, fieldOf(base, field), fieldOf(mine, field))) && !term.isChange(base, mine)
}

/** Whether a session holds nothing but its term: nobody loses anything with it. */
export function holdsNothing(fields: Fields, { term }: MergeRule): boolean {
  return Object.keys(fields).every((field) => term.fields.includes(field))
}

/** What is inherited is no field of a session. */
function fieldOf(fields: Fields, field: string): unknown {
  return Object.hasOwn(fields, field) ? fields[field] : undefined
}
