// A process that takes units of several subjects on a cluster as fast as it can from the moment its parent says so: of one of many subjects, and of one that
// all share. It tells between which two instants, by the clock that all processes of this machine share, which subject was admitted.
import { once } from "node:events"
import { setImmediate as nextTurn } from "node:timers/promises"
import { createRateLimitingService } from "coatcheck/rate-limit"
import { clusterClient } from "./rate-limit-cluster-clients.mjs"

const { library, ports, keyPrefix, rules, subjects, inFlight, length } = JSON.parse(process.argv[2])
const { client, end } = await clusterClient(library, ports)
const limits = await createRateLimitingService({ store: client, keyPrefix, timeout: "30s", rules })
const now = () => Number(process.hrtime.bigint() / 1_000n)
const admitted = []
let denied = 0

async function check(turn) {
  const subject = { key: `subject ${turn % subjects}` }
  const began = now()
  const seen = await limits.checkRateLimits([
    { subject, rule: "log" },
    { subject, rule: "bucket", cost: 2 },
    { subject: { key: "all" }, rule: "shared" },
  ])
  if (seen.judgedBy !== "store") throw new Error(`Expected the store's word, got ${seen.judgedBy}`)
  if (seen.allowed) admitted.push([began, now(), subject.key])
  else denied += 1
  await nextTurn()
}

process.send("ready")
await once(process, "message")
const until = now() + length
let turns = 0
await Promise.all(
  Array.from({ length: inFlight }, async () => {
    while (now() < until) await check(turns++)
  }),
)
// Ends when all is given back.
await limits.close()
await end()
process.send({ admitted, denied })
process.disconnect()
