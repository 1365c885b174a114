const FIRST_SECONDS = 30
const LONGEST_SECONDS = 3_600

/** How long an account is blocked when its tries are used up for the nth time, in seconds: 30, and twice as long each further time, up to an hour. */
export function backOffSeconds(times: number): number {
  return Math.min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** Math.max(0, times - 1))
}
