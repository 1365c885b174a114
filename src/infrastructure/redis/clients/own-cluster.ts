import { setTimeout as pause } from "node:timers/promises"
import { isGarbage } from "../failures/classify.js"
import type { RedisClientLike } from "./client-shapes.js"
import { type ClientPackage, CONNECT_TIMEOUT_MS, credentialOptions, LONGEST_QUEUE, type OwnClient, Progress, streamRenewal } from "./own-clients.js"
import { reconnectDelay } from "./reconnect-delay.js"
import type { ClusterAddress, StoreNode } from "./store-url.js"

/** A connection that is idle says so this often, and one on which nothing at all happens is taken for hung. */
const PING_EVERY_MS = 2_000
const NOTHING_HAPPENS_MS = 5_000
/** How soon the nodes are asked for the topology anew when one of them is away. */
const REFRESH_AFTER_MS = 1_000
const REFRESH_EVERY_MS = 5_000
/** How long the first connection waits for all nodes: one that is away must not hold it up. */
const NODES_ANSWER_MS = 300
/** A slot that moves is tried again every 100 ms, so that this ends within the usual deadline of a call with a clear answer. */
const MOST_REDIRECTIONS = 8

/** The packages that can serve a cluster by its URL, best first. */
export function clusterPackages(address: ClusterAddress): readonly ClientPackage[] {
  return [
    { name: "@redis/client", load: async () => nodeRedis(await import("@redis/client"), address) },
    { name: "redis", load: async () => nodeRedis((await import("redis")) as unknown as typeof import("@redis/client"), address) },
    { name: "ioredis", load: async () => ioRedis((await import("ioredis")).Cluster, address) },
    { name: "iovalkey", load: async () => ioRedis((await import("iovalkey")).Cluster, address) },
  ]
}

function nodeRedis({ createCluster }: Pick<typeof import("@redis/client"), "createCluster">, address: ClusterAddress): () => OwnClient {
  return () => {
    let lastError: unknown
    const tls = address.tls ? { tls: true as const } : {}
    const client = createCluster({
      rootNodes: address.nodes.map(({ host, port }) => ({ socket: { host, port, ...tls } })),
      defaults: {
        ...credentialOptions(address),
        // A call that waits for a connection is better refused at once: its caller can then be told that nothing was sent.
        disableOfflineQueue: true,
        commandsQueueMaxLength: LONGEST_QUEUE,
        maintNotifications: "disabled",
        // A node that hangs while it is asked for the topology would otherwise hold up every later look at it.
        pingInterval: PING_EVERY_MS,
        socket: { ...tls, connectTimeout: CONNECT_TIMEOUT_MS, socketTimeout: NOTHING_HAPPENS_MS, reconnectStrategy: reconnectDelay },
      },
      // One node that is away must hold up neither the first connection nor a look at a changed topology.
      minimizeConnections: true,
      topologyRefreshOnReconnectionAttemptStrategy: REFRESH_AFTER_MS,
    })
    // Each failed call tells its caller; without a listener the event would end the process.
    client.on("error", (error: unknown) => {
      lastError = error
    })
    const progress = new Map<string, Progress>()
    const progressOf = (address: string): Progress => {
      const known = progress.get(address) ?? new Progress()
      progress.set(address, known)
      return known
    }
    const renew = (address: string | undefined): void => {
      const node: { address: string; client?: (typeof client.masters)[number]["client"] } | undefined = client.masters.find((one) => one.address === address)
      const silent = node?.client
      if (!node || !silent || (!silent.isReady && !progressOf(node.address).hangs())) return
      progressOf(node.address).note()
      // The next call makes another; the closed one would refuse it.
      node.client = undefined
      silent.destroy()
    }
    for (const event of ["node-connect", "node-reconnecting", "node-error"]) {
      client.on(event, (...details: readonly unknown[]) => {
        const { host, port } = details.at(-1) as StoreNode
        progressOf(`${host}:${port}`).note()
        // After garbage the client reads on, and takes each reply for that of the call before.
        if (event === "node-error" && isGarbage(details[0])) renew(`${host}:${port}`)
      })
    }
    return {
      client,
      renew,
      lookAround: atMostEvery(REFRESH_AFTER_MS, (address) => {
        const heard = client.masters.find((node) => node.address !== address && node.client?.isReady)?.client
        // Not among the documented members. Without it the client looks around when a connection is lost, or a node says that a slot is elsewhere.
        const { _slots: slots } = client as unknown as { readonly _slots?: { rediscover?(startWith: unknown): Promise<void> } }
        if (client.isOpen && heard) slots?.rediscover?.(heard).catch(() => undefined)
      }),
      connect: async () => {
        await client.connect().catch((error: unknown) => {
          throw lastError ?? error
        })
        // The first call of each node need not wait for its connection.
        for (const node of client.masters) Promise.resolve(client.nodeClient(node)).catch(() => undefined)
      },
      destroy: () => {
        if (client.isOpen) client.destroy()
      },
    }
  }
}

