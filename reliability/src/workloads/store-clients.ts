export const CLIENT_NAMES = ["node-redis", "ioredis"] as const
export type ClientName = (typeof CLIENT_NAMES)[number]
