import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ThoroughProgress } from "../../domain/interfaces/session/ISessionService.js"
import { userKey } from "../../infrastructure/services/session/randomness.js"
import type { SessionService } from "../../infrastructure/services/session/SessionService.js"
import type { HookedRedisService } from "../support/hooked-redis-service.js"
import { SERVER_KINDS, startCluster, startServer, type TestCluster } from "../support/servers.js"
import { CLIENT_NAMES, hookedService, indexKeyOf, type RawClient, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

/** Keys of others, among which the lost sessions lie. */
const OTHERS = 30_000
const STEP = 1_000

/** Two users whose sessions share a tag, and therefore a slot and a pattern. */
function twins(name: string): readonly [string, string] {
  const seen = new Map<string, string>()
  for (let n = 0; ; n += 1) {
    const user = `${name} ${n}`
    const { tag } = userKey(user)
    const other = seen.get(tag)
    if (other !== undefined) return [other, user]
    seen.set(tag, user)
  }
}

async function fill(node: RawClient, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1_000)
    await Promise.all(Array.from({ length: 1_000 }, (_unused, n) => node.send("SET", `session:{${hashOf(from + n)}}.${"o".repeat(22)}`, "other")))
}

function hashOf(n: number): string {
  return createHash("sha256").update(String(n)).digest("base64url").slice(0, 3)
}

const scans = (redis: HookedRedisService): number => redis.names().filter((name) => name === "scan").length

describe.each(SERVER_KINDS)("a thorough sign-out on one %s server", (kind) => {
  it.each(CLIENT_NAMES)(
    "ends what the lost list named, through %s, and goes over each key once",
    async (through) => {
      await using server = await startServer({ kind })
      const raw = await rawClient(server.url)
      await fill(raw, OTHERS)
      const { service, redis } = await hookedService(server.url, {}, through)
      const [ada, bob] = twins("single")
      const made = await Promise.all(Array.from({ length: 5 }, () => service.createSession({ userId: ada })))
      const pending = await service.createSession({ pendingUserId: ada })
      const other = await service.createSession({ userId: bob })
      expect(other.session.sessionId.slice(0, 3)).toBe(made[0]?.session.sessionId.slice(0, 3))
      await raw.send("DEL", indexKeyOf("", ada))
      expect(await service.deleteUserSessions(ada)).toBe(0)
      const late = createdMeanwhile(service, redis, ada)
      const told: ThoroughProgress[] = []
      const onProgress = (progress: ThoroughProgress): void => void told.push(progress)
      const except = made[0]?.session.sessionId
      expect(await service.deleteUserSessions(ada, { except, thorough: { maxPerSecond: 10_000_000, onProgress } })).toBe(5)
      for (const [n, { token }] of made.entries()) expect((await service.getSession(token))?.userId).toBe(n === 0 ? ada : undefined)
      expect(await service.getSession(pending.token)).toBeNull()
      expect((await service.getSession(other.token))?.userId).toBe(bob)
      expect((await service.getSession(late()))?.userId).toBe(ada)
      expect(scans(redis)).toBeGreaterThan((OTHERS / STEP) * 0.9)
      expect(scans(redis)).toBeLessThanOrEqual((OTHERS / STEP) * 1.5)
      expect(told.length).toBe(scans(redis))
      expect(told.at(-1)).toEqual({ scanned: told.length * STEP, ended: 5 })
      await service.close()
      raw.close()
    },
    60_000,
  )
})

/** Signs the user in once more when the walk has begun, which is after the instant at which the sign-out takes effect. */
function createdMeanwhile(service: SessionService<Record<string, unknown>>, redis: HookedRedisService, userId: string) {
  let token = ""
  const begun = redis.beforeNext("scan", async () => {
    redis.before = () => undefined
    token = (await service.createSession({ userId })).token
  })
  return () => {
    expect(begun.ran()).toBe(true)
    return token
  }
}

