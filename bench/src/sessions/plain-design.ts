import { entryAt } from "./order.js"
import { type Payload, payloadOf } from "./payload.js"
import { usingUp } from "./pool.js"
import type { BoardSettings } from "./raw-boards.js"
import type { SessionRows } from "./session-case.js"

/** What most teams write at first: JSON under a random id, written back as a whole, and a walk over all keys to find one user's sessions. */
export function plainDesign({ raw, stored: { keys }, order, bytes, ms }: BoardSettings) {
  const users = Math.ceil(keys.length / 2)
  const read = async (key: string): Promise<Payload | null> => {
    const json = await raw.get(key)
    return json === null ? null : (JSON.parse(json) as Payload)
  }
  const rows = {
    read: {
      name: "plain design, GET and EXPIRE",
      work: {
        call: async (at) => {
          const key = entryAt(keys, order, at)
          const session = await read(key)
          if (session !== null) await raw.expire(key)
          return session
        },
        isRight: isThere,
      },
    },
    create: {
      name: "plain design, SET (no list, no limit)",
      work: { call: (at) => raw.set(`made:${crypto.randomUUID()}`, JSON.stringify(payloadOf(at % users, bytes))) },
    },
    update: {
      name: "plain design, GET, modify, SET (loses updates)",
      work: {
        call: async (at) => {
          const key = entryAt(keys, order, at)
          const session = await read(key)
          if (session !== null) await raw.set(key, JSON.stringify({ ...session, attributes: { ...session.attributes, views: at } }))
          return session
        },
        isRight: isThere,
      },
    },
    end: {
      name: "plain design, DEL",
      work: usingUp(
        async (at) => {
          const key = `left:${at}`
          await raw.set(key, JSON.stringify(payloadOf(at % users, bytes)))
          return key
        },
        async (key) => (await raw.del(key)) === 1,
        ms,
      ),
    },
  } satisfies SessionRows
  return rows
}

function isThere(session: unknown): boolean {
  return session !== null
}
