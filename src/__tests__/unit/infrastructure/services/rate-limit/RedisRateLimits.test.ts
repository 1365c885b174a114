import { expect, it } from "vitest"
import type { IRedisService, RedisReply } from "../../../../../domain/interfaces/redis/IRedisService.js"
import { RateLimitingService } from "../../../../../infrastructure/services/rate-limit/RateLimitingService.js"

const rules = { api: { limit: 3, window: "1h" }, jobs: { algorithm: "concurrency", limit: 1, lease: "1h" } } as const
const NOW = "1800000000000000"

function answering(reply: RedisReply) {
  const redis = { singleNode: true, run: async () => reply, close: async () => undefined } as unknown as IRedisService
  return new RateLimitingService(redis, { rules })
}

it.each<RedisReply>([
  null,
  "OK",
  [],
  [NOW],
  [NOW, 1],
  [NOW, 0, "0", "0", "0"],
  [NOW, 1, "0", "0", "x", "0"],
  [NOW, 2, "0", "0", "0", "0"],
  [NOW, -1, "0", "0", "0", "0"],
  [NOW, [0], "0", "0", "0", "0"],
  [NOW, null, "0", "0", "0", "0"],
  ["0", 1, "0", "0", "0", "0"],
])("a reply that is none, such as %j, allows nothing", async (reply) => {
  const service = answering(reply)
  const ada = { userId: "ada" }
  expect(await service.checkRateLimit(ada, "api")).toMatchObject({ allowed: false, reason: "unavailable" })
  expect(await service.acquireLease(ada, "jobs")).toMatchObject({ allowed: false, reason: "unavailable" })
  expect(await service.getRateLimitStatus(ada, "api")).toMatchObject({ allowed: false, reason: "unavailable" })
})

it("a reply in the right form is understood", async () => {
  expect(await answering([NOW, 1, "0", "0", "1", "1200000000"]).checkRateLimit({ userId: "ada" }, "api")).toEqual({
    allowed: true,
    shadowDenied: false,
    rule: "api",
    limit: 3,
    remaining: 2,
    totalRequests: 1,
    judgedBy: "store",
    resetAt: new Date(1_800_000_000_000 + 1_200_000),
    resetAfter: 1_200,
  })
})
