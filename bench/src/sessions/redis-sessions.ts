import library, { type RedisSessionsOptions } from "redis-sessions"
import { type CrowdSettings, crowd } from "./crowd.js"
import { entryAt, shuffled } from "./order.js"
import { PAYLOAD_BYTES, PER_USER, payloadOf } from "./payload.js"
import { usingUp } from "./pool.js"
import { EVERYWHERE, PAGE } from "./raw-commands.js"
import { isThere, type SessionRows } from "./session-case.js"
import type { SessionSettings } from "./session-settings.js"

const APP = "bench"
const DAY_SECONDS = 86_400
const LISTED_USERS = 20

/** redis-sessions as its page says, on the client of its own that it brings: node-redis 4. */
export function redisSessions({ url, count, bytes, ms }: SessionSettings): SessionRows {
  const store = opened({ options: { url } })
  const open = async (user: number): Promise<string> => (await store.create(sessionOf(user, bytes))).token
  const openSome = async (id: string, some: number): Promise<void> => {
    await Promise.all(Array.from({ length: some }, () => store.create({ ...sessionOf(0, bytes), id })))
  }
  const users = Math.ceil(count / 2)
  const order = shuffled(count)
  const tokens: string[] = []
  const prepare = async () => {
    if (tokens.length === 0) tokens.push(...(await crowd(count, (at) => open(Math.floor(at / PER_USER)))))
  }
  return {
    read: {
      name: "redis-sessions, get",
      work: { prepare, call: (at) => store.get({ app: APP, token: entryAt(tokens, order, at) }), isRight: isThere },
    },
    create: { name: "redis-sessions, create (no limit)", work: { call: (at) => open(at % users) } },
    update: {
      name: "redis-sessions, set (loses updates)",
      work: { prepare, call: (at) => store.set({ app: APP, token: entryAt(tokens, order, at), d: { views: at } }), isRight: isThere },
    },
    end: {
      name: "redis-sessions, kill",
      work: usingUp(
        (at) => open(at % users),
        async (token) => Number((await store.kill({ app: APP, token })).kill) === 1,
        ms,
      ),
    },
    endAll: {
      name: `redis-sessions, killsoid of a user's ${EVERYWHERE}`,
      work: usingUp(
        async (at) => {
          const id = `everywhere-${at}`
          await openSome(id, EVERYWHERE)
          return id
        },
        async (id) => (await store.killsoid({ app: APP, id })).kill === EVERYWHERE,
        ms,
      ),
    },
    list: {
      // It has no pages: this user has no more.
      name: `redis-sessions, soid of a user who has ${PAGE}`,
      work: {
        prepare: () => crowd(LISTED_USERS, (at) => openSome(`listed-${at}`, PAGE)),
        call: (at) => store.soid({ app: APP, id: `listed-${at % LISTED_USERS}` }),
        isRight: ({ sessions }: { readonly sessions: readonly unknown[] }) => sessions.length === PAGE,
      },
    },
  }
}

/** As many a user as of ours. */
export async function fillRedisSessions(url: string, count: number, settings: CrowdSettings): Promise<void> {
  const store = opened({ options: { url }, wipe: 0 })
  try {
    await crowd(count, (at) => store.create(sessionOf(Math.floor(at / PER_USER), PAYLOAD_BYTES)), settings)
  } finally {
    await store.quit()
  }
}

/** Its cache, which another process cannot empty but by a message that may be lost. */
export async function cachedRedisSessions({ url, count, bytes }: SessionSettings): Promise<SessionRows> {
  const store = opened({ options: { url }, cachetime: DAY_SECONDS, cachemax: count })
  const order = shuffled(count)
  const tokens = await crowd(count, async (at) => (await store.create(sessionOf(at, bytes))).token)
  const call = (at: number) => store.get({ app: APP, token: entryAt(tokens, order, at) })
  return { read: { name: "redis-sessions, get with its cache", work: { prepare: () => crowd(count, call), call, isRight: isThere } } }
}

/** It hears no error of its clients, which would end the process. */
function opened(options: RedisSessionsOptions) {
  const store = new library.default<Flat>(options)
  const { redis, redissub } = store as unknown as Clients
  for (const client of [redis, redissub]) client?.on("error", () => undefined)
  return store
}

interface Clients {
  readonly redis: Client
  readonly redissub: Client | null
}
interface Client {
  on(event: "error", listener: () => void): unknown
}

/** It keeps text, numbers and booleans alone. */
type Flat = { readonly roles: string; readonly views: number; readonly theme: string; readonly note: string; readonly userAgent: string }

function sessionOf(user: number, bytes: number) {
  const { userId, device, attributes } = payloadOf(user, bytes)
  const { roles, views, theme, note } = attributes
  return { app: APP, id: userId, ip: device.ip, ttl: DAY_SECONDS, d: { roles: roles.join(" "), views, theme, note, userAgent: device.userAgent } }
}
