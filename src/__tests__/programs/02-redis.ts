// An application that has a Redis client already: its own client is used, and stays open.
import assert from "node:assert/strict"
import { createSessionService, type OwnedSessionService, type RedisClientLike, type SessionAttributes, SessionError } from "coatcheck"
import { Cluster, Redis } from "ioredis"
import { Redis as Valkey, Cluster as ValkeyCluster } from "iovalkey"
import { createClient, createClientPool, createCluster, createSentinel } from "redis"

const url = process.env.REDIS_URL
assert.ok(url !== undefined, "REDIS_URL is missing")
const keyPrefix = `program:${process.pid}:`

async function visit(sessions: OwnedSessionService<SessionAttributes, SessionAttributes>): Promise<void> {
  const { token } = await sessions.createSession({ userId: "grace", attributes: { seen: 1 } })
  const updated = await sessions.updateSession(token, (own) => ({ ...own, seen: Number(own.seen) + 1 }))
  assert.equal(updated?.attributes.seen, 2)
  assert.equal((await sessions.getUserSessions("grace")).sessions.length, 1)
  assert.equal(await sessions.deleteSession(token), true)
  await sessions.ping()
}

const client = createClient({ url })
client.on("error", console.error)
await client.connect()
const sessions = await createSessionService({ store: client, keyPrefix, idleTimeout: "30m", absoluteTimeout: "12h", maxSessionsPerUser: 5 })
await visit(sessions)
await sessions.close()
assert.equal(await client.ping(), "PONG")
await client.close()

const resp2 = createClient({ RESP: 2, url })
resp2.on("error", console.error)
await resp2.connect()
await visit(await createSessionService({ store: resp2, keyPrefix }))
resp2.destroy()

const pool = createClientPool({ url })
pool.on("error", console.error)
await pool.connect()
await visit(await createSessionService({ store: pool, keyPrefix }))
pool.destroy()

const ioredis = new Redis(url)
await visit(await createSessionService({ store: ioredis, keyPrefix }))
assert.equal(await ioredis.ping(), "PONG")
ioredis.disconnect()

const iovalkey = new Valkey(url)
await visit(await createSessionService({ store: iovalkey, keyPrefix }))
iovalkey.disconnect()

const byUrl = await createSessionService({ store: process.env.REDIS_URL ?? "memory:", keyPrefix })
await visit(byUrl)
await byUrl.close()

// These are taken as they are, without a server being asked.
const unconnected: readonly RedisClientLike[] = [
  createClient(),
  createClientPool(),
  createCluster({ rootNodes: [{ url }] }),
  createSentinel({ name: "main", sentinelRootNodes: [{ host: "127.0.0.1", port: 1 }] }),
  new Redis({ lazyConnect: true }),
  new Cluster([], { lazyConnect: true }),
  new Valkey({ lazyConnect: true }),
  new ValkeyCluster([], { lazyConnect: true }),
]
for (const store of unconnected) await (await createSessionService({ store })).close()
await (await createSessionService({ store: createCluster({ rootNodes: [] }) })).close()
await (await createSessionService({ store: createSentinel({ name: "main", sentinelRootNodes: [] }) })).close()
await (await createSessionService({ store: new Cluster([], { lazyConnect: true }) })).close()

const isRefused = (error: unknown): boolean => SessionError.is(error, "ERR_CONFIG_INVALID")
// @ts-expect-error no client
await assert.rejects(createSessionService({ store: new Date() }), isRefused)
// @ts-expect-error no duration
await assert.rejects(createSessionService({ store: "memory:", idleTimeout: "soon" }), isRefused)
// @ts-expect-error no such option
await assert.rejects(createSessionService({ store: "memory:", idleTimout: "30m" }), isRefused)
console.log("ok 02-redis")
