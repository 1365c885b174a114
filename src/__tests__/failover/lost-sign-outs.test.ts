import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { SessionEvent } from "../../exports/index.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { BACK_WITHIN_MS, cutReplication, failOver, replicated, sentinelUrl } from "../support/lost-writes.js"
import { SERVER_KINDS, startSentinels, type TestSentinels } from "../support/servers.js"
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js"

const CLIENTS = ["@redis/client", "redis", "ioredis", "iovalkey"] as const
const TIMEOUT_MS = 1_000
/** More than are remembered one by one. */
const MANY = 1_001

expectNoUnhandledRejections()

describe.each(SERVER_KINDS)("a failover of %s that loses sign-outs", (kind) => {
  let group: TestSentinels
  const endedAgain: string[] = []
  beforeAll(async () => {
    group = await startSentinels(kind)
  })
  afterAll(() => group.stop())

  const open = async (clientPackage: (typeof CLIENTS)[number], onEvent?: (event: SessionEvent) => void): Promise<SessionService<object>> =>
    new SessionService(await connectRedis(sentinelUrl(group), { timeoutMs: TIMEOUT_MS, clientPackage }), { maxSessionsPerUser: 3_000, onEvent })

  it("has them back from whoever lives, and from nobody else", async () => {
    const witness = await open("@redis/client")
    const gone = await open("@redis/client")
    const living = await Promise.all(
      CLIENTS.map((name) =>
        open(name, (event) => {
          if (event.type === "ended-again") endedAgain.push(event.sessionId)
        }),
      ),
    )
    const make = async (userId: string) => {
      const { token, session } = await witness.createSession({ userId })
      return { userId, token, id: session.sessionId }
    }
    try {
      const unprotected = await make("ended by a process that is gone")
      const kept = await make("never ended")
      const byToken = await Promise.all(living.map((_service, n) => make(`by token ${n}`)))
      const byHandle = await Promise.all(living.map((_service, n) => make(`by handle ${n}`)))
      const evicted = await Promise.all(living.map((_service, n) => make(`evicted ${n}`)))
      const all = await Promise.all(living.flatMap((_service, n) => [make(`all ${n}`), make(`all ${n}`)]))
      const many = await Promise.all(Array.from({ length: MANY }, () => make("many")))
      const ended = [...byToken, ...byHandle, ...evicted, ...all, ...many]
      await replicated(group)
      await cutReplication(group)
      expect(await gone.deleteSession(unprotected.token)).toBe(true)
      await gone.close()
      await Promise.all(
        living.map(async (service, n) => {
          expect(await service.deleteSession(byToken[n]?.token)).toBe(true)
          expect(await service.deleteUserSession(`by handle ${n}`, byHandle[n]?.id ?? "")).toBe(true)
          const { evicted: made } = await service.createSession({ userId: `evicted ${n}`, maxSessionsPerUser: 1 })
          expect(made).toEqual([evicted[n]?.id])
          expect(await service.deleteUserSessions(`all ${n}`)).toBe(2)
        }),
      )
      expect(await living[0]?.deleteUserSessions("many")).toBe(MANY)
      for (const { token } of [unprotected, ...ended.slice(0, 30)]) expect(await witness.getSession(token)).toBeNull()
      await failOver(group)

      const alive = (token: string): Promise<unknown> => witness.getSession(token).then((session) => session !== null, String)
      await expect.poll(() => alive(kept.token), { timeout: BACK_WITHIN_MS }).toBe(true)
      // Whose are not back yet, and whether those who are to end them reach a server: else a failure would say a number.
      const owing = async (): Promise<readonly string[]> => {
        const heard = new Set(endedAgain)
        const missing = new Set(ended.filter(({ id }) => !heard.has(id)).map(({ userId }) => userId))
        if (missing.size === 0) return []
        return [...missing, ...(await Promise.all(living.map((service, n) => service.ping().then(() => `${CLIENTS[n]} answers`, String))))]
      }
      await expect.poll(owing, { timeout: BACK_WITHIN_MS }).toEqual([])
      expect(new Set(endedAgain)).toEqual(new Set(ended.map(({ id }) => id)))
      // Where the machine stalls, the Sentinels replace the new primary, too, and it is begun anew.
      await expect.poll(() => Promise.all(ended.map(({ token }) => alive(token))), { timeout: BACK_WITHIN_MS }).toEqual(ended.map(() => false))
      expect(await alive(kept.token)).toBe(true)
      // What replay is worth: the same sign-out, made by a process that is no more, is lost.
      expect(await alive(unprotected.token)).toBe(true)
    } finally {
      await Promise.all([witness, gone, ...living].map((service) => service.close()))
    }
  })
})
