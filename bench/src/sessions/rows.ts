import { RedisStore } from "connect-redis"
import { betterAuthOn, type PeerSettings } from "./better-auth.js"
import { connectRedis } from "./connect-redis.js"
import { ironSession } from "./iron-session.js"
import { oursOn } from "./ours.js"
import { plainDesign } from "./plain-design.js"
import { type BoardSettings, rawCommands } from "./raw-boards.js"
import type { openNodeRedis } from "./raw-clients.js"
import { redisSessionsOn } from "./redis-sessions.js"
import type { SessionRows } from "./session-case.js"

/** Ours, and what stands beside it, on one client. */
export async function rowsOn(settings: BoardSettings) {
  const { client } = settings.raw
  const ours = await oursOn(settings)
  // It knows node-redis alone.
  const peer = settings.raw.name === "node-redis" ? connectRedis(new RedisStore({ client }), settings) : null
  return {
    raw: rawCommands(settings),
    ours: ours.rows,
    otherReads: ours.otherReads,
    others: [plainDesign(settings), ...(peer === null ? [] : [peer])],
    close: ours.close,
  }
}

/** Peers that bring a client of their own, take node-redis alone, or ask no server: they stand beside node-redis. */
export async function morePeers(url: string, raw: Awaited<ReturnType<typeof openNodeRedis>>, settings: BoardSettings & PeerSettings) {
  const others = [await betterAuthOn(raw, settings), await ironSession(settings.bytes)]
  const { rows, close } = await redisSessionsOn(url, settings)
  const peers: readonly SessionRows[] = [rows, ...others]
  return { peers, close }
}

/** What each of them does for one kind of work. */
export function casesOf(peers: readonly SessionRows[], kind: keyof SessionRows) {
  return peers.flatMap((rows) => rows[kind] ?? [])
}
