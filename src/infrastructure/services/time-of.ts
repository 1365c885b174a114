import { SessionError } from "../../domain/errors.js"
import type { Clock } from "../../domain/interfaces/ports.js"
import { LATEST_TIME_MS } from "../../shared/constants.js"

/**
 * The time by a clock that may be the application's, in milliseconds since 1970.
 *
 * @throws ERR_CONFIG_INVALID for a clock that throws, whose error is not passed on, and for what is no such time: it would end sessions, or make some that never end
 */
export function timeOf(clock: Clock): number {
  const now = read(clock)
  if (typeof now === "number" && now >= 0 && now <= LATEST_TIME_MS) return now
  throw mistaken("something else")
}

function read(clock: Clock): unknown {
  try {
    return clock.now()
  } catch {
    throw mistaken("an error that it throws")
  }
}

function mistaken(got: string): SessionError {
  return new SessionError("ERR_CONFIG_INVALID", `Expected clock.now() to return a time from 1970 to 2250 in milliseconds, got ${got}.`)
}
