import redisSessions, { type RedisSessionsOptions } from "redis-sessions"
import { type CrowdSettings, crowd } from "./crowd.js"
import { entryAt } from "./order.js"
import { payloadOf } from "./payload.js"
import { usingUp } from "./pool.js"
import type { BoardSettings } from "./raw-boards.js"
import type { SessionCase, SessionRows } from "./session-case.js"

const APP = "bench"
const DAY_SECONDS = 86_400

/** redis-sessions as its page says, on the client of its own that it brings: node-redis 4. */
export async function redisSessionsOn(url: string, { stored: { ids }, order, bytes, ms, signal }: BoardSettings & CrowdSettings) {
  const { store, close } = opened({ options: { url } })
  const open = async (user: number): Promise<string> => (await store.create(sessionOf(user, bytes))).token
  const users = Math.ceil(ids.length / 2)
  const tokens = await crowd(ids.length, (at) => open(Math.floor(at / 2)), { signal })
  const rows = {
    read: {
      name: "redis-sessions, get",
      work: { call: (at) => store.get({ app: APP, token: entryAt(tokens, order, at) }), isRight: isThere },
    },
    create: { name: "redis-sessions, create (no limit)", work: { call: (at) => open(at % users) } },
    update: {
      name: "redis-sessions, set (loses updates)",
      work: { call: (at) => store.set({ app: APP, token: entryAt(tokens, order, at), d: { views: at } }), isRight: isThere },
    },
    end: {
      name: "redis-sessions, kill",
      work: usingUp(
        (at) => open(at % users),
        async (token) => Number((await store.kill({ app: APP, token })).kill) === 1,
        ms,
      ),
    },
  } satisfies SessionRows
  return { rows, close }
}

/** Its cache, which another process cannot empty but by a message that may be lost. */
export async function cachedRedisSessionsOn(url: string, { order, bytes, signal }: Pick<BoardSettings, "order" | "bytes"> & CrowdSettings) {
  const { store, close } = opened({ options: { url }, cachetime: DAY_SECONDS, cachemax: order.length })
  const tokens = await crowd(order.length, async (at) => (await store.create(sessionOf(at, bytes))).token, { signal })
  await crowd(tokens.length, (at) => store.get({ app: APP, token: entryAt(tokens, order, at) }), { signal })
  const read: SessionCase = {
    name: "redis-sessions, get with its cache",
    work: { call: (at) => store.get({ app: APP, token: entryAt(tokens, order, at) }), isRight: isThere },
  }
  return { read, close }
}

/** It hears no error of its clients, which would end the process, and does not end the one that tells its cache of changes. */
function opened(options: RedisSessionsOptions) {
  const store = new redisSessions.default<Flat>(options)
  const { redis, redissub } = store as unknown as Clients
  for (const client of [redis, redissub]) client?.on("error", () => undefined)
  const close = async (): Promise<void> => {
    await store.quit()
    await redissub?.disconnect()
  }
  return { store, close }
}

interface Clients {
  readonly redis: Client
  readonly redissub: Client | null
}
interface Client {
  on(event: "error", listener: () => void): unknown
  disconnect(): Promise<void>
}

/** It keeps text, numbers and booleans alone. */
type Flat = { readonly roles: string; readonly views: number; readonly theme: string; readonly note: string; readonly userAgent: string }

function sessionOf(user: number, bytes: number) {
  const { userId, device, attributes } = payloadOf(user, bytes)
  const { roles, views, theme, note } = attributes
  return { app: APP, id: userId, ip: device.ip, ttl: DAY_SECONDS, d: { roles: roles.join(" "), views, theme, note, userAgent: device.userAgent } }
}

function isThere(session: unknown): boolean {
  return session !== null
}
