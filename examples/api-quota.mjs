// A quota of each user, beside a limit of each address: both are taken, or neither.
import { createRateLimitingService } from "coatcheck/rate-limit"

const limits = await createRateLimitingService({
  store: "memory:",
  rules: {
    perAddress: { limit: 10, window: "1m", burst: 5 },
    perDay: { algorithm: "fixed-window", limit: 1000, window: "1d" },
  },
})

async function handle(request) {
  const seen = await limits.checkRateLimits([
    { subject: { address: request.address }, rule: "perAddress" },
    { subject: { userId: request.userId }, rule: "perDay", cost: request.cost },
  ])
  return seen.allowed ? 200 : 429
}

const statuses = []
for (let n = 0; n < 6; n += 1) statuses.push(await handle({ address: "203.0.113.7", userId: "ada", cost: 100 }))
console.log("answers:", statuses.join(" "))
const { remaining } = await limits.getRateLimitStatus({ userId: "ada" }, "perDay")
console.log("left today, for the denied one took nothing:", remaining)

await limits.reward({ userId: "ada" }, "perDay", 100)
console.log("after one was given back:", (await limits.getRateLimitStatus({ userId: "ada" }, "perDay")).remaining)

await limits.close()