describe.each(SERVER_KINDS)("a thorough sign-out on a cluster of %s", (kind) => {
  let cluster: TestCluster
  let nodes: readonly RawClient[] = []
  beforeAll(async () => {
    cluster = await startCluster(kind)
    nodes = await Promise.all(cluster.urls.map((url) => rawClient(url)))
    await Promise.all(nodes.map((node) => fillOwned(node)))
  })
  afterAll(async () => {
    for (const node of nodes) node.close()
    await cluster.stop()
  })

  describe.each(CLIENT_NAMES)("through %s", (through) => {
    let service: SessionService<Record<string, unknown>>
    let redis: HookedRedisService
    beforeAll(async () => {
      const url = `redis+cluster://${cluster.ports.map((port) => `127.0.0.1:${port}`).join(",")}`
      ;({ service, redis } = await hookedService(url, {}, through))
    })
    afterAll(() => service.close())

    it("looks at the user's slot alone, and asks each node twice", async () => {
      const [ada, bob] = twins(`cluster ${through}`)
      const made = await Promise.all(Array.from({ length: 5 }, () => service.createSession({ userId: ada })))
      const other = await service.createSession({ userId: bob })
      const { from } = await ownerOf(indexKeyOf("", ada))
      await from.send("DEL", indexKeyOf("", ada))
      const before = scans(redis)
      expect(await service.deleteUserSessions(ada, { thorough: true })).toBe(5)
      for (const { token } of made) expect(await service.getSession(token)).toBeNull()
      expect((await service.getSession(other.token))?.userId).toBe(bob)
      // However many keys the nodes hold: three nodes and two passes.
      expect(scans(redis) - before).toBe(6)
    })

    it.each(["first", "second", "third"])("finds sessions that move to another node while it asks the %s one", async (when) => {
      const userId = `moving ${through} ${when}`
      const made = await Promise.all(Array.from({ length: 12 }, () => service.createSession({ userId })))
      const keys = made.map(({ session }) => sessionKeyOf("", session.sessionId))
      const move = await ownerOf(keys[0] ?? "")
      await move.from.send("DEL", indexKeyOf("", userId))
      await move.begin()
      await move.take(keys.slice(0, 4))
      let asked = 0
      redis.before = async (call) => {
        if (call.name !== "scan") return
        asked += 1
        if (asked === ["first", "second", "third"].indexOf(when) + 1) await move.take(keys.slice(4, 8))
        if (asked === 4) await move.take(keys.slice(8))
      }
      expect(await service.deleteUserSessions(userId, { thorough: true })).toBe(12)
      redis.before = () => undefined
      for (const { token } of made) expect(await service.getSession(token)).toBeNull()
      expect(asked).toBeGreaterThanOrEqual(6)
      await move.end()
    })
  })

  /** Some keys in slots of this node. */
  async function fillOwned(node: RawClient): Promise<void> {
    for (let n = 0; n < 6_000; n += 1_000)
      await Promise.all(
        Array.from({ length: 1_000 }, (_unused, at) => node.send("SET", `session:{${hashOf(n + at)}}.${"o".repeat(22)}`, "other").catch(() => undefined)),
      )
  }

  /** The node that owns a key's slot, and the steps in which redis-cli moves a slot to the next one. */
  async function ownerOf(key: string) {
    const slot = Number(await nodes[0]?.send("CLUSTER", "KEYSLOT", key))
    const ids = (await Promise.all(nodes.map((node) => node.send("CLUSTER", "MYID")))).map(String)
    const owns = await Promise.all(
      nodes.map((node) =>
        node.send("EXISTS", key).then(
          (found) => found === 1,
          () => false,
        ),
      ),
    )
    const at = owns.indexOf(true)
    const to = (at + 1) % nodes.length
    const [from, target] = [nodes[at] as RawClient, nodes[to] as RawClient]
    const take = async (keys: readonly string[]): Promise<void> => {
      await from.send("MIGRATE", "127.0.0.1", cluster.ports[to] ?? 0, "", 0, 5_000, "KEYS", ...keys)
    }
    return {
      from,
      take,
      begin: async () => {
        await target.send("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[at] ?? "")
        await from.send("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[to] ?? "")
      },
      end: async () => {
        // Keys of others that happen to lie in this slot.
        const left = ((await from.send("CLUSTER", "GETKEYSINSLOT", slot, 1_000)) as unknown[]).map(String)
        if (left.length > 0) await take(left)
        for (const node of [target, from, ...nodes.filter((each) => each !== from && each !== target)])
          await node.send("CLUSTER", "SETSLOT", slot, "NODE", ids[to] ?? "")
      },
    }
  }
})
