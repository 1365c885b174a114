import type { RedisStore } from "connect-redis"
import type { SessionData } from "express-session"
import { entryAt } from "./order.js"
import { usingUp } from "./pool.js"
import type { BoardSettings } from "./raw-boards.js"
import type { SessionRows } from "./session-case.js"
import { expressSessionOf } from "./stored.js"

/** The store of express-session, called as express-session calls it. It knows node-redis alone. */
export function connectRedis(store: RedisStore, { stored: { ids }, order, bytes, ms }: BoardSettings) {
  const users = Math.ceil(ids.length / 2)
  const rows = {
    read: {
      name: "connect-redis, get and touch",
      work: {
        call: async (at) => {
          const id = entryAt(ids, order, at)
          const session: SessionData | null = await store.get(id)
          if (session !== null) await store.touch(id, session)
          return session
        },
        isRight: isThere,
      },
    },
    create: {
      name: "connect-redis, set (no list, no limit)",
      work: { call: (at) => store.set(`made-${crypto.randomUUID()}`, expressSessionOf(at % users, bytes)) },
    },
    update: {
      name: "connect-redis, get and set (loses updates)",
      work: {
        call: async (at) => {
          const id = entryAt(ids, order, at)
          const session: SessionData | null = await store.get(id)
          if (session !== null) await store.set(id, { ...session, views: at } as SessionData)
          return session
        },
        isRight: isThere,
      },
    },
    end: {
      name: "connect-redis, destroy",
      work: usingUp(
        async (at) => {
          const id = `doomed-${at}`
          await store.set(id, expressSessionOf(at % users, bytes))
          return id
        },
        async (id) => {
          await store.destroy(id)
          return true
        },
        ms,
      ),
    },
  } satisfies SessionRows
  return rows
}

function isThere(session: unknown): boolean {
  return session !== null
}
