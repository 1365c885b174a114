/**
 * What the clients look like, written down structurally, so that no client's own types stand in this library's typings:
 * an application's version of a client, or a wrapper of one, fits as long as it has these members.
 */

/** A node-redis client, pool, cluster or sentinel (`redis` or `@redis/client`, 5.8 to 6). */
// biome-ignore lint/suspicious/noExplicitAny: the four forms take different arguments, and typed ones would refuse three of them.
export type NodeRedisLike = { sendCommand(...args: any[]): Promise<unknown>; withTypeMapping(...args: any[]): unknown }

/** An ioredis (5 or 6) or iovalkey client or cluster. */
// biome-ignore lint/suspicious/noExplicitAny: as above; the two packages overload these in different ways.
export type IoRedisLike = { call(...args: any[]): Promise<unknown>; readonly status: string; duplicate(...args: any[]): unknown }

/** A client that an application can hand in. */
export type RedisClientLike = NodeRedisLike | IoRedisLike

/** Options of one command of node-redis; each overrides what the application gave its client. */
export interface NodeRedisCommandOptions {
  readonly typeMapping: Readonly<Record<never, never>>
  readonly timeout: undefined
  readonly abortSignal: AbortSignal
}

/** What is read of a node-redis client of any form; each member exists on some forms only. */
export interface NodeRedisFeatures {
  readonly isOpen?: boolean
  readonly isPubSubActive?: boolean
  readonly options?: { readonly readonly?: boolean; readonly RESP?: number } | undefined
  readonly _keyPrefix?: unknown
  readonly _options?: { readonly useReplicas?: boolean; readonly replicaPoolSize?: number } | undefined
  readonly masters?: readonly NodeRedisClusterNode[]
  /** By slot. */
  readonly slots?: readonly ({ readonly master?: NodeRedisClusterNode } | undefined)[]
  nodeClient?(node: NodeRedisClusterNode): NodeRedisLike | Promise<NodeRedisLike>
  execute?<T>(task: (client: NodeRedisLike) => Promise<T>): Promise<T>
  on?(event: string, listener: (detail: unknown) => void): unknown
  removeListener?(event: string, listener: (detail: unknown) => void): unknown
}

/** A node as node-redis lists it. */
export interface NodeRedisClusterNode {
  readonly address: string
}

/** What is read of an ioredis or iovalkey client; each member exists on some versions and forms only. */
export interface IoRedisFeatures {
  readonly isCluster?: boolean
  readonly mode?: string
  readonly options?: IoRedisOptions
  /** By slot, the `host:port` of the primary first. */
  readonly slots?: readonly (readonly string[] | undefined)[]
  nodes?(role: "master" | "all"): readonly IoRedisLike[]
  // biome-ignore lint/suspicious/noExplicitAny: the same arguments as `call`.
  callBuffer?(...args: any[]): Promise<unknown>
  on?(event: "close" | "ready" | "+node", listener: (node: unknown) => void): unknown
  removeListener?(event: "close" | "ready" | "+node", listener: (node: unknown) => void): unknown
}

/** The options of an ioredis or iovalkey client that matter here. */
export interface IoRedisOptions {
  readonly host?: string
  readonly port?: number
  readonly keyPrefix?: unknown
  readonly readOnly?: boolean
  readonly role?: string
  readonly sentinels?: unknown
  readonly monitor?: boolean
  readonly scaleReads?: unknown
  readonly stringNumbers?: boolean
  readonly enableAutoPipelining?: boolean
  readonly redisOptions?: IoRedisOptions
}
