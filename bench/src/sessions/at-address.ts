import type { SessionToken } from "coatcheck"
import { clientAtAddress } from "./client-at-address.js"
import { entryAt, shuffled } from "./order.js"
import { ourPages } from "./our-pages.js"
import { type Payload, PER_USER, payloadOf } from "./payload.js"
import { makingMore, usingUp } from "./pool.js"
import { PAGE } from "./raw-commands.js"
import { isThere, type SessionRows, share, type Wanted } from "./session-case.js"
import type { SessionSettings } from "./session-settings.js"
import { fillSessions, openOn, serviceOn } from "./stored.js"

const WANTED_IN_MEMORY: readonly Wanted[] = [{ ...share(64, "memory-read"), figure: "rate" }]

/** Ours, with sessions of its own in the store there: over a client of a server or a cluster, or opened by itself where there is none. */
export async function atAddress({ client, url, count, bytes, ms }: SessionSettings): Promise<SessionRows> {
  const sessions = await serviceOn(url.startsWith("redis") ? (await clientAtAddress(client, url)).client : url)
  const order = shuffled(count)
  const tokens: SessionToken[] = []
  const prepare = async () => {
    if (tokens.length === 0) tokens.push(...(await fillSessions(sessions, count, {})))
  }
  const open = (at: number) => openOn(sessions, at % Math.ceil(count / PER_USER), bytes)
  const work = { prepare, call: (at: number) => sessions.getSession(entryAt(tokens, order, at)), isRight: isThere }
  const [name, wanted] =
    url === "memory:" ? ["coatcheck in memory", WANTED_IN_MEMORY] : [url.startsWith("sqlite:") ? "coatcheck in a SQLite file" : "coatcheck", []]
  return {
    read: { name: `${name}, read`, work, wanted },
    update: {
      name: `${name}, update of one attribute`,
      work: { prepare, call: (at) => sessions.updateSession(entryAt(tokens, order, at), { views: at }), isRight: isThere },
    },
    create: { name: `${name}, create (no limit)`, work: makingMore(open, (token) => sessions.deleteSession(token)) },
    list: { name: `${name}, ${PAGE} of a user's sessions`, work: ourPages(sessions) },
    end: { name: `${name}, delete`, work: usingUp(open, (token) => sessions.deleteSession(token), ms) },
  }
}

/** Sessions in a map of this process. */
export function mapOf({ count, ms }: SessionSettings): SessionRows {
  const map = new Map<number | string, Payload>(Array.from({ length: count }, (_, at) => [at, payloadOf(at)] as const))
  const order = shuffled(count)
  const open = async (at: number): Promise<string> => {
    const key = crypto.randomUUID()
    map.set(key, payloadOf(at % count))
    return key
  }
  return {
    read: { name: "Map get and structuredClone", work: { call: async (at) => structuredClone(map.get(entryAt(order, order, at))) } },
    update: { name: "Map set", work: { call: async (at) => map.set(entryAt(order, order, at), payloadOf(at % count)) } },
    create: { name: "Map set of another key", work: makingMore(open, async (key) => map.delete(key)) },
    list: {
      name: `Map get and structuredClone of ${PAGE}`,
      work: { call: async (at) => Array.from({ length: PAGE }, (_, place) => structuredClone(map.get(entryAt(order, order, at * PAGE + place)))) },
    },
    end: { name: "Map delete", work: usingUp(open, async (key) => map.delete(key), ms) },
  }
}
