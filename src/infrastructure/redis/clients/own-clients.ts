import { SessionError } from "../../../domain/errors.js"
import { isGarbage, replyWord } from "../failures/classify.js"
import type { RedisClientLike } from "./client-shapes.js"
import { reconnectDelay } from "./reconnect-delay.js"
import type { StoreAccess, StoreAddress } from "./store-url.js"

/** A client of this library's own. */
export interface OwnClient {
  readonly client: RedisClientLike
  /** Connects once; rejects with the client's error when that fails. Lost connections are made again only after this has succeeded. */
  connect(): Promise<void>
  /** Ends the connection and all attempts to make it. May be called twice. */
  destroy(): void
  /** Ends a connection on which nothing was heard, and makes another. @param node - of a cluster: the node's `host:port` */
  renew?(node?: string): void
  /** Asks a cluster's other nodes who serves what, because one node is not heard. */
  lookAround?(node: string): void
}

/** Makes a client of one package. */
export type MakeClient = (address: StoreAddress) => OwnClient

/** How long one attempt to connect may take. */
export const CONNECT_TIMEOUT_MS = 5_000
/** Commands that may wait in a client of node-redis. */
export const LONGEST_QUEUE = 10_000

/** A package that can serve a URL. */
export interface ClientPackage {
  readonly name: string
  load(): Promise<MakeClient>
}

/** The packages that can serve a URL, best first. */
export const CLIENT_PACKAGES: readonly ClientPackage[] = [
  { name: "@redis/client", load: async () => nodeRedis(await import("@redis/client")) },
  { name: "redis", load: async () => nodeRedis(await import("redis")) },
  { name: "ioredis", load: async () => ioRedis((await import("ioredis")).Redis) },
  { name: "iovalkey", load: async () => ioRedis((await import("iovalkey")).Redis) },
]

/**
 * Makes a client from the first of these packages that is installed, without connecting it.
 *
 * @throws ERR_CONFIG_INVALID when none is
 */
export async function makeOwnClient(address: StoreAddress, packages: readonly ClientPackage[]): Promise<OwnClient> {
  for (const { name, load } of packages) {
    const make = await load().catch((error: unknown) => {
      if (isMissing(error, name)) return undefined
      throw error
    })
    if (make) return make(address)
  }
  throw new SessionError("ERR_CONFIG_INVALID", "A store given by its URL needs a client package, and none is installed. Install one: npm install @redis/client")
}

// A package that is there but lacks one of its own dependencies is a broken installation, and must not be passed over in silence.
export function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return code === "ERR_MODULE_NOT_FOUND" && typeof message === "string" && message.includes(`'${name}'`)
}

/** User name and password as a client's options: what is not given must not be there at all. */
export function credentialOptions({ username, password }: Pick<StoreAccess, "username" | "password">): {
  readonly username?: string
  readonly password?: string
} {
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) }
}

/**
 * A connection that is being made is left alone as long as something happens to it. One may also hang there: a server that was stopped takes
 * connections, and says nothing.
 */
export class Progress {
  #at = performance.now()
  readonly note = (): void => {
    this.#at = performance.now()
  }

  hangs(): boolean {
    return performance.now() - this.#at >= CONNECT_TIMEOUT_MS
  }
}

export type CreateClient = typeof import("@redis/client")["createClient"]

/** One of each package, never connected. */
const ORIGINALS = new WeakMap<CreateClient, ReturnType<CreateClient>>()

/**
 * A client of node-redis that is not connected. Where options differ from the last ones by so much as a port, `createClient` makes a class anew, with a
 * method for each command: 15 to 40 ms of the event loop. A duplicate has its original's class.
 */
export function makeNodeRedis(createClient: CreateClient, options: Parameters<CreateClient>[0]): ReturnType<CreateClient> {
  let original = ORIGINALS.get(createClient)
  if (original === undefined) {
    original = createClient({ maintNotifications: "disabled" })
    ORIGINALS.set(createClient, original)
  }
  return original.duplicate(options)
}

