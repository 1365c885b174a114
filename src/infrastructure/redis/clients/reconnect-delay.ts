const FIRST_RETRY_MS = 50
const LONGEST_RETRY_MS = 2_000

/**
 * How long to wait before an attempt to connect again: doubling, with a random half, so that many processes do not come back in the same moment.
 *
 * @param attempt - counted from 0 or 1, as the client does
 * @returns milliseconds, at most 2 000
 */
export function reconnectDelay(attempt: number): number {
  const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10))
  return Math.round(longest / 2 + (Math.random() * longest) / 2)
}
