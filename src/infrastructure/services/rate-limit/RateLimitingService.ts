import type { RateLimitRules } from "../../../domain/interfaces/rate-limit/IRateLimitingService.js"
import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import { RateLimitFront } from "./RateLimitFront.js"
import { RedisRateLimits } from "./RedisRateLimits.js"
import { type RateLimitOptions, resolveRateLimits } from "./rate-limit-settings.js"

/** Rate limits on Redis or Valkey. */
export class RateLimitingService<R extends RateLimitRules> extends RateLimitFront<R> {
  /** @param isOwner - whether `close` ends the connection: not where another service goes on with it */
  constructor(redis: IRedisService, options: RateLimitOptions<R>, isOwner = true) {
    super(new RedisRateLimits(redis, resolveRateLimits(options), isOwner), options)
  }
}
