import { describe, it } from "vitest"
import { describeRateLimitingService } from "../../exports/testing.js"
import { describeRateLimitsOnRedis, memoryRateLimits, sqliteRateLimits } from "../support/rate-limit-stores.js"
import { SERVER_KINDS } from "../support/servers.js"

describeRateLimitingService({ describe, it }, "memory", memoryRateLimits, { fakeClock: true, lacksAnother: "each memory store belongs to one service" })
describeRateLimitingService({ describe, it }, "sqlite", sqliteRateLimits, { fakeClock: true })
for (const kind of SERVER_KINDS) for (const client of ["node-redis", "ioredis"] as const) describeRateLimitsOnRedis(kind, client)
describeRateLimitsOnRedis("valkey", "iovalkey")
