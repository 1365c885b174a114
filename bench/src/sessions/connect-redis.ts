import { RedisStore } from "connect-redis"
import type { SessionData } from "express-session"
import { entryAt, shuffled } from "./order.js"
import { userName } from "./payload.js"
import { usingUp } from "./pool.js"
import { isThere, type SessionRows } from "./session-case.js"
import type { ClientSettings } from "./session-settings.js"
import { expressSessionOf } from "./stored.js"

/** The store of express-session, called as express-session calls it. It knows node-redis alone. */
export function connectRedis({ raw, names: ids, count, bytes, ms }: ClientSettings): SessionRows {
  const store = new RedisStore({ client: raw.client })
  const order = shuffled(ids.length)
  const users = Math.ceil(count / 2)
  return {
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
    find: {
      name: "connect-redis, one user's sessions by all()",
      work: {
        call: async (at) => {
          const sessions: readonly { readonly userId: string }[] = await store.all()
          return sessions.filter(({ userId }) => userId === userName(at % users))
        },
        isRight: (sessions: readonly unknown[]) => sessions.length > 0,
      },
    },
  }
}
