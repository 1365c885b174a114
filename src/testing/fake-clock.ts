import { asArgumentError } from "../domain/errors.js"
import type { Clock } from "../domain/interfaces/ports.js"
import { expected } from "../shared/assertions.js"
import { LATEST_TIME_MS } from "../shared/constants.js"
import { type Duration, toMilliseconds } from "../shared/durations.js"

/** A clock that stands still until it is told to move. */
export interface FakeClock extends Clock {
  /**
   * Moves the clock forward.
   *
   * @param by - whole seconds, or text with its unit; 0 to 10 000 d
   * @throws ERR_INVALID_ARGUMENT, also for a step beyond 2250; the clock then stays where it is
   */
  advance(by: Duration): void
}

const LONGEST_STEP_MS = 10_000 * 86_400_000

/**
 * Makes a clock for tests that live through hours in no time: hand it to `createSessionService` as `clock` (memory and SQLite).
 *
 * @param start - where it begins, a `Date` or text that `Date` reads, from 1970 to the beginning of 2250; 2026-01-01T00:00:00Z by default
 * @throws ERR_INVALID_ARGUMENT
 * @example
 * const clock = createFakeClock("2026-01-01T00:00:00Z")
 * const sessions = await createSessionService({ store: "memory:", idleTimeout: "30m", clock })
 * clock.advance("31m")
 */
export function createFakeClock(start: Date | string = "2026-01-01T00:00:00Z"): FakeClock {
  let now = checked(() => startOf(start))
  return {
    now: () => now,
    advance: (by) => {
      now = checked(() => laterBy(now, by))
    },
  }
}

function startOf(start: unknown): number {
  const time = typeof start === "string" || start instanceof Date ? new Date(start).getTime() : Number.NaN
  if (!(time >= 0 && time <= LATEST_TIME_MS)) throw expected("start", "a date from 1970 to 2250, or text that can be read as one", start)
  return time
}

function laterBy(now: number, by: Duration): number {
  const later = now + toMilliseconds(by, "by", { min: 0, max: LONGEST_STEP_MS })
  if (later > LATEST_TIME_MS) throw expected("by", "a step that ends by 2250", by)
  return later
}

function checked<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw asArgumentError(error)
  }
}
