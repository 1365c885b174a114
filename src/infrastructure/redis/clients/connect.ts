import { SessionError } from "../../../domain/errors.js"
import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import { DurableWrites } from "../durability/DurableWrites.js"
import type { Durability } from "../durability/durability.js"
import { classifyFailure, replyWord, socketCode } from "../failures/classify.js"
import type { ClientRedisService, ClientServiceOptions } from "./ClientRedisService.js"
import type { RedisClientLike } from "./client-shapes.js"
import { connectionOf } from "./connection-facts.js"
import { IoRedisService } from "./IoRedisService.js"
import { NodeRedisService } from "./NodeRedisService.js"
import { CLIENT_PACKAGES, makeOwnClient, type OwnClient } from "./own-clients.js"
import { clusterPackages } from "./own-cluster.js"
import { isUnknownPrimary, sentinelPackages } from "./own-sentinel.js"
import { cannotWait, secondConnection } from "./second-connection.js"
import { hostsAndPorts, hostsOf, parseStoreUrl, type StoreNode, type StoreTarget } from "./store-url.js"
import { recogniseClient } from "./topology.js"
import { tracked } from "./tracked-connection.js"
import { trackingClients } from "./tracking-clients.js"

/** Settings of `connectRedis`. */
export interface ConnectOptions {
  /** How long each call may take, and the first connection too, in milliseconds, from 1. */
  readonly timeoutMs: number
  /** Which package a URL is served with; the first installed one otherwise. */
  readonly clientPackage?: "@redis/client" | "redis" | "ioredis" | "iovalkey" | undefined
  /** How far a change has to have come before its call answers; "none" by default. */
  readonly durability?: Durability | undefined
  /** Goes before every key. */
  readonly keyPrefix?: string | undefined
  /** Whether a near-cache is to read over connections of its own; false by default. */
  readonly nearCache?: boolean | undefined
}

/**
 * Makes the Redis side of a store: from a URL with a client of its own, which `close()` ends; or from a client that the application made, which
 * stays open, keeps its settings, and to which nothing is sent here.
 *
 * @param store - a URL of a server (`redis://`), a cluster (`redis+cluster://`) or Sentinels (`redis+sentinel://`), each also over TLS (`rediss…`),
 * or a client of node-redis, ioredis or iovalkey
 * @throws ERR_CONFIG_INVALID for a bad URL, a client that cannot be used, or `durability` that cannot be had · ERR_STORE_UNAVAILABLE when the server cannot be reached within
 * `timeoutMs` · ERR_STORE_REFUSED when it does not let this user in. Messages name host and port, never a password.
 */
export async function connectRedis(store: string | RedisClientLike, options: ConnectOptions): Promise<IRedisService> {
  const { timeoutMs, clientPackage } = options
  if (typeof store !== "string") {
    const main = serviceOver(store, { timeoutMs, ...(await trackingOf(store, false, options)) })
    return withDurability(main, options, "the client's address", async () => secondConnection(recogniseClient(store)))
  }
  const target = parseStoreUrl(store)
  if (target.kind === "cluster" && (options.durability ?? "none") !== "none") throw cannotWait("cluster")
  const own = await ownClientFor(target, clientPackage)
  const tracking = await trackingOf(own.client, true, options)
  await connectOwn(own, hostsAndPorts(target), timeoutMs)
  const connection = { encrypted: target.address.tls, hosts: hostsOf(target) }
  const main = serviceOver(own.client, { timeoutMs, own, connection, ...tracking })
  return withDurability(main, options, hostsAndPorts(target), () => ownClientFor(target, clientPackage))
}

async function trackingOf(client: RedisClientLike, isOwn: boolean, { nearCache = false }: ConnectOptions): Promise<Pick<ClientServiceOptions, "tracking">> {
  return nearCache ? { tracking: tracked(await trackingClients(recogniseClient(client), isOwn)) } : {}
}

