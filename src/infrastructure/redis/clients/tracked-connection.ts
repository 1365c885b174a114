import type { Tracking } from "../../../domain/interfaces/redis/IRedisService.js"
import { replyWord } from "../failures/classify.js"
import type { NodeRedisCommandOptions } from "./client-shapes.js"
import { textOrNull } from "./replies.js"

/** A node-redis client over RESP3 whose server tells of changed keys. */
export interface TrackingClient {
  readonly isOpen: boolean
  connect(): Promise<unknown>
  destroy(): unknown
  unref?(): void
  sendCommand(command: readonly string[], options: Omit<NodeRedisCommandOptions, "abortSignal">): Promise<unknown>
  on(event: string, listener: (detail: unknown) => void): unknown
}

/** Clients of the primaries. */
export interface TrackingClients extends Pick<Tracking, "nodes" | "nodeOf"> {
  /** Makes a client of one of them, without connecting it. */
  make(node: string): Promise<TrackingClient>
  /** Asks the application's own connection, where `SELECT` may have led it to another database than it was made with. */
  readonly ask?: ((command: readonly string[]) => Promise<unknown>) | undefined
}

/** What a client needs for it: it turns tracking on itself, before it is ready, and ends with its connection, because the next one knows of no key. */
export const TRACKING = {
  RESP: 3,
  emitInvalidate: true,
  clientSideCache: undefined,
  disableOfflineQueue: true,
  maintNotifications: "disabled",
  pingInterval: undefined,
} as const

/** The same of its socket. */
export const TRACKING_SOCKET = { reconnectStrategy: false, socketTimeout: undefined, connectTimeout: 2_000 } as const

/** Whatever the application gave its client: plain replies, and no timer. */
export const PLAIN = { typeMapping: {}, timeout: undefined } as const

/** How long a server that has taken a connection may take to greet, in milliseconds: no client counts that. */
const GREETING_MS = 2_000

/** Opens tracked connections, each with a client of its own. */
export function tracked(clients: TrackingClients): Tracking {
  const open: Tracking["open"] = async (node, listener) => {
    const client = await clients.make(node)
    let isOver = false
    const destroy = (): void => {
      if (client.isOpen) client.destroy()
    }
    const end = (cause?: unknown): void => {
      if (isOver) return
      isOver = true
      listener.closed(cause)
      // The client is in the middle of telling of it.
      setImmediate(destroy)
    }
    for (const event of ["error", "reconnecting", "end"]) client.on(event, end)
    client.on("invalidate", (key) => listener.invalidated(textOrNull(key)))
    const late = setTimeout(() => end(silent()), TRACKING_SOCKET.connectTimeout + GREETING_MS).unref()
    try {
      await client.connect()
      if (clients.ask !== undefined && !isOver) await follow(client, clients.ask)
    } catch (error) {
      end(error)
      throw error
    } finally {
      clearTimeout(late)
    }
    // Calls wait on the application's own connection, and this one alone must not keep the process alive.
    client.unref?.()
    return { send: (command) => client.sendCommand(command, PLAIN), close: () => end() }
  }
  return { nodes: () => clients.nodes(), nodeOf: (key) => clients.nodeOf(key), open }
}

/** Has a tracked connection read the database that the application's own reads now. */
async function follow(client: TrackingClient, ask: NonNullable<TrackingClients["ask"]>): Promise<void> {
  const [wanted, current] = await Promise.all([databaseOf(ask), databaseOf((command) => client.sendCommand(command, PLAIN))])
  if (wanted !== undefined && wanted !== current) await client.sendCommand(["SELECT", wanted], PLAIN)
}

/** The number of the database that a connection reads; `undefined` where its user may not ask. */
async function databaseOf(ask: NonNullable<TrackingClients["ask"]>): Promise<string | undefined> {
  const told = await ask(["CLIENT", "INFO"]).catch((error: unknown) => {
    if (replyWord(error) === "NOPERM") return null
    throw error
  })
  return / db=(\d+)/.exec(textOrNull(told) ?? "")?.[1]
}

function silent(): Error {
  return Object.assign(new Error("Expected the server to greet, got silence"), { code: "ETIMEDOUT" })
}
