import { createHash } from "node:crypto"
import { createClient, createClientPool } from "@redis/client"
import { Redis as IoRedis } from "ioredis"
import { Redis as IoValkey } from "iovalkey"
import type { RedisScript } from "../../domain/interfaces/redis/IRedisService.js"
import type { RedisClientLike } from "../../infrastructure/redis/clients/client-shapes.js"

/** A client as an application would make it, with the means to look at it and to end it. */
export interface MadeClient {
  readonly client: RedisClientLike
  /** Sends a command past the service under test. */
  raw(...args: string[]): Promise<unknown>
  /** Whether the application's client is still open. */
  isOpen(): boolean
  listeners(): number
  end(): Promise<void>
}

/** The four kinds of client, connected with their default settings. */
export const CLIENT_MAKERS: Readonly<Record<string, (port: number) => Promise<MadeClient>>> = {
  "node-redis client": async (port) => {
    const client = createClient({ url: `redis://127.0.0.1:${port}` })
    client.on("error", () => undefined)
    await client.connect()
    return {
      client,
      raw: (...args) => client.sendCommand(args),
      isOpen: () => client.isOpen,
      listeners: () => countListeners(client),
      end: async () => void (client.isOpen && client.destroy()),
    }
  },
  "node-redis pool": async (port) => {
    const client = createClientPool({ url: `redis://127.0.0.1:${port}` })
    client.on("error", () => undefined)
    await client.connect()
    return {
      client,
      raw: (...args) => client.sendCommand(args),
      isOpen: () => client.isOpen,
      listeners: () => countListeners(client),
      end: async () => client.destroy(),
    }
  },
  ioredis: async (port) => ioRedis(new IoRedis(port, "127.0.0.1")),
  iovalkey: async (port) => ioRedis(new IoValkey(port, "127.0.0.1") as unknown as IoRedis),
}

function ioRedis(client: IoRedis): MadeClient {
  client.on("error", () => undefined)
  return {
    client,
    raw: (command, ...args) => client.call(command ?? "", ...args),
    isOpen: () => client.status === "ready",
    listeners: () => countListeners(client),
    end: async () => client.disconnect(),
  }
}

function countListeners(emitter: { eventNames(): (string | symbol)[]; listenerCount(name: string | symbol): number }): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)
}

/** A script of the tests' own. */
export function scriptOf(source: string, readOnly = false): RedisScript {
  return { name: "test", source, sha1: createHash("sha1").update(source).digest("hex"), readOnly }
}
