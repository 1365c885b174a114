import { setTimeout as pause } from "node:timers/promises"
import { Redis as IoRedis } from "ioredis"
import { createClient } from "redis"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SessionError } from "../../domain/errors.js"
import type { OwnedSessionService, SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import type { RedisClientLike } from "../../exports/index.js"
import { createSessionService } from "../../exports/index.js"
import { type Fault, type FaultProxy, startFaultProxy } from "../support/fault-proxy.js"
import { askServer, SERVER_KINDS, sharedServer } from "../support/servers.js"
import { randomPrefix, sessionKeyOf } from "../support/services-under-watch.js"

// A connection is cut at each of many bytes, on the way there and on the way back. Whatever the call answers, the store must agree:
// a value means done once, an error that says not applied means not done.

type Service = OwnedSessionService<SessionAttributes, SessionAttributes>

interface Made {
  readonly userId: string
  readonly token: string
  readonly sessionId: string
}

/** One kind of call, and how often the store shows that it was made. */
interface Call {
  /** For a guest no list is healed beside the call. */
  readonly ofGuests?: boolean
  run(service: Service, made: Made): Promise<unknown>
  /** Judges an answer, and returns nothing. */
  answered(answer: unknown, made: Made, direct: Service): Promise<void>
  /** Expects the session, or the user, as before the call. */
  unchanged(made: Made, direct: Service): Promise<void>
}

/** Both directions, 19 cuts each: 2 servers, 3 clients, 10 calls, and so 2 280 cuts. */
const CUTS = 19
/** A service repeats ten lost calls before it counts them against the others, and here every call is lost. */
const CUTS_OF_ONE_SERVICE = 8
const HOUR = 3_600_000
const A_MINUTE = 60_000
const quickly = (): number => 5

const CLIENTS: Readonly<Record<string, (url: string) => Promise<{ readonly client: RedisClientLike; end(): void }>>> = {
  "node-redis": async (url) => {
    const client = createClient({ url, socket: { reconnectStrategy: quickly } })
    client.on("error", () => undefined)
    await client.connect()
    return { client, end: () => client.destroy() }
  },
  "ioredis, which sends again by itself": async (url) => {
    const client = new IoRedis(url, { retryStrategy: quickly })
    client.on("error", () => undefined)
    return { client, end: () => client.disconnect() }
  },
  "ioredis with maxRetriesPerRequest 0": async (url) => {
    const client = new IoRedis(url, { retryStrategy: quickly, maxRetriesPerRequest: 0 })
    client.on("error", () => undefined)
    return { client, end: () => client.disconnect() }
  },
}

/** Waits until the client has a connection again, and the service uses it. */
async function heard(service: Service): Promise<void> {
  const deadline = performance.now() + 20_000
  for (;;) {
    const error: unknown = await service.ping().then(
      () => null,
      (reason: unknown) => reason,
    )
    if (error === null) return
    if (performance.now() > deadline) throw error
    await pause(5)
  }
}

const look = (direct: Service, token: string) => direct.getSession(token, { touch: false })
const asBefore = async ({ token }: Made, direct: Service): Promise<void> => {
  const session = await look(direct, token)
  expect(session).toMatchObject({ version: 1, attributes: { n: 0 } })
  expect(session && session.expiresAt.getTime() - session.lastAccessedAt.getTime()).toBe(HOUR)
}
const updatedOnce = async (answer: unknown, { token }: Made, direct: Service): Promise<void> => {
  expect(answer).toMatchObject({ version: 2, attributes: { n: 1 } })
  expect(await look(direct, token)).toMatchObject({ version: 2, attributes: { n: 1 } })
}
const countOf = async (direct: Service, userId: string): Promise<number> => (await direct.getUserSessions(userId)).sessions.length

const CALLS: Readonly<Record<string, Call>> = {
  create: {
    run: (service, { userId }) => service.createSession({ userId: `${userId} new`, attributes: { n: 0 }, maxSessionsPerUser: 2 }),
    answered: async (answer, { userId }, direct) => {
      const { token, session } = answer as { readonly token: string; readonly session: { readonly sessionId: string } }
      expect((await direct.getUserSessions(`${userId} new`)).sessions.map(({ sessionId }) => sessionId)).toEqual([session.sessionId])
      expect(await look(direct, token)).toMatchObject({ version: 1, attributes: { n: 0 } })
    },
    unchanged: async ({ userId }, direct) => expect(await countOf(direct, `${userId} new`)).toBe(0),
  },
  "update by patch": { run: (service, { token }) => service.updateSession(token, { n: 1 }), answered: updatedOnce, unchanged: asBefore },
  "update by function": {
    run: (service, { token }) => service.updateSession(token, (own) => ({ ...own, n: Number(own.n) + 1 })),
    answered: updatedOnce,
    unchanged: asBefore,
  },
  rotate: {
    run: (service, { token }) => service.rotateSession(token),
    answered: async (answer, { token }, direct) => {
      const { token: next } = answer as { readonly token: string }
      expect(await look(direct, next)).toMatchObject({ version: 1, attributes: { n: 0 } })
      // Its grace lasts, which a second rotation would have ended.
      expect(await look(direct, token)).not.toBeNull()
      expect(await direct.rotateSession(next)).not.toBeNull()
    },
    unchanged: async (made, direct) => {
      await asBefore(made, direct)
      expect(await direct.rotateSession(made.token)).not.toBeNull()
    },
  },
  "rotate with changes": {
    run: (service, { token }) => service.rotateSession(token, { changes: (own) => ({ ...own, n: Number(own.n) + 1 }) }),
    answered: async (answer, { token }, direct) => {
      const { token: next, session } = answer as { readonly token: string; readonly session: object }
      await updatedOnce(session, { token: next, userId: "", sessionId: "" }, direct)
      expect(await look(direct, token)).toBeNull()
    },
    unchanged: asBefore,
  },
  extend: {
    run: (service, { token }) => service.extendSession(token, "2h"),
    answered: async (answer, { token }, direct) => {
      const session = await look(direct, token)
      expect(answer).toMatchObject({ version: 1, expiresAt: session?.expiresAt })
      expect(session && session.expiresAt.getTime() - session.lastAccessedAt.getTime()).toBe(2 * HOUR)
    },
    unchanged: asBefore,
  },
  touch: {
    ofGuests: true,
    run: (service, { token }) => service.getSession(token),
    answered: async (answer, made, direct) => {
      expect(answer).toMatchObject({ sessionId: made.sessionId, version: 1, attributes: { n: 0 } })
      await asBefore(made, direct)
      // Moved to now, and acknowledged.
      const session = await look(direct, made.token)
      expect(session && session.lastAccessedAt.getTime() - session.createdAt.getTime()).toBeGreaterThanOrEqual(0)
      expect((answer as { readonly lastAccessedAt: Date }).lastAccessedAt.getTime()).toBeGreaterThan((session?.createdAt.getTime() ?? 0) - 1)
    },
    unchanged: asBefore,
  },
  delete: {
    run: (service, { token }) => service.deleteSession(token),
    answered: async (answer, { token }, direct) => {
      // False where the first copy ended it and its reply was lost: this call never saw the session alive.
      expect(answer).toBeTypeOf("boolean")
      expect(await look(direct, token)).toBeNull()
    },
    unchanged: asBefore,
  },
  "delete at a version": {
    run: (service, { token }) => service.deleteSession(token, { ifVersion: 1 }),
    // Never a conflict: nobody but the first copy could have changed the session.
    answered: async (answer, { token }, direct) => {
      expect(answer).toBeTypeOf("boolean")
      expect(await look(direct, token)).toBeNull()
    },
    unchanged: asBefore,
  },
  "delete all of a user": {
    run: (service, { userId }) => service.deleteUserSessions(userId),
    answered: async (answer, { userId }, direct) => {
      expect([0, 1]).toContain(answer)
      expect(await countOf(direct, userId)).toBe(0)
    },
    unchanged: asBefore,
  },
}

describe.each(SERVER_KINDS)("on %s", (kind) => {
  describe.each(Object.keys(CLIENTS))("through %s", (clientName) => {
    const keyPrefix = randomPrefix()
    let direct: Service
    beforeAll(async () => {
      direct = await createSessionService<SessionAttributes>({ store: sharedServer(kind).url, keyPrefix, timeout: "10s" })
    })
    afterAll(() => direct.close())

    let users = 0
    const make = async ({ ofGuests }: Call): Promise<Made> => {
      const userId = `user ${++users}`
      const { token, session } = await direct.createSession({ ...(ofGuests ? {} : { userId }), idleTimeout: "1h", attributes: { n: 0 } })
      const accessed = session.lastAccessedAt.getTime() - A_MINUTE
      // A read right after would find that no touch is due.
      if (ofGuests) await askServer(sharedServer(kind).port, `SETRANGE ${sessionKeyOf(keyPrefix, session.sessionId)} 18 ${accessed}`)
      return { userId, token, sessionId: session.sessionId }
    }

    /** A service that knows the server's time and whose server knows the scripts, so that only the call itself is cut. */
    async function warm(store: RedisClientLike, proxy: FaultProxy, call: Call): Promise<Service> {
      proxy.arm(null)
      const service = await createSessionService<SessionAttributes>({ store, keyPrefix, timeout: "10s", touchInterval: 0 })
      await call.run(service, await make(call))
      return service
    }

    async function cut(service: Service, proxy: FaultProxy, call: Call, fault: Fault): Promise<{ readonly struck: boolean; readonly failed: boolean }> {
      const made = await make(call)
      proxy.arm(fault)
      const answer = await call.run(service, made).then(
        (value) => ({ value, error: undefined }),
        (error: unknown) => ({ value: undefined, error }),
      )
      const { struck } = proxy
      proxy.arm(null)
      await heard(service)
      if (answer.error === undefined) {
        await call.answered(answer.value, made, direct)
        return { struck, failed: false }
      }
      if (!SessionError.is(answer.error, "ERR_STORE_UNAVAILABLE")) throw answer.error
      // Only a read is not repeated. Of several steps some may have been made before it.
      if (answer.error.outcome === "not-applied") await call.unchanged(made, direct)
      else expect(call).toBe(CALLS["delete all of a user"])
      return { struck, failed: true }
    }

    it.concurrent.each(Object.keys(CALLS))("%s is made once, however the connection is cut", { timeout: 600_000 }, async (name) => {
      const call = CALLS[name]
      if (call === undefined) throw new Error(`Expected a call, got ${name}`)
      await using proxy = await startFaultProxy(sharedServer(kind).port)
      const { client, end } = await (CLIENTS[clientName] ?? expect.fail())(proxy.url)
      let service = await warm(client, proxy, call)
      proxy.arm(null)
      await call.run(service, await make(call))
      const whole = { ...proxy.passed }
      const faults = Array.from({ length: CUTS }, (_value, n) => n).flatMap((n): Fault[] => [
        { kind: "cut-requests", bytes: Math.floor((n * whole.requests) / CUTS) },
        { kind: "cut-replies", bytes: Math.floor((n * whole.replies) / CUTS) },
      ])
      let [struck, answered] = [0, 0]
      for (const [at, fault] of faults.entries()) {
        if (at % CUTS_OF_ONE_SERVICE === 0) {
          await service.close()
          service = await warm(client, proxy, call)
        }
        const result = await cut(service, proxy, call, fault)
        struck += result.struck ? 1 : 0
        answered += result.failed ? 0 : 1
      }
      expect(struck).toBe(faults.length)
      expect(answered).toBeGreaterThan(0)
      await service.close()
      end()
    })
  })
})
