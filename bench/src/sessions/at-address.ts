import type { SessionToken } from "coatcheck"
import { entryAt, shuffled } from "./order.js"
import { payloadOf } from "./payload.js"
import { type SessionRows, share } from "./session-case.js"
import type { SessionSettings } from "./session-settings.js"
import { fillSessions, serviceOn } from "./stored.js"

/** Ours, which opens the store by itself and has sessions of its own there. */
export async function atAddress({ url, count }: SessionSettings): Promise<SessionRows> {
  const sessions = await serviceOn(url)
  const order = shuffled(count)
  const tokens: SessionToken[] = []
  const prepare = async () => tokens.push(...(await fillSessions(sessions, count, {})))
  const work = { prepare, call: (at: number) => sessions.getSession(entryAt(tokens, order, at)), isRight: (session: unknown) => session !== null }
  if (url === "memory:") return { read: { name: "coatcheck in memory, read", work, wanted: [{ ...share(64, "memory-read"), figure: "rate" }] } }
  return { read: { name: url.startsWith("sqlite:") ? "coatcheck in a SQLite file, read" : "coatcheck, read", work } }
}

/** Sessions in a map of this process. */
export function mapOf({ count }: SessionSettings): SessionRows {
  const map = new Map(Array.from({ length: count }, (_, at) => [at, payloadOf(at)] as const))
  const order = shuffled(count)
  return { read: { name: "Map get and structuredClone", work: { call: async (at) => structuredClone(map.get(entryAt(order, order, at))) } } }
}
