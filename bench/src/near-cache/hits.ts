import { createClient } from "redis"
import type { GroupSettings } from "../group.js"
import type { ServerMeter } from "../server/ServerMeter.js"
import { crowd } from "../sessions/crowd.js"
import { measureBoards, type SliceSize } from "../sessions/measured-boards.js"
import { entryAt, shuffled } from "../sessions/order.js"
import { PAYLOAD_BYTES } from "../sessions/payload.js"
import { rawCommands } from "../sessions/raw-boards.js"
import type { RawClient } from "../sessions/raw-clients.js"
import { cachedRedisSessionsOn } from "../sessions/redis-sessions.js"
import { type SessionCase, share } from "../sessions/session-case.js"
import type { MeasuredBoard } from "../sessions/session-table.js"
import { type Stored, serviceOn } from "../sessions/stored.js"

interface HitSettings extends GroupSettings, SliceSize {
  readonly url: string
  readonly stored: Stored
}

/** Reads of sessions that were read before, beside the raw GET of the same client. */
export async function measureHits(raw: RawClient, meter: ServerMeter, settings: HitSettings): Promise<readonly MeasuredBoard[]> {
  const { stored, url, signal } = settings
  const { tokens } = stored
  const order = shuffled(tokens.length)
  const service = await serviceOn(raw.client, { nearCache: true })
  const read = (at: number) => service.getSession(entryAt(tokens, order, at))
  await crowd(tokens.length, read, { signal })
  const hit: SessionCase = {
    name: "coatcheck, near-cache hit",
    work: { call: read, isRight: (session) => session !== null },
    wanted: [share(64, `near-cache ${raw.name}`)],
  }
  const peers =
    raw.name === "node-redis"
      ? [await cachedGet(url, stored.keys, order, signal), await cachedRedisSessionsOn(url, { order, bytes: PAYLOAD_BYTES, signal })]
      : []
  const { get } = rawCommands({ raw, stored, order, ms: settings.ms, bytes: PAYLOAD_BYTES })
  try {
    return await measureBoards([{ baseline: get, cases: [hit, ...peers.map((peer) => peer.read)] }], meter, settings)
  } finally {
    await Promise.all([service.close(), ...peers.map((peer) => peer.close())])
  }
}

/** The client-side cache that node-redis has: text is kept, so each read parses again. */
async function cachedGet(url: string, keys: readonly string[], order: readonly number[], signal: AbortSignal) {
  const client = createClient({ url, RESP: 3, clientSideCache: { ttl: 0, maxEntries: keys.length, evictPolicy: "LRU" } })
  client.on("error", () => undefined)
  await client.connect()
  const get = async (at: number): Promise<unknown> => JSON.parse((await client.get(entryAt(keys, order, at))) ?? "null")
  await crowd(keys.length, get, { signal })
  const read: SessionCase = { name: "node-redis with its own cache, GET and JSON.parse", work: { call: get, isRight: (session) => session !== null } }
  return { read, close: async () => client.destroy() }
}
