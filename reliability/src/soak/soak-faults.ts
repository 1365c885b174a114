import { setTimeout as pause } from "node:timers/promises"
import { connectPlain } from "../servers/plain-client.js"
import type { StoreServer } from "../servers/StoreServer.js"

const STOPPED_MS = 2_000

/** What is done to the server now and then. Each is over when it returns. */
export const SOAK_FAULTS: Readonly<Record<string, (server: StoreServer, signal: AbortSignal) => Promise<void>>> = {
  "killed and started": async (server) => {
    await server.kill()
    await server.startAgain()
  },
  stopped: async (server, signal) => {
    server.pause()
    try {
      await pause(STOPPED_MS, undefined, { signal })
    } finally {
      server.resume()
    }
  },
  "scripts flushed": (server) => command(server, ["SCRIPT", "FLUSH"]),
  "connections killed": (server) => command(server, ["CLIENT", "KILL", "TYPE", "normal"]),
}

async function command(server: StoreServer, words: readonly string[]): Promise<void> {
  const client = await connectPlain(server.url)
  try {
    await client.sendCommand([...words])
  } finally {
    client.destroy()
  }
}

export interface ServerSample {
  readonly clients: number
  readonly memory: number
  readonly scripts: number
  readonly keys: number
  readonly withoutTtl: number
}

/** What the server says of itself. */
export async function sampleServer(server: StoreServer): Promise<ServerSample> {
  const client = await connectPlain(server.url)
  try {
    const info = await client.info()
    const number = (pattern: RegExp): number => Number(pattern.exec(info)?.[1] ?? 0)
    const keys = number(/^db0:keys=(\d+)/m)
    return {
      clients: number(/^connected_clients:(\d+)/m),
      memory: number(/^used_memory:(\d+)/m),
      scripts: number(/^number_of_cached_scripts:(\d+)/m),
      keys,
      withoutTtl: keys - number(/^db0:keys=\d+,expires=(\d+)/m),
    }
  } finally {
    client.destroy()
  }
}
