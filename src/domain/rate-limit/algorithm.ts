/** What a rule allows, in the form in which algorithms compute: `capacity` units fit at once, `period` is in microseconds. */
export interface Limit {
  readonly capacity: number
  readonly period: number
}

/** What an algorithm keeps of a subject; empty: nothing. Each says what its numbers are. All times are microseconds since the epoch. */
export type Marks = readonly number[]

/**
 * One way to count. All functions are pure, and all but `settle` take marks that are settled at the same `now`.
 *
 * `redis/lua/includes/rate-*.lua` say the same once more.
 */
export interface Algorithm {
  /**
   * What still counts. Marks that lie ahead of `now`, since the clock was set back, go on counting as if they had been made now; a fixed window that had begun goes on until its
   * own end, and at most until that of the next.
   */
  settle(marks: Marks, limit: Limit, now: number): Marks
  /** How many units count: a whole number from 0 to the capacity. */
  used(marks: Marks, limit: Limit, now: number): number
  /** Microseconds until `cost` units fit if nothing is taken meanwhile; 0: they fit now. */
  wait(marks: Marks, limit: Limit, now: number, cost: number): number
  /** Microseconds until nothing counts any more. */
  ends(marks: Marks, limit: Limit, now: number): number
  /** Takes units whether they fit or not; at most all that are left. */
  take(marks: Marks, limit: Limit, now: number, cost: number): Marks
  /**
   * Gives units back, at most all that count.
   *
   * @param until - when they cease to count, as `ends` said right after they were taken: of what has run out since nothing is given back. `null`: not known
   */
  giveBack(marks: Marks, limit: Limit, now: number, cost: number, until: number | null): Marks
}
