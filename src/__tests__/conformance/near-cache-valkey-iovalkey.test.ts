import { describeOnRedis } from "../support/redis-store.js"

describeOnRedis("valkey", "iovalkey", true)
