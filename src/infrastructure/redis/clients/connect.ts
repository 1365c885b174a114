import { SessionError } from "../../../domain/errors.js"
import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import { classifyFailure, replyWord, socketCode } from "../failures/classify.js"
import type { ClientServiceOptions } from "./ClientRedisService.js"
import type { RedisClientLike } from "./client-shapes.js"
import { IoRedisService } from "./IoRedisService.js"
import { NodeRedisService } from "./NodeRedisService.js"
import { CLIENT_PACKAGES, makeOwnClient, type OwnClient } from "./own-clients.js"
import { hostAndPort, parseStoreUrl } from "./store-url.js"
import { recogniseClient } from "./topology.js"

/** Settings of `connectRedis`. */
export interface ConnectOptions {
  /** How long each call may take, and the first connection too, in milliseconds, from 1. */
  readonly timeoutMs: number
  /** Which package a URL is served with; the first installed one otherwise. */
  readonly clientPackage?: "@redis/client" | "redis" | "ioredis" | "iovalkey" | undefined
}

/**
 * Makes the Redis side of a store: from a URL with a client of its own, which `close()` ends; or from a client that the application made, which
 * stays open, keeps its settings, and to which nothing is sent here.
 *
 * @param store - a `redis://` or `rediss://` URL, or a client of node-redis, ioredis or iovalkey
 * @throws ERR_CONFIG_INVALID for a bad URL or a client that cannot be used · ERR_STORE_UNAVAILABLE when the server cannot be reached within
 * `timeoutMs` · ERR_STORE_REFUSED when it does not let this user in. Messages name host and port, never a password.
 */
export async function connectRedis(store: string | RedisClientLike, options: ConnectOptions): Promise<IRedisService> {
  if (typeof store !== "string") return serviceOver(store, { timeoutMs: options.timeoutMs })
  const address = parseStoreUrl(store)
  const { clientPackage } = options
  const own = await makeOwnClient(address, clientPackage ? CLIENT_PACKAGES.filter(({ name }) => name === clientPackage) : CLIENT_PACKAGES)
  await connectOwn(own, hostAndPort(address), options.timeoutMs)
  return serviceOver(own.client, { timeoutMs: options.timeoutMs, release: () => own.destroy() })
}

function serviceOver(client: RedisClientLike, options: ClientServiceOptions): IRedisService {
  const recognised = recogniseClient(client)
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

function connectFailure(error: unknown, where: string): SessionError {
  if (SessionError.is(error)) return error
  if (replyWord(error) !== undefined) return classifyFailure(error, { readOnly: true, sent: "maybe", store: `The store at ${where}` })
  const code = socketCode(error)
  const remedy = /CERT|UNABLE_TO_VERIFY/.test(code)
    ? "Its certificate is not trusted: name its authority in NODE_EXTRA_CA_CERTS."
    : "Is a server running there, and is the address right? redis:// is without TLS, rediss:// with it."
  return new SessionError("ERR_STORE_UNAVAILABLE", `Cannot connect to the store at ${where}${code ? ` (${code})` : ""}. ${remedy}`)
}

function noAnswer(where: string, timeoutMs: number): SessionError {
  return new SessionError(
    "ERR_STORE_UNAVAILABLE",
    `The store at ${where} did not answer within ${timeoutMs} ms. Is it stopped, or behind a firewall, or does it use TLS (rediss://)?`,
  )
}
