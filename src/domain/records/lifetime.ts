/** A record is kept for ten years at most, in milliseconds. */
const LONGEST_MS = 3_650 * 86_400_000

/** For how long a save keeps a record, from now. */
export class Lifetime {
  /** In milliseconds. Zero ends it. */
  readonly ms: number
  /** Whether a record that is kept for longer already stays so. */
  readonly atLeast: boolean

  private constructor(ms: number, atLeast: boolean) {
    this.ms = ms
    this.atLeast = atLeast
  }

  /** Of a session that somebody gave an end: later or earlier than before, or now. */
  static set(ms: number): Lifetime {
    return new Lifetime(boundedLifetime(ms), false)
  }

  /** Of a session that was used: it is made no shorter, and never ended. */
  static used(ms: number): Lifetime {
    return new Lifetime(Math.max(boundedLifetime(ms), 1), true)
  }
}

/**
 * How long a record is kept after this save or touch, in milliseconds: until its cookie expires, and where that says nothing as long as the default.
 * Zero: the cookie has expired, and the session with it.
 *
 * @param expires - when, as a `Date`, text or milliseconds; nothing: with the browser
 */
export function lifetimeUntil(expires: unknown, fallbackMs: number, now: number): number {
  const at = momentOf(expires)
  return at === undefined ? fallbackMs : boundedLifetime(at - now)
}

/** When a cookie expires, in milliseconds since the epoch; `undefined` where it does not say. */
export function momentOf(expires: unknown): number | undefined {
  const at = expires instanceof Date ? expires.getTime() : typeof expires === "string" ? Date.parse(expires) : expires
  return typeof at === "number" && !Number.isNaN(at) ? at : undefined
}

/** A whole number of milliseconds from 0 to ten years. */
export function boundedLifetime(milliseconds: number): number {
  return Math.ceil(Math.min(Math.max(milliseconds, 0), LONGEST_MS))
}
