import library, { type RedisSessionsOptions } from "redis-sessions"
import { type CrowdSettings, crowd } from "./crowd.js"
import { entryAt, shuffled } from "./order.js"
import { PAYLOAD_BYTES, PER_USER, payloadOf } from "./payload.js"
import { usingUp } from "./pool.js"
import { isThere, type SessionRows } from "./session-case.js"
import type { SessionSettings } from "./session-settings.js"

const APP = "bench"
const DAY_SECONDS = 86_400

/** redis-sessions as its page says, on the client of its own that it brings: node-redis 4. */
export function redisSessions({ url, count, bytes, ms }: SessionSettings): SessionRows {
  const store = opened({ options: { url } })
  const open = async (user: number): Promise<string> => (await store.create(sessionOf(user, bytes))).token
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
