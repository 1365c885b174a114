import { SessionError } from "../../../domain/errors.js"
import type { IoRedisOptions } from "./client-shapes.js"
import { isMissing } from "./own-clients.js"
import type { NodeRedisForm, RecognisedClient } from "./topology.js"
import { type MakeTrackingClient, TRACKING, TRACKING_SOCKET, type TrackingClient } from "./tracked-connection.js"

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
  }
  readonly stream?: { readonly remoteAddress?: string; readonly remotePort?: number; readonly servername?: unknown } | null
}

type CreateClient = (options: object) => TrackingClient

/**
 * How tracked connections are made for a client: by node-redis as duplicates of its own connection; by ioredis and iovalkey, which drop what a server
 * says unasked, with `@redis/client`. The client itself is only read.
 *
 * @throws ERR_CONFIG_INVALID for a cluster, and where `@redis/client` is needed and not installed
 */
export async function trackingClients(recognised: RecognisedClient): Promise<MakeTrackingClient> {
  if (recognised.form === "cluster") throw noCluster()
  if (recognised.library === "node-redis") {
    const { client, form } = recognised
    return async () => duplicated(await connectionOf(client, form))
  }
  const create = await loadCreateClient()
  return async () => create({ ...TRACKING, ...addressOf(recognised.client as unknown as IoRedisAddress) })
}

export function noCluster(): SessionError {
  return new SessionError(
    "ERR_CONFIG_INVALID",
    "Expected one server or Sentinels together with nearCache, got a cluster. Leave the option out: reads of a cluster go to its nodes.",
  )
}

/** One plain connection of a client: itself, one of a pool, or a Sentinel client's to the primary. */
async function connectionOf(client: object, form: NodeRedisForm): Promise<Duplicable> {
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
  const { username, password, db = 0, tls, path, sentinels } = options
  const server = sentinels ? { host: stream?.remoteAddress, port: stream?.remotePort } : { host: options.host, port: options.port }
  if (path == null && server.host === undefined) throw new Error("The client is offline: no primary is connected")
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
    if (found !== undefined) return found.createClient as unknown as CreateClient
  }
  throw new SessionError(
    "ERR_CONFIG_INVALID",
    "Expected @redis/client together with nearCache and a client of ioredis or iovalkey, which drop what the server says of changed keys, got none. Install it: npm install @redis/client",
  )
}
