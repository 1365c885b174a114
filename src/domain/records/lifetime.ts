/** A record is kept for ten years at most, in milliseconds. */
const LONGEST_MS = 3_650 * 86_400_000

/**
 * How long a record is kept after this save or touch, in milliseconds: until its cookie expires, and where that says nothing as long as the default.
 * Zero: the cookie has expired, and the session with it.
 *
 * @param expires - when, as a `Date`, text or milliseconds; nothing: with the browser
 */
export function lifetimeUntil(expires: unknown, fallbackMs: number, now: number): number {
  const at = expires instanceof Date ? expires.getTime() : typeof expires === "string" ? Date.parse(expires) : expires
  return typeof at === "number" && !Number.isNaN(at) ? boundedLifetime(at - now) : fallbackMs
}

/** A whole number of milliseconds from 0 to ten years. */
export function boundedLifetime(milliseconds: number): number {
  return Math.ceil(Math.min(Math.max(milliseconds, 0), LONGEST_MS))
}
