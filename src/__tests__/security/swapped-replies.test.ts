import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { SessionEvent } from "../../domain/interfaces/ports.js"
import type { SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { HookedRedisService } from "../support/hooked-redis-service.js"
import { sharedServer } from "../support/servers.js"
import { randomPrefix } from "../support/services-under-watch.js"

/** A client that has lost its place in the answers: whoever asks for one key is given what lies under the other. */
class CrossedRedis extends HookedRedisService {
  crossed: readonly [string, string] | null = null

  override get(key: string): Promise<string | null> {
    return super.get(this.#other(key))
  }

  override mget(keys: readonly string[]): Promise<readonly (string | null)[]> {
    return super.mget(keys.map((key) => this.#other(key)))
  }

  #other(key: string): string {
    const at = this.crossed?.indexOf(key) ?? -1
    return at === -1 ? key : (this.crossed?.[1 - at] ?? key)
  }
}

describe("when the client hands out the answer to another request", () => {
  const events: SessionEvent[] = []
  const keyPrefix = randomPrefix()
  let redis: CrossedRedis
  let sessions: SessionService<SessionAttributes>
  beforeAll(async () => {
    redis = new CrossedRedis(await connectRedis(sharedServer("redis").url, { timeoutMs: 10_000, clientPackage: "@redis/client" }))
    sessions = new SessionService<SessionAttributes>(redis, { keyPrefix, onEvent: (event) => events.push(event) })
  })
  afterAll(() => sessions.close())

  async function crossedPair() {
    redis.crossed = null
    const [ada, eve] = await Promise.all(["ada", "eve"].map((userId) => sessions.createSession({ userId, attributes: { of: userId } })))
    if (ada === undefined || eve === undefined) throw new Error("two sessions were expected")
    const key = (id: string): string => `${keyPrefix}session:{${id.slice(0, 3)}}.${id.slice(4)}`
    redis.crossed = [key(ada.session.sessionId), key(eve.session.sessionId)]
    return { ada, eve }
  }

  it("nobody is let in as somebody else, and the wrong secret is told of", async () => {
    const { ada, eve } = await crossedPair()
    events.length = 0
    const found = await Promise.all([ada, eve].map(({ token }) => sessions.getSession(token)))
    expect(found).toEqual([null, null])
    expect(events.map(({ type }) => type)).toEqual(["wrong-secret", "wrong-secret"])
    redis.crossed = null
    expect((await sessions.getSession(ada.token))?.userId).toBe("ada")
  })

  it("nothing is written into a session from what lies in another", async () => {
    const { ada, eve } = await crossedPair()
    expect(await sessions.updateSession(ada.token, { more: 1 })).toBeNull()
    expect(await sessions.updateUserSession("ada", ada.session.sessionId, { more: 1 })).toBeNull()
    redis.crossed = null
    expect((await sessions.getSession(ada.token))?.attributes).toEqual({ of: "ada" })
    expect((await sessions.getSession(eve.token))?.attributes).toEqual({ of: "eve" })
  })

  it("a list shows nobody else's sessions", async () => {
    const { ada } = await crossedPair()
    redis.crossed = null
    expect((await sessions.getUserSessions("ada")).sessions.map(({ sessionId }) => sessionId)).toContain(ada.session.sessionId)
    await crossedPair()
    const { sessions: listed } = await sessions.getUserSessions("ada")
    expect(listed.filter(({ userId }) => userId !== "ada")).toEqual([])
  })
})
