// A process that calls rate limits as fast as it can from the moment its parent says so, and tells between which two instants, by the clock that all processes
// of this machine share, each admission came.
import { once } from "node:events"
import { setImmediate as nextTurn } from "node:timers/promises"
import { createRateLimitingService } from "coatcheck/rate-limit"

const { store, keyPrefix, rule, inFlight, length } = JSON.parse(process.argv[2])
// Of 256 calls that wait for one file, nobody knows whose turn is next: what is judged here is how many come in, not how soon.
const limits = await createRateLimitingService({ store, keyPrefix, timeout: "1m", rules: { rule } })
const subject = { key: "shared" }
const now = () => Number(process.hrtime.bigint() / 1_000n)
const admitted = []
let denied = 0

async function check() {
  const began = now()
  const seen = await limits.checkRateLimit(subject, "rule")
  if (seen.judgedBy !== "store") throw new Error(`Expected the store's word, got ${seen.judgedBy}`)
  if (seen.allowed) admitted.push([began, now()])
  else denied += 1
  await nextTurn()
}

/** Between these two instants the lease was held, whatever lay before and after. */
async function lease() {
  const held = await limits.acquireLease(subject, "rule")
  if (held.judgedBy !== "store") throw new Error(`Expected the store's word, got ${held.judgedBy}`)
  if (!held.allowed) denied += 1
  else {
    const began = now()
    await nextTurn()
    admitted.push([began, now()])
    await held.release()
  }
  await nextTurn()
}

process.send("ready")
await once(process, "message")
const until = now() + length
const step = rule.algorithm === "concurrency" ? lease : check
await Promise.all(
  Array.from({ length: inFlight }, async () => {
    while (now() < until) await step()
  }),
)
await limits.close()
process.send({ admitted, denied })
process.disconnect()
