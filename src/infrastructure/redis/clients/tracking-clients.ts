import { SessionError } from "../../../domain/errors.js"
import type { IoRedisFeatures, IoRedisOptions, NodeRedisFeatures } from "./client-shapes.js"
import { keySlot } from "./key-slot.js"
import { type CreateClient, isMissing, makeNodeRedis } from "./own-clients.js"
import type { NodeRedisForm, RecognisedClient } from "./topology.js"
import { PLAIN, TRACKING, TRACKING_SOCKET, type TrackingClient, type TrackingClients } from "./tracked-connection.js"

interface Duplicable {
  readonly options?: { readonly socket?: object }
  duplicate(overrides: object): TrackingClient
}

/** What is read of an ioredis client to reach the server that it is connected to. */
interface IoRedisAddress {
  readonly options: IoRedisOptions & {
    readonly path?: string | null
    readonly tls?: object | null
    readonly username?: string | null
    readonly password?: string | null
    readonly db?: number
    readonly enableTLSForSentinelMode?: boolean
  }
  readonly stream?: { readonly remoteAddress?: string; readonly remotePort?: number; readonly servername?: unknown } | null
}

/**
 * How tracked connections are made for a client: by node-redis as duplicates of its own connections; by ioredis and iovalkey, which drop what a server
 * says unasked, with `@redis/client`. The client itself is only read; one that the application made is also asked which database it
 * reads, which has one that connects lazily connect.
 *
 * @throws ERR_CONFIG_INVALID where `@redis/client` is needed and not installed
 */
export async function trackingClients(recognised: RecognisedClient, isOwn: boolean): Promise<TrackingClients> {
  if (recognised.library === "node-redis") {
    const { client, form } = recognised
    if (form === "cluster") return ofNodeRedisCluster(client)
    // The connections of pools and Sentinel clients go back to the database that they were made with.
    const ask = form === "client" && !isOwn ? (command: readonly string[]) => client.sendCommand(command, PLAIN) : undefined
    return { ...ofOne(async () => duplicated(await connectionOf(client, form))), ask }
  }
  const { client, form } = recognised
  const createClient = await loadCreateClient()
  const make = async (node: unknown): Promise<TrackingClient> =>
    makeNodeRedis(createClient, { ...TRACKING, ...addressOf(node as IoRedisAddress) } as object) as unknown as TrackingClient
  if (form === "cluster") return ofIoRedisCluster(client, make)
  return { ...ofOne(() => make(client)), ask: isOwn ? undefined : (command) => client.call(...command) }
}

const PRIMARY = "primary"

function ofOne(make: () => Promise<TrackingClient>): TrackingClients {
  return { nodes: () => [PRIMARY], nodeOf: () => PRIMARY, make }
}

function ofNodeRedisCluster(client: NodeRedisFeatures): TrackingClients {
  return {
    nodes: () => client.masters?.map(({ address }) => address) ?? [],
    nodeOf: (key) => client.slots?.[keySlot(key)]?.master?.address,
    make: async (name) => {
      const node = client.masters?.find(({ address }) => address === name)
      return duplicated(present(node && (await client.nodeClient?.(node))) as unknown as Duplicable)
    },
  }
}

function ofIoRedisCluster(client: IoRedisFeatures, make: (node: unknown) => Promise<TrackingClient>): TrackingClients {
  const named = (): readonly { readonly name: string; readonly node: unknown }[] =>
    (client.nodes?.("master") ?? []).map((node) => {
      const { host, port } = (node as unknown as IoRedisAddress).options
      return { name: `${host}:${port}`, node }
    })
  return {
    nodes: () => named().map(({ name }) => name),
    nodeOf: (key) => client.slots?.[keySlot(key)]?.[0],
    make: async (wanted) => make(present(named().find(({ name }) => name === wanted)).node),
  }
}

function present<T>(node: T | undefined): T {
  if (node === undefined) throw offline()
  return node
}

function offline(): Error {
  return new Error("The client is offline: no primary is connected")
}

/** One plain connection of a client: itself, one of a pool, or a Sentinel client's to the primary. */
async function connectionOf(client: object, form: Exclude<NodeRedisForm, "cluster">): Promise<Duplicable> {
  if (form === "client") return client as Duplicable
  const own = (one: Duplicable): Promise<Duplicable> => Promise.resolve(one)
  if (form === "pool") return (client as { execute(task: typeof own): Promise<Duplicable> }).execute(own)
  return (client as { _execute(isReadOnly: boolean, task: typeof own): Promise<Duplicable> })._execute(false, own)
}

function duplicated(original: Duplicable): TrackingClient {
  return original.duplicate({ ...TRACKING, socket: { ...original.options?.socket, ...TRACKING_SOCKET } })
}

/** The server that the client speaks to now: behind Sentinels only the socket itself tells which. */
function addressOf({ options, stream }: IoRedisAddress): object {
  const { username, password, db = 0, path, sentinels } = options
  // Which ioredis keeps to itself otherwise.
  const tls = sentinels && !options.enableTLSForSentinelMode ? null : options.tls
  const server = sentinels ? { host: stream?.remoteAddress, port: stream?.remotePort } : { host: options.host, port: options.port }
  if (path == null && server.host === undefined) throw offline()
  const name = typeof stream?.servername === "string" && stream.servername !== "" ? { servername: stream.servername } : {}
  const secure = tls ? { ...(sentinels ? name : {}), ...tls, tls: true } : {}
  return {
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    database: db,
    socket: { ...(path == null ? server : { path }), ...secure, ...TRACKING_SOCKET },
  }
}

/** @throws ERR_CONFIG_INVALID */
async function loadCreateClient(): Promise<CreateClient> {
  for (const [name, load] of Object.entries({ "@redis/client": () => import("@redis/client"), redis: () => import("redis") })) {
    const found = await load().catch((error: unknown) => {
      if (isMissing(error, name)) return undefined
      throw error
    })
    if (found !== undefined) return found.createClient
  }
  throw new SessionError(
    "ERR_CONFIG_INVALID",
    "Expected @redis/client together with nearCache and a client of ioredis or iovalkey, which drop what the server says of changed keys, got none. Install it: npm install @redis/client",
  )
}
