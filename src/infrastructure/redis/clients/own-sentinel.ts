import { replyWord } from "../failures/classify.js"
import type { RedisClientLike } from "./client-shapes.js"
import { type ClientPackage, CONNECT_TIMEOUT_MS, credentialOptions, type MakeClient, nodeRedis, type OwnClient, streamRenewal } from "./own-clients.js"
import { PrimaryFollower } from "./PrimaryFollower.js"
import { reconnectDelay } from "./reconnect-delay.js"
import type { SentinelAddress } from "./store-url.js"

/** How long a connection that is left may stay open on the other side's account: a server that hangs never closes it. */
const LEAVES_WITHIN_MS = 200
const SENTINEL_ANSWERS_MS = 2_000

/** The packages that can serve Sentinels by their URL, best first. */
export function sentinelPackages(address: SentinelAddress): readonly ClientPackage[] {
  return [
    { name: "@redis/client", load: async () => follower(nodeRedis(await import("@redis/client")), address) },
    { name: "redis", load: async () => follower(nodeRedis(await import("redis")), address) },
    { name: "ioredis", load: async () => ioRedis((await import("ioredis")).Redis, address) },
    { name: "iovalkey", load: async () => ioRedis((await import("iovalkey")).Redis, address) },
  ]
}

/** Whether a client failed because a Sentinel knows no primary of the name. */
export function isUnknownPrimary(error: unknown): boolean {
  return error instanceof Error && /No such master with that name|invalid reply: null/.test(error.message)
}

function follower(make: MakeClient, address: SentinelAddress): () => OwnClient {
  return () => new PrimaryFollower(make, address)
}

function ioRedis(Redis: typeof import("ioredis").Redis | typeof import("iovalkey").Redis, address: SentinelAddress): () => OwnClient {
  return () => {
    let wasReady = false
    let isLeft = false
    let comesBack: NodeJS.Timeout | undefined
    let lastError: unknown
    const { sentinelUsername, sentinelPassword, tls } = address
    const again = (attempt: number): number | null => (wasReady ? reconnectDelay(attempt) : null)
    const client = new (Redis as typeof import("ioredis").Redis)({
      name: address.primaryName,
      sentinels: [...address.nodes],
      ...credentialOptions(address),
      ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
      ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
      ...(tls ? { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true } : {}),
      db: address.database,
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      sentinelCommandTimeout: SENTINEL_ANSWERS_MS,
      // A primary that hangs keeps its connections, so that only a Sentinel's message tells of the new one.
      failoverDetector: true,
      // Not among the documented options: where it is unknown, leaving takes 2 s.
      ...{ disconnectTimeout: LEAVES_WITHIN_MS },
      // Commands whose answer was lost are refused at once instead of being sent again, and those without a connection as well.
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy: again,
      sentinelRetryStrategy: again,
      sentinelReconnectStrategy: reconnectDelay,
      // A primary that became a replica is left, and nothing is sent again.
      reconnectOnError: (error) => (error.message.startsWith("READONLY") ? 1 : false),
    })
    client.on("error", (error: unknown) => {
      lastError ??= error
    })
    client.on("sentinelError", (error: unknown) => {
      lastError = causeOf(error)
    })
    client.once("ready", () => {
      wasReady = true
    })
    // The client takes a Sentinel's word of a failover for an order to disconnect, and where it comes while a primary is being asked for, it ends for good.
    client.on("end", () => {
      if (wasReady && !isLeft) comesBack = setTimeout(() => void client.connect().catch(() => undefined), reconnectDelay(0)).unref()
    })
    return {
      client: client as RedisClientLike,
      connect: async () => {
        await client.connect().catch((error: unknown) => {
          throw lastError ?? error
        })
        // iovalkey goes on as the default user where that one needs no password.
        if (replyWord(lastError) === "WRONGPASS") throw lastError
        // Where the database does not exist there was an event alone, and the client would go on in database 0.
        if (address.database !== 0) await client.call("select", String(address.database))
      },
      destroy: () => {
        isLeft = true
        clearTimeout(comesBack)
        client.disconnect()
      },
      renew: streamRenewal(client),
    }
  }
}

// ioredis wraps a Sentinel's answer into a sentence.
function causeOf(error: unknown): unknown {
  const cause = error instanceof Error ? /^failed to connect to sentinel \S+ because (.*)$/s.exec(error.message)?.[1] : undefined
  return cause === undefined ? error : new Error(cause)
}
