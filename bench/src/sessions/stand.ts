import { StoreServer } from "coatcheck-reliability/servers"
import { RedisStore } from "connect-redis"
import type { GroupSettings } from "../group.js"
import { ServerMeter } from "../server/ServerMeter.js"
import type { ClientName } from "../targets/targets.js"
import { openNodeRedis } from "./node-redis.js"
import type { Library, SessionSettings } from "./session-settings.js"
import { fillKeys, fillSessions, fillStore, type Stored, serviceOn } from "./stored.js"

export interface Stand {
  readonly server: StoreServer
  readonly meter: ServerMeter
  /** What the process of a library is told. */
  settingsOf(library: Library, client: ClientName): SessionSettings
}

interface Sized {
  /** Of sessions. */
  readonly count: number
  /** Of each session's JSON. */
  readonly bytes: number
  /** How long a slice takes. */
  readonly ms: number
}

/** A server of its own with so many sessions, in each form that is measured, for as long as the work takes. */
export async function withStored<T>(size: Sized, settings: GroupSettings, work: (stand: Stand) => Promise<T>): Promise<T> {
  await using server = await StoreServer.start("redis")
  await using meter = new ServerMeter(server.url)
  const stored = await fill(server.url, size, settings)
  const { count, bytes, ms } = size
  return await work({
    server,
    meter,
    settingsOf: (library, client) => ({ library, client, url: server.url, names: namesFor(library, stored), count, bytes, ms }),
  })
}

async function fill(url: string, { count, bytes }: Sized, { signal, onProgress }: GroupSettings): Promise<Stored> {
  const raw = await openNodeRedis(url)
  const sessions = await serviceOn(raw.client)
  const told = (what: string) => ({ bytes, signal, onProgress: (done: number) => onProgress(`storing ${what}: ${done} of ${count}`) })
  try {
    const tokens = await fillSessions(sessions, count, told("sessions"))
    const keys = await fillKeys(raw, count, told("bare JSON"))
    const ids = await fillStore(new RedisStore({ client: raw.client }), count, told("sessions of express-session"))
    return { tokens, keys, ids }
  } finally {
    await sessions.close()
    raw.close()
  }
}

/** None for libraries that store sessions of their own. */
function namesFor(library: Library, { tokens, keys, ids }: Stored): readonly string[] {
  if (library === "coatcheck" || library === "coatcheck with its near-cache") return tokens
  if (library === "raw" || library === "the least" || library === "plain design" || library === "node-redis with its cache") return keys
  return library === "connect-redis" ? ids : []
}
