import type { Cluster } from "ioredis"
import type { RedisClusterType } from "redis"

export function clusterClient(
  library: "node-redis" | "ioredis",
  ports: readonly number[],
): Promise<{ readonly client: Cluster | RedisClusterType; end(): Promise<unknown> }>
