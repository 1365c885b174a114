import { describeOnRedis } from "../support/redis-store.js"

describeOnRedis("valkey", "node-redis", true)
