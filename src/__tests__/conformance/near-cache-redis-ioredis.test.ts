import { describeOnRedis } from "../support/redis-store.js"

describeOnRedis("redis", "ioredis", true)