/** Makes clients of one server. */
export function nodeRedis({ createClient }: { readonly createClient: CreateClient }): MakeClient {
  return ({ host, port, tls, username, password, database }) => {
    let wasReady = false
    const client = makeNodeRedis(createClient, {
      ...credentialOptions({ username, password }),
      database,
      // A call that waits for a connection is better refused at once: its caller can then be told that nothing was sent.
      disableOfflineQueue: true,
      commandsQueueMaxLength: LONGEST_QUEUE,
      maintNotifications: "disabled",
      socket: {
        host,
        port,
        ...(tls ? { tls: true as const } : {}),
        connectTimeout: CONNECT_TIMEOUT_MS,
        // Without one the client stays closed for ever after some failures.
        reconnectStrategy: (attempt) => (wasReady ? reconnectDelay(attempt) : false),
      },
    })
    // Each failed call tells its caller; without a listener the event would end the process. After garbage the client reads on, and takes each reply
    // for that of the call before.
    client.on("error", (error: unknown) => {
      if (isGarbage(error)) renew()
    })
    client.once("ready", () => {
      wasReady = true
    })
    const progress = new Progress()
    for (const event of ["error", "connect", "reconnecting"]) client.on(event, progress.note)
    let isEnded = false
    let again: NodeJS.Timeout | undefined
    const renew = (): void => {
      if (isEnded || (!client.isReady && !progress.hangs())) return
      progress.note()
      clearTimeout(again)
      if (client.isOpen) client.destroy()
      again = setTimeout(() => void client.connect().catch(() => undefined), reconnectDelay(1)).unref()
    }
    return {
      client,
      connect: async () => {
        await client.connect()
        // Over RESP2, the default of version 5, nothing was asked yet that would show a missing password. Not every user may PING.
        await client.sendCommand(["PING"]).catch((error: unknown) => {
          if (replyWord(error) !== "NOPERM") throw error
        })
      },
      destroy: () => {
        isEnded = true
        clearTimeout(again)
        // Version 5 throws where there is nothing left to destroy.
        if (client.isOpen) client.destroy()
      },
      renew,
    }
  }
}

function ioRedis(Redis: typeof import("ioredis").Redis | typeof import("iovalkey").Redis): MakeClient {
  return ({ host, port, tls, username, password, database }) => {
    let wasReady = false
    let lastError: unknown
    const client = new (Redis as typeof import("ioredis").Redis)({
      host,
      port,
      ...credentialOptions({ username, password }),
      ...(tls ? { tls: {} } : {}),
      db: database,
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      // Commands whose answer was lost are refused at once instead of being sent again, and those without a connection as well.
      maxRetriesPerRequest: 0,
      enableOfflineQueue: false,
      retryStrategy: (attempt) => (wasReady ? reconnectDelay(attempt) : null),
    })
    client.on("error", (error: unknown) => {
      lastError = error
    })
    client.once("ready", () => {
      wasReady = true
    })
    return {
      client,
      connect: async () => {
        // The promise says only that the connection was closed; why, the event before it said.
        await client.connect().catch((error: unknown) => {
          throw lastError ?? error
        })
        // Where the database does not exist there was an event alone, and the client would go on in database 0.
        if (database !== 0) await client.call("select", database)
      },
      destroy: () => client.disconnect(),
      renew: streamRenewal(client),
    }
  }
}

/** Makes the connection of an ioredis or iovalkey client anew. */
export function streamRenewal(client: {
  readonly status: string
  readonly stream?: { destroy(): unknown }
  on(event: string, listener: () => void): unknown
}): () => void {
  const progress = new Progress()
  for (const event of ["close", "connect", "reconnecting"]) client.on(event, progress.note)
  return () => {
    if (client.status === "end" || (client.status !== "ready" && !progress.hangs())) return
    progress.note()
    // disconnect() waits for the other side, which is silent. Without its stream the client connects again by itself.
    client.stream?.destroy()
  }
}
