import { entryAt } from "./order.js"
import { type Payload, payloadOf, userName } from "./payload.js"
import type { BoardSettings } from "./raw-boards.js"
import type { SessionCase } from "./session-case.js"

/** What most teams write at first: JSON under a random id, written back as a whole, and a walk over all keys to find one user's sessions. */
export function plainDesign({ raw, stored: { keys }, order }: BoardSettings) {
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
      work: { call: (at) => raw.set(`made:${crypto.randomUUID()}`, JSON.stringify(payloadOf(at % users))) },
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
    list: {
      name: "plain design, one user's sessions by SCAN",
      work: {
        call: async (at) => {
          const found: Payload[] = []
          let cursor = "0"
          do {
            const page = await raw.scan(cursor, "plain:*")
            cursor = page.cursor
            const values = page.keys.length === 0 ? [] : await raw.mget(page.keys)
            const sessions = values.flatMap((json) => (json === null ? [] : [JSON.parse(json) as Payload]))
            found.push(...sessions.filter(({ userId }) => userId === userName(at % users)))
          } while (cursor !== "0")
          return found
        },
      },
    },
  } satisfies Readonly<Record<string, SessionCase>>
  return rows
}

function isThere(session: unknown): boolean {
  return session !== null
}
