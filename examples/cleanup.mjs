// Counting sessions and removing ended ones, with progress, a rate, and two ways to stop. Ctrl-C stops it, too.
// Nothing depends on it: an expired session is refused whether or not a cleanup ever runs.
import { createSessionService } from "coatcheck"
import { createFakeClock } from "coatcheck/testing"

const clock = createFakeClock()
const sessions = await createSessionService({ store: "memory:", clock })
for (let n = 0; n < 600; n += 1) await sessions.createSession({ userId: `visitor-${n}`, idleTimeout: "30m" })
for (let n = 0; n < 400; n += 1) await sessions.createSession({ userId: `member-${n}`, idleTimeout: "12h" })
clock.advance("1h")

const interrupted = new AbortController()
process.once("SIGINT", () => interrupted.abort())

function cleanUp(cursor, signal, onProgress) {
  return sessions.cleanupExpiredSessions({
    cursor,
    signal,
    maxPerSecond: 1_000,
    onProgress(report) {
      console.log(`looked at ${report.scanned}: ${report.live} live, ${report.pruned} removed`)
      onProgress?.(report)
    },
  })
}

// A part of the work today, the rest some other time: a report with a cursor says where to go on.
const enough = new AbortController()
const first = await cleanUp(undefined, AbortSignal.any([interrupted.signal, enough.signal]), ({ scanned }) => {
  if (scanned >= 400) enough.abort()
})
console.log("stopped:", first.cursor !== undefined)

if (!interrupted.signal.aborted) {
  const rest = await cleanUp(first.cursor, interrupted.signal)
  console.log(rest.cursor === undefined ? "finished" : "stopped again")
  console.log("removed in all:", first.pruned + rest.pruned)
  console.log("live sessions by the time since their last use:", rest.idleAges)
}

await sessions.close()
