import { StoreServer } from "coatcheck-reliability/servers"
import { RedisStore } from "connect-redis"
import type { GroupSettings } from "../group.js"
import { ServerMeter } from "../server/ServerMeter.js"
import { PAYLOAD_BYTES } from "./payload.js"
import { openNodeRedis } from "./raw-clients.js"
import { fillKeys, fillSessions, fillStore, type Stored, serviceOn } from "./stored.js"

interface Sized {
  /** Of each session's JSON. */
  readonly bytes?: number
}

export interface Stand {
  readonly server: StoreServer
  readonly meter: ServerMeter
  readonly stored: Stored
}

/** A server of its own with so many sessions, in each form that is measured, for as long as the work takes. */
export async function withStored<T>(count: number, settings: GroupSettings & Sized, work: (stand: Stand) => Promise<T>): Promise<T> {
  await using server = await StoreServer.start("redis")
  await using meter = new ServerMeter(server.url)
  return await work({ server, meter, stored: await fill(server.url, count, settings) })
}

async function fill(url: string, count: number, { signal, onProgress, bytes = PAYLOAD_BYTES }: GroupSettings & Sized): Promise<Stored> {
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
