import { setTimeout as pause } from "node:timers/promises"
import { isRedirectedTooOften } from "../failures/classify.js"

const FIRST_WAIT_MS = 5
const LONGEST_WAIT_MS = 200
/** What is left of a call's time is for the answer "not applied", which tells more than a deadline that passed. */
const SHARE_OF_CALL = 0.8

/**
 * Sends a command to a cluster again while its slot moves from node to node. Until all of a command's keys lie on one node, both answer TRYAGAIN; and
 * until each node knows the slot's new place, some name the old one, of which a client has enough in a few milliseconds. Other errors are rejected with.
 *
 * @param callMs - how long a call may take, in milliseconds; waiting ends at four fifths of it
 * @param causeOf - what an error comes from, which is judged and rejected with in its place
 */
export async function whileSlotMoves<T>(
  send: () => Promise<T>,
  signal: AbortSignal,
  callMs: number,
  causeOf: (error: unknown) => unknown = (error) => error,
): Promise<T> {
  const end = performance.now() + callMs * SHARE_OF_CALL
  for (let longest = FIRST_WAIT_MS; ; longest = Math.min(2 * longest, LONGEST_WAIT_MS)) {
    const sentAt = performance.now()
    try {
      return await send()
    } catch (thrown) {
      const error = causeOf(thrown)
      const now = performance.now()
      const wait = longest / 2 + (Math.random() * longest) / 2
      // ioredis waits in there, too: the next answer takes as long to come as this one.
      if (!isRefusedWhole(error) || signal.aborted || now + wait + (now - sentAt) > end) throw error
      await pause(wait)
      if (signal.aborted) throw error
    }
  }
}

/** An answer that names a script came out of its middle, after it may have written. Where a slot is nowhere (CLUSTERDOWN), waiting would not bring it back. */
function isRefusedWhole(error: unknown): boolean {
  if (!(error instanceof Error) || /\bscript: | CLUSTERDOWN /.test(error.message)) return false
  return error.message.startsWith("TRYAGAIN") || isRedirectedTooOften(error)
}
