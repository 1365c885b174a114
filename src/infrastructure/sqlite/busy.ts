import { pause } from "../until-aborted.js"
import { isBusy, storeFailure } from "./failures.js"

/** How long one step may wait, and what ends it early. */
export interface Patience {
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Pauses between two attempts, in milliseconds: short at first, because a write lasts far less than one of them. */
const PAUSE = { first: 1, longest: 25 } as const
/** Attempts that all waiting steps of this process together make, about, in a millisecond. */
const ATTEMPTS_PER_MS = 2

let waiting = 0

/**
 * Tries until no other process is in the way. SQLite's own wait would block the event loop, so connections have none, and the pauses are made here.
 *
 * @param attempt all or nothing; runs at once, and again after each pause
 * @throws ERR_STORE_UNAVAILABLE, not applied, when the time is up · the signal's reason · what `storeFailure` makes of other errors
 */
export async function whenFree<T>(attempt: () => T, { timeoutMs, signal }: Patience): Promise<T> {
  const until = performance.now() + timeoutMs
  for (let pauses = 0; ; pauses += 1) {
    signal?.throwIfAborted()
    try {
      return attempt()
    } catch (error) {
      const left = until - performance.now()
      if (!isBusy(error) || left <= 0) throw storeFailure(error)
      await waitInTurn(Math.min(pauseAfter(pauses), left), signal)
    }
  }
}

/** Random, so that two processes do not meet again, and longer the more wait, so that a crowd of them does not keep the processor busy with asking. */
function pauseAfter(pauses: number): number {
  const ceiling = Math.min(PAUSE.longest, PAUSE.first * 2 ** Math.min(pauses, 10)) + waiting / ATTEMPTS_PER_MS
  return ceiling * (0.5 + Math.random() / 2)
}

async function waitInTurn(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  waiting += 1
  await pause(milliseconds, signal)
  waiting -= 1
}