function ioRedis(Cluster: typeof import("ioredis").Cluster | typeof import("iovalkey").Cluster, address: ClusterAddress): () => OwnClient {
  return () => {
    let wasReady = false
    let lastError: unknown
    const client = new (Cluster as typeof import("ioredis").Cluster)([...address.nodes], {
      lazyConnect: true,
      scaleReads: "master",
      // Commands whose answer was lost are refused at once instead of being sent again, and those without a connection as well.
      enableOfflineQueue: false,
      retryDelayOnFailover: 0,
      maxRedirections: MOST_REDIRECTIONS,
      slotsRefreshInterval: REFRESH_EVERY_MS,
      clusterRetryStrategy: (attempt) => (wasReady ? reconnectDelay(attempt) : null),
      // Certificates are for names, and the client would look the name up first.
      ...(address.tls ? { dnsLookup: (name: string, callback: (error: null, found: string) => void) => callback(null, name) } : {}),
      redisOptions: {
        ...credentialOptions(address),
        ...(address.tls ? { tls: {} } : {}),
        connectTimeout: CONNECT_TIMEOUT_MS,
        maxRetriesPerRequest: 0,
      },
    })
    client.on("error", (error: unknown) => {
      // The event only says that no node could be used; why, a member of it says.
      lastError = (error as { readonly lastNodeError?: unknown }).lastNodeError ?? error
    })
    client.once("ready", () => {
      wasReady = true
    })
    const renewals = new WeakMap<object, () => void>()
    client.on("+node", (node: IoRedisNode) => {
      renewals.set(node, streamRenewal(node))
      if (wasReady && node.status === "wait") node.connect().catch(() => undefined)
    })
    return {
      client: client as RedisClientLike,
      renew: (address) => {
        const silent = client.nodes("master").find(({ options }) => `${options.host}:${options.port}` === address)
        if (silent) renewals.get(silent)?.()
      },
      lookAround: atMostEvery(REFRESH_AFTER_MS, () => {
        if (client.status === "ready") client.refreshSlotsCache()
      }),
      connect: async () => {
        await client.connect().catch((error: unknown) => {
          throw lastError ?? error
        })
        // Without an offline queue calls are refused as long as the connection to their node is being made.
        const nodesAnswer = Promise.allSettled(client.nodes("master").map((node) => node.ping()))
        await Promise.race([nodesAnswer, pause(NODES_ANSWER_MS, undefined, { ref: false })])
      },
      destroy: () => client.disconnect(),
    }
  }
}

interface IoRedisNode {
  readonly status: string
  readonly stream?: { destroy(): unknown }
  connect(): Promise<void>
  on(event: string, listener: () => void): unknown
}

function atMostEvery(milliseconds: number, work: (node: string) => void): (node: string) => void {
  let notBefore = 0
  return (node) => {
    if (performance.now() < notBefore) return
    notBefore = performance.now() + milliseconds
    work(node)
  }
}
