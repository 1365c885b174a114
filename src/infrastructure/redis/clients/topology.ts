import { SessionError } from "../../../domain/errors.js"
import { describe } from "../../../shared/assertions.js"
import type { IoRedisFeatures, IoRedisLike, NodeRedisClusterNode, NodeRedisFeatures, NodeRedisLike } from "./client-shapes.js"

/** A client whose form is known and which reads from primaries only. */
export type RecognisedClient =
  | { readonly library: "node-redis"; readonly form: NodeRedisForm; readonly client: NodeRedisLike & NodeRedisFeatures }
  | { readonly library: "ioredis"; readonly form: IoRedisForm; readonly client: IoRedisLike & IoRedisFeatures }

export type NodeRedisForm = "client" | "pool" | "cluster" | "sentinel"
export type IoRedisForm = "client" | "cluster"

/** Sends a command to one certain node. */
export type NodeSender = (args: readonly string[], signal: AbortSignal) => Promise<unknown>

/** A node of a cluster by its address. */
export interface Primary {
  readonly name: string
  readonly send: NodeSender
}

/**
 * Tells by its shape what kind of client was handed in. Subclasses, duplicates and views keep the shape; `instanceof` would fail for a second
 * copy of the package. Nothing is sent.
 *
 * @throws ERR_CONFIG_INVALID for what is no client, and for a client that would read from replicas, change keys, or cannot take commands
 */
export function recogniseClient(value: unknown): RecognisedClient {
  try {
    return recognise(value)
  } catch (error) {
    throw SessionError.is(error) ? error : refused("a client that can be read", "an object that throws when it is read", "Hand in the client object itself.")
  }
}

function recognise(value: unknown): RecognisedClient {
  if (typeof value === "object" && value !== null) {
    if (has(value, "call") && "status" in value && has(value, "duplicate")) return recogniseIoRedis(value as IoRedisLike & IoRedisFeatures)
    if (has(value, "sendCommand") && has(value, "withTypeMapping")) return recogniseNodeRedis(value as NodeRedisLike & NodeRedisFeatures)
    if (has(value, "sendCommand")) {
      throw refused(
        "a node-redis client of version 5.8 or later itself",
        "an older one, or its legacy() view",
        "Update the package, and hand in what createClient() returned.",
      )
    }
  }
  throw refused(
    "a URL, or a client of node-redis, ioredis or iovalkey",
    describe(value),
    "Hand in the client object itself, not a promise of it and not a pipeline.",
  )
}

function recogniseNodeRedis(client: NodeRedisLike & NodeRedisFeatures): RecognisedClient {
  const form = nodeRedisForm(client)
  refuseKeyPrefix(client._keyPrefix)
  if (client.options?.readonly === true) throw readsFromReplicas("readonly")
  if (client._options?.useReplicas === true) throw readsFromReplicas("useReplicas")
  if ((client._options?.replicaPoolSize ?? 0) > 0) throw readsFromReplicas("replicaPoolSize")
  if (client.isPubSubActive === true && client.options?.RESP === 2) throw cannotTakeCommands("that is subscribed over RESP2")
  return { library: "node-redis", form, client }
}

function nodeRedisForm(client: object): NodeRedisForm {
  if ("nodeByAddress" in client) return "cluster"
  if ("getMasterNode" in client) return "sentinel"
  if ("totalClients" in client) return "pool"
  if ("duplicate" in client && "isReady" in client) return "client"
  throw refused(
    "a node-redis client, pool, cluster or sentinel",
    "another object of that library, such as a lease of a sentinel's client",
    "Hand in what createClient(), createClientPool(), createCluster() or createSentinel() returned.",
  )
}

function recogniseIoRedis(client: IoRedisLike & IoRedisFeatures): RecognisedClient {
  const form = client.isCluster === true ? "cluster" : "client"
  const options = client.options ?? {}
  refuseKeyPrefix(options.keyPrefix)
  refuseKeyPrefix(options.redisOptions?.keyPrefix)
  if (form === "cluster" && (options.scaleReads ?? "master") !== "master") throw readsFromReplicas("scaleReads")
  if (form === "client" && options.readOnly === true) throw readsFromReplicas("readOnly")
  if (form === "client" && options.sentinels && options.role === "slave") throw readsFromReplicas("role")
  if (options.monitor === true || client.mode === "monitor") throw cannotTakeCommands("in monitor mode")
  if (client.mode === "subscriber") throw cannotTakeCommands("that is subscribed")
  return { library: "ioredis", form, client }
}

/**
 * The primaries of a cluster as its client knows them now, in the order of their addresses, so that a walk over the nodes by number meets each
 * once while the topology stands still. A client that has not found them yet has none.
 */
export function primariesOf(
  recognised: RecognisedClient,
  sendTo: (node: NodeRedisLike | IoRedisLike, args: readonly string[], signal: AbortSignal) => Promise<unknown>,
): readonly Primary[] {
  if (recognised.library === "ioredis") {
    const nodes = recognised.client.nodes?.("master") ?? []
    return byName(nodes.map((node) => ({ name: addressOf(node), send: (args, signal) => sendTo(node, args, signal) })))
  }
  const { client } = recognised
  const sender = (node: NodeRedisClusterNode): NodeSender => {
    return async (args, signal) => {
      const nodeClient = await client.nodeClient?.(node)
      if (nodeClient === undefined) throw new TypeError("no client for this node")
      return sendTo(nodeClient, args, signal)
    }
  }
  return byName((client.masters ?? []).map((node) => ({ name: node.address, send: sender(node) })))
}

/** The `host:port` of a node of ioredis. */
export function addressOf({ options }: IoRedisLike & IoRedisFeatures): string {
  return `${options?.host}:${options?.port}`
}

function byName(nodes: readonly Primary[]): readonly Primary[] {
  return nodes.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

function has(value: object, method: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>>)[method] === "function"
}

function refuseKeyPrefix(keyPrefix: unknown): void {
  if (keyPrefix === undefined || keyPrefix === null || keyPrefix === "") return
  throw refused(
    "a client without a key prefix of its own",
    "one with it",
    "The keys that scripts build inside the server would lack it. Give the prefix to this library instead: its option keyPrefix.",
  )
}

function readsFromReplicas(option: string): SessionError {
  return refused(
    "a client that reads from primaries",
    `one whose option ${option} makes it read from replicas`,
    "A replica may still hold a session that was ended. Hand in a client without that option; it may share its other settings.",
  )
}

function cannotTakeCommands(what: string): SessionError {
  return refused("a client that takes commands", `one ${what}`, "Hand in a client of its own, e.g. what duplicate() returns.")
}

function refused(expected: string, got: string, remedy: string): SessionError {
  return new SessionError("ERR_CONFIG_INVALID", `Expected store to be ${expected}, got ${got}. ${remedy}`, { option: "store" })
}
