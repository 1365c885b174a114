import { vi } from "vitest"
import type { OwnedSessionService, SessionAttributes, SessionEvent } from "../../exports/index.js"
import { createSessionService, type SessionServiceOptions } from "../../exports/index.js"
import { addressOfServer, openStore, type StoreAddress, type StoreClient } from "./store-places.js"

export type NearCached = Awaited<ReturnType<typeof nearCached>>

/**
 * A service with its near-cache on, once it serves, and what it said of itself.
 *
 * @param at the URL of one server, or where else the store is
 */
export async function nearCached(
  at: string | StoreAddress,
  options: Omit<SessionServiceOptions, "store" | "schema"> = {},
  through: StoreClient = "node-redis",
) {
  const { store, end } = await openStore(through, typeof at === "string" ? addressOfServer(at) : at)
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
      await end()
    },
  }
}
