import { entryAt, shuffled } from "./order.js"
import { type Payload, payloadOf, userName } from "./payload.js"
import { usingUp } from "./pool.js"
import type { RawClient } from "./raw-client.js"
import { EVERYWHERE } from "./raw-commands.js"
import { isThere, type SessionRows } from "./session-case.js"
import type { ClientSettings } from "./session-settings.js"

/** A walk takes longer: what is laid ready for walks should not make the store larger that they go through. */
const WALKS_A_MS = 0.1

/** What most teams write at first: JSON under a random id, written back as a whole, and a walk over all keys to find one user's sessions. */
export function plainDesign({ raw, names: keys, count, bytes, ms }: ClientSettings): SessionRows {
  const order = shuffled(keys.length)
  const users = Math.ceil(count / 2)
  const read = async (key: string): Promise<Payload | null> => {
    const json = await raw.get(key)
    return json === null ? null : (JSON.parse(json) as Payload)
  }
  return {
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
    find: { name: "plain design, one user's sessions by SCAN", work: { call: (at) => scanFor(raw, userName(at % users)), isRight: hasSome } },
    findAndEnd: {
      name: `plain design, all ${EVERYWHERE} of a user by SCAN and DEL`,
      work: usingUp(
        async (at) => {
          const userId = `everywhere-${at}`
          const json = JSON.stringify({ ...payloadOf(0, bytes), userId })
          await Promise.all(Array.from({ length: EVERYWHERE }, () => raw.set(`plain:${crypto.randomUUID()}`, json)))
          return userId
        },
        async (userId) => (await raw.del(...(await scanFor(raw, userId)).map(({ key }) => key))) === EVERYWHERE,
        ms,
        WALKS_A_MS,
      ),
    },
  }
}

interface Found {
  readonly key: string
  readonly session: Payload
}

async function scanFor(raw: RawClient, user: string): Promise<readonly Found[]> {
  const found: Found[] = []
  let cursor = "0"
  do {
    const page = await raw.scan(cursor, "plain:*")
    cursor = page.cursor
    const values = page.keys.length === 0 ? [] : await raw.mget(page.keys)
    const sessions = values.flatMap((json, at) => (json === null ? [] : [{ key: page.keys[at] ?? "", session: JSON.parse(json) as Payload }]))
    found.push(...sessions.filter(({ session }) => session.userId === user))
  } while (cursor !== "0")
  return found
}

function hasSome(sessions: readonly unknown[]): boolean {
  return sessions.length > 0
}
