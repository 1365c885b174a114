import { SessionError } from "../../../domain/errors.js"
import type { IoRedisLike, NodeRedisLike, RedisClientLike } from "./client-shapes.js"
import { type OwnClient, streamRenewal } from "./own-clients.js"
import { reconnectDelay } from "./reconnect-delay.js"
import type { RecognisedClient } from "./topology.js"

/** What a duplicate of node-redis has beside what every form has. */
interface NodeRedisDuplicate {
  readonly isOpen: boolean
  connect(): Promise<unknown>
  destroy(): unknown
  on(event: string, listener: (value: unknown) => void): unknown
}

interface IoRedisDuplicate {
  readonly stream?: { destroy(): unknown }
  connect(): Promise<unknown>
  disconnect(): void
  on(event: string, listener: (value: unknown) => void): unknown
}

/**
 * A second client like the one that the application handed in, for commands that hold their connection up. It never sends a command twice, and
 * refuses at once what it cannot send; everything else is as the application set it.
 *
 * @throws ERR_CONFIG_INVALID for a cluster, whose changes would need a connection to each node, and for a pool, which cannot be duplicated
 */
export function secondConnection(recognised: RecognisedClient): OwnClient {
  if (recognised.form === "cluster" || recognised.form === "pool") throw cannotWait(recognised.form)
  return recognised.library === "ioredis" ? ioRedis(recognised.client) : nodeRedis(recognised.client, recognised.form)
}

/** The error where durability is asked for and cannot be had. */
export function cannotWait(form: "cluster" | "pool"): SessionError {
  return new SessionError(
    "ERR_CONFIG_INVALID",
    `Expected one server or Sentinels together with durability, got a ${form}. Leave the option out, or hand in a client or a URL of another form.`,
    { option: "durability" },
  )
}

function nodeRedis(original: NodeRedisLike & { readonly options?: unknown }, form: "client" | "sentinel"): OwnClient {
  const { duplicate } = original as unknown as { duplicate(overrides: object): RedisClientLike & NodeRedisDuplicate }
  const socket = { ...(original.options as { readonly socket?: object } | undefined)?.socket, reconnectStrategy: reconnectDelay }
  // Written once more elsewhere, a wait would speak of changes that it does not know.
  const overrides = form === "client" ? { disableOfflineQueue: true, socket } : { maxCommandRediscovers: 0, reserveClient: true, scanInterval: 5_000 }
  const client = duplicate.call(original, overrides)
  client.on("error", () => undefined)
  return {
    client,
    connect: async () => {
      await client.connect()
    },
    destroy: () => {
      if (client.isOpen) void Promise.resolve(client.destroy()).catch(() => undefined)
    },
  }
}

function ioRedis(original: IoRedisLike): OwnClient {
  const client = original.duplicate({
    lazyConnect: true,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: reconnectDelay,
  }) as IoRedisLike & IoRedisDuplicate
  client.on("error", () => undefined)
  return {
    client,
    connect: async () => {
      await client.connect()
    },
    destroy: () => client.disconnect(),
    renew: streamRenewal(client),
  }
}
