import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { timed } from "../silence/timed-calls.js"
import { SERVER_KINDS, startCluster, type TestCluster } from "../support/servers.js"
import { CLIENT_NAMES, indexKeyOf, type RawClient, rawClient, sessionKeyOf } from "../support/services-under-watch.js"
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js"

const TIMEOUT_MS = 2_000
/** Of four fifths of a call, less the last wait and the half second that ioredis waits in one go. */
const WAITS_MS = 800
/** Either client has had enough of being sent to and fro after some 20 ms. */
const DISAGREE_MS = 400

interface Move {
  take(keys: readonly string[]): Promise<void>
  /** Everything has moved, and each of the two nodes says that the other owns the slot. */
  disagree(): Promise<void>
  end(): Promise<void>
}

describe.each(SERVER_KINDS)("a cluster of %s, by URL", (kind) => {
  let cluster: TestCluster
  let nodes: readonly RawClient[] = []
  beforeAll(async () => {
    cluster = await startCluster(kind)
    nodes = await Promise.all(cluster.urls.map((url) => rawClient(url)))
  })
  afterAll(async () => {
    for (const node of nodes) node.close()
    await cluster.stop()
  })

  describe.each(CLIENT_NAMES)("through %s", (clientPackage) => {
    let service: SessionService<SessionAttributes>
    expectNoUnhandledRejections()
    beforeAll(async () => {
      const url = `redis+cluster://${cluster.ports.map((port) => `127.0.0.1:${port}`).join(",")}`
      service = new SessionService<SessionAttributes>(await connectRedis(url, { timeoutMs: TIMEOUT_MS, clientPackage }), { timeout: `${TIMEOUT_MS}ms` })
    })
    afterAll(async () => {
      await service.close()
    })

    it("creates, lists, limits and ends the sessions of many users", async () => {
      const users = Array.from({ length: 100 }, (_unused, n) => `${clientPackage} ${n}`)
      await Promise.all(
        users.map(async (userId) => {
          const first = await service.createSession({ userId })
          const second = await service.createSession({ userId, maxSessionsPerUser: 1 })
          expect(second.evicted).toEqual([first.session.sessionId])
          expect((await service.getUserSessions(userId)).sessions.map(({ sessionId }) => sessionId)).toEqual([second.session.sessionId])
          expect((await service.updateSession(second.token, { n: 1 }))?.version).toBe(2)
          expect(await service.deleteUserSessions(userId)).toBe(1)
          expect(await service.getSession(second.token)).toBeNull()
        }),
      )
    })

    it("goes on while a slot moves", async () => {
      const userId = `moves ${clientPackage}`
      const made = await Promise.all(Array.from({ length: 12 }, () => service.createSession({ userId })))
      const indexKey = indexKeyOf("", userId)
      const sessionKeys = made.map(({ session }) => sessionKeyOf("", session.sessionId))
      const move = await beginMove(Number(await nodes[0]?.send("CLUSTER", "KEYSLOT", indexKey)))
      const reads = async (tokens: readonly string[]): Promise<readonly unknown[]> =>
        Promise.all(tokens.map((token) => service.getSession(token).then((session) => session?.userId)))

      // The first half of the records has moved, the list has not: each key is on one node or the other, and calls of one key find it.
      await move.take(sessionKeys.slice(0, 6))
      expect(await reads(made.map(({ token }) => token))).toEqual(made.map(() => userId))
      for (const { token } of [made[0], made[11]].filter((each) => each !== undefined)) {
        expect((await service.updateSession(token, { n: 1 }))?.version).toBe(2)
        expect(await service.deleteSession(token)).toBe(true)
        expect(await service.getSession(token)).toBeNull()
      }

      // A create takes several keys, and the new one is on neither node.
      const began = performance.now()
      const failed = await timed("create", service.createSession({ userId }))
      expect(failed).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
      expect(performance.now() - began).toBeGreaterThan(WAITS_MS)
      expect(failed.took).toBeLessThan(TIMEOUT_MS)
      expect(await service.deleteUserSessions(userId)).toBe(10)
      expect(await reads(made.map(({ token }) => token))).toEqual(made.map(() => undefined))

      // A create that begins before the move ends waits for it.
      const waiting = service.createSession({ userId })
      await move.end()
      expect((await waiting).session.userId).toBe(userId)
      expect((await service.getUserSessions(userId)).sessions).toHaveLength(1)
      expect(await service.deleteUserSessions(userId)).toBe(1)
    })

    it("waits while the nodes name each other for a slot", async () => {
      const userId = `disagree ${clientPackage}`
      const { token, session } = await service.createSession({ userId })
      const move = await beginMove(Number(await nodes[0]?.send("CLUSTER", "KEYSLOT", sessionKeyOf("", session.sessionId))))
      await move.disagree()
      let answered = false
      const calls = [service.getSession(token), service.updateSession(token, { n: 1 }), service.createSession({ userId })] as const
      const reading = Promise.all(calls).finally(() => {
        answered = true
      })
      await pause(DISAGREE_MS)
      expect(answered).toBe(false)
      await move.end()
      const [read, updated, second] = await reading
      expect(read?.userId).toBe(userId)
      expect(updated?.version).toBe(2)
      expect(second.session.userId).toBe(userId)
      expect(await service.deleteUserSessions(userId)).toBe(2)
    })
  })

  it.each(["redis", "iovalkey"] as const)("%s serves it too, and fails fast where no node answers", async (clientPackage) => {
    const url = `redis+cluster://127.0.0.1:${cluster.ports[0]}`
    const one = new SessionService<SessionAttributes>(await connectRedis(url, { timeoutMs: TIMEOUT_MS, clientPackage }), { timeout: `${TIMEOUT_MS}ms` })
    try {
      const users = Array.from({ length: 30 }, (_unused, n) => `${clientPackage} ${n}`)
      const made = await Promise.all(users.map((userId) => one.createSession({ userId })))
      expect(await Promise.all(made.map(({ token }) => one.getSession(token).then((session) => session?.userId)))).toEqual(users)
      expect(await Promise.all(users.map((userId) => one.deleteUserSessions(userId)))).toEqual(users.map(() => 1))
    } finally {
      await one.close()
    }
    const refused = connectRedis("redis+cluster://:p%40ss@127.0.0.1:1,127.0.0.1:2", { timeoutMs: TIMEOUT_MS, clientPackage })
    const ending = timed("connect", refused)
    await expect(refused).rejects.toMatchObject({
      code: "ERR_STORE_UNAVAILABLE",
      message: expect.stringMatching(/127\.0\.0\.1:1, 127\.0\.0\.1:2(?!.*p@ss)/),
    })
    expect((await ending).took).toBeLessThan(TIMEOUT_MS + 500)
  })

  /** Moves a slot as redis-cli does, key by key, as far as the test says. */
  async function beginMove(slot: number): Promise<Move> {
    const ids = (await Promise.all(nodes.map((node) => node.send("CLUSTER", "MYID")))).map(String)
    const owners = await Promise.all(nodes.map(async (node) => ((await node.send("CLUSTER", "GETKEYSINSLOT", slot, 1)) as unknown[]).length))
    const from = owners.indexOf(1)
    const to = (from + 1) % nodes.length
    const [source, target] = [nodes[from] as RawClient, nodes[to] as RawClient]
    const move = async (keys: readonly string[]): Promise<void> => {
      if (keys.length > 0) await source.send("MIGRATE", "127.0.0.1", cluster.ports[to] ?? 0, "", 0, 5_000, "KEYS", ...keys)
    }
    await target.send("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[from] ?? "")
    await source.send("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[to] ?? "")
    return {
      take: move,
      disagree: async () => {
        await move(((await source.send("CLUSTER", "GETKEYSINSLOT", slot, 1_000)) as unknown[]).map(String))
        await target.send("CLUSTER", "SETSLOT", slot, "STABLE")
        await source.send("CLUSTER", "SETSLOT", slot, "NODE", ids[to] ?? "")
      },
      end: async () => {
        await move(((await source.send("CLUSTER", "GETKEYSINSLOT", slot, 1_000)) as unknown[]).map(String))
        for (const node of [target, source, ...nodes.filter((each) => each !== source && each !== target)])
          await node.send("CLUSTER", "SETSLOT", slot, "NODE", ids[to] ?? "")
      },
    }
  }
})
