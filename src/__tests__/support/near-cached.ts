import { Redis as IoRedis } from "ioredis"
import { createClient } from "redis"
import { vi } from "vitest"
import type { OwnedSessionService, SessionAttributes, SessionEvent } from "../../exports/index.js"
import { createSessionService, type RedisClientLike, type SessionServiceOptions } from "../../exports/index.js"

export type NearCached = Awaited<ReturnType<typeof nearCached>>
export type NearCachedClient = "node-redis" | "ioredis" | "URL"
export const NEAR_CACHED_CLIENTS: readonly NearCachedClient[] = ["node-redis", "ioredis", "URL"]

/** Opens what a service gets as its store. */
async function openStore(through: NearCachedClient, url: string): Promise<{ readonly store: string | RedisClientLike; end(): void }> {
  if (through === "URL") return { store: url, end: () => undefined }
  if (through === "ioredis") {
    const client = new IoRedis(url)
    client.on("error", () => undefined)
    await client.ping()
    return { store: client, end: () => client.disconnect() }
  }
  const client = createClient({ url })
  client.on("error", () => undefined)
  await client.connect()
  return { store: client, end: () => client.destroy() }
}

/** A service with its near-cache on, once it serves, and what it said of itself. */
export async function nearCached(url: string, options: Omit<SessionServiceOptions, "store" | "schema"> = {}, through: NearCachedClient = "node-redis") {
  const { store, end } = await openStore(through, url)
  const events: SessionEvent[] = []
  const service: OwnedSessionService<SessionAttributes, SessionAttributes> = await createSessionService({
    nearCache: true,
    ...options,
    store,
    onEvent: (event) => events.push(event),
  })
  const said = (): boolean | undefined => events.flatMap((event) => (event.type === "near-cache" ? [event.serving] : [])).at(-1)
  /** Waits until it serves, or does not. */
  const serving = (wanted: boolean): Promise<void> =>
    vi.waitFor(
      () => {
        if (said() !== wanted) throw new Error(`Expected the near-cache to say that its serving is ${wanted}, it said ${said()}`)
      },
      { timeout: 20_000, interval: 5 },
    )
  await serving(true)
  return {
    service,
    events,
    serving,
    said,
    end: async (): Promise<void> => {
      await service.close()
      end()
    },
  }
}
