// At most two exports of a user at a time, in however many processes.
import { setTimeout as work } from "node:timers/promises"
import { createRateLimitingService } from "coatcheck/rate-limit"

const limits = await createRateLimitingService({
  store: "memory:",
  rules: { exports: { algorithm: "concurrency", limit: 2, lease: "5m" } },
})
let [running, most] = [0, 0]

async function writeExport(userId) {
  const lease = await limits.acquireLease({ userId }, "exports")
  if (!lease.allowed) return "denied"
  try {
    running += 1
    most = Math.max(most, running)
    await work(20)
    return "written"
  } finally {
    running -= 1
    await lease.release()
  }
}

const first = await Promise.all(Array.from({ length: 5 }, () => writeExport("ada")))
console.log("of five at once:", first.sort().join(" "))
console.log("at a time:", most)
console.log("afterwards:", await writeExport("ada"))

await limits.close()
