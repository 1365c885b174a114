/** The names under which the container knows its parts. */
export const DI_TOKENS = {
  SESSION_SERVICE: "sessionService",
  SESSION_OPTIONS: "sessionOptions",
  REDIS_SERVICE: "redisService",
} as const
