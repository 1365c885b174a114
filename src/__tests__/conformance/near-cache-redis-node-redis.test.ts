import { describeOnRedis } from "../support/redis-store.js"

describeOnRedis("redis", "node-redis", true)