async function withDurability(main: IRedisService, options: ConnectOptions, where: string, makeSecond: () => Promise<OwnClient>): Promise<IRedisService> {
  const { durability = "none", timeoutMs, keyPrefix = "" } = options
  if (durability === "none") return main
  let line: ClientRedisService | undefined
  try {
    const second = await makeSecond()
    await connectOwn(second, where, timeoutMs)
    line = serviceOver(second.client, { timeoutMs, own: second })
    return await DurableWrites.open(main, line, { durability, timeoutMs, keyPrefix })
  } catch (error) {
    await Promise.all([line?.close(), main.close()])
    throw error
  }
}

function ownClientFor(target: StoreTarget, clientPackage: ConnectOptions["clientPackage"]): Promise<OwnClient> {
  const wanted = <T extends { readonly name: string }>(packages: readonly T[]): readonly T[] =>
    clientPackage ? packages.filter(({ name }) => name === clientPackage) : packages
  if (target.kind === "server") return makeOwnClient(target.address, wanted(CLIENT_PACKAGES))
  const { nodes, ...access } = target.address
  const packages = target.kind === "cluster" ? clusterPackages(target.address) : sentinelPackages(target.address)
  return makeOwnClient({ ...(nodes[0] as StoreNode), database: 0, ...access }, wanted(packages))
}

function serviceOver(client: RedisClientLike, given: ClientServiceOptions): ClientRedisService {
  const recognised = recogniseClient(client)
  const options = { connection: connectionOf(recognised), ...given }
  return recognised.library === "ioredis" ? new IoRedisService(recognised, options) : new NodeRedisService(recognised, options)
}

async function connectOwn(own: OwnClient, where: string, timeoutMs: number): Promise<void> {
  const connecting = own.connect()
  let timer: NodeJS.Timeout | undefined
  const timeUp = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(noAnswer(where, timeoutMs)), timeoutMs)
  })
  try {
    await Promise.race([connecting, timeUp])
  } catch (error) {
    own.destroy()
    // A connection that is made after all, later, must not stay open.
    connecting.then(
      () => own.destroy(),
      () => undefined,
    )
    throw connectFailure(error, where)
  } finally {
    clearTimeout(timer)
  }
}

const NOT_REACHED = "Is a server running there, and is the address right? redis:// is without TLS, rediss:// with it."
/** By the code of a TLS error. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^CERT_HAS_EXPIRED$/, "Its certificate has expired: renew it on the server."],
  [/^CERT_NOT_YET_VALID$/, "Its certificate is not valid yet: compare the clocks of server and client."],
  [/ALTNAME/, "Its certificate is for another host: name the server as its certificate does."],
  [/CERT|UNABLE_TO_/, "Its certificate is not trusted: name its authority in NODE_EXTRA_CA_CERTS."],
]

function connectFailure(error: unknown, where: string): SessionError {
  if (SessionError.is(error)) return error
  if (isUnknownPrimary(error)) {
    return new SessionError("ERR_STORE_REFUSED", `The Sentinel at ${where} watches no primary of that name. Correct the name in the URL's path.`)
  }
  if (replyWord(error) !== undefined) return classifyFailure(error, { readOnly: true, sent: "maybe", store: `The store at ${where}` })
  const code = socketCode(error)
  const [, remedy] = REMEDIES.find(([pattern]) => pattern.test(code)) ?? [undefined, NOT_REACHED]
  return new SessionError("ERR_STORE_UNAVAILABLE", `Cannot connect to the store at ${where}${code ? ` (${code})` : ""}. ${remedy}`)
}

function noAnswer(where: string, timeoutMs: number): SessionError {
  return new SessionError(
    "ERR_STORE_UNAVAILABLE",
    `The store at ${where} did not answer within ${timeoutMs} ms. Is it stopped, or behind a firewall, or does it use TLS (rediss://)?`,
  )
}
