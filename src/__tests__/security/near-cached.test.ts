import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createSessionService, type OwnedSessionService, type SessionAttributes } from "../../exports/index.js"
import { type NearCached, nearCached } from "../support/near-cached.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { randomPrefix } from "../support/services-under-watch.js"

// A process with a near-cache reads sessions from its own memory. These tests say for how long it may do so after a session has ended.

type Service = OwnedSessionService<SessionAttributes, SessionAttributes>

interface Kept {
  readonly token: string
  readonly userId: string
  readonly sessionId: string
}

const LEASE_MS = 500
/** A lease that outlasts the test, so that only the deadline can end the session. */
const LONG_LEASE = "10s"

const ENDS: Readonly<Record<string, (service: Service, session: Kept) => Promise<unknown>>> = {
  "a sign-out": (service, { token }) => service.deleteSession(token),
  "the end of this one, by its handle": (service, { userId, sessionId }) => service.deleteUserSession(userId, sessionId),
  "the end of all but another": async (service, { userId }) => {
    const { session } = await service.createSession({ userId })
    return service.deleteUserSessions(userId, { except: session.sessionId })
  },
  "the end of all": (service, { userId }) => service.deleteUserSessions(userId),
}

/** Keeps the event loop busy: this process hears nothing of the server meanwhile. */
function standStill(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

describe.each(SERVER_KINDS)("on %s, a process with a near-cache", (kind) => {
  const keyPrefix = randomPrefix()
  const { url } = sharedServer(kind)
  let near: NearCached
  let patient: NearCached
  let elsewhere: Service
  beforeAll(async () => {
    near = await nearCached(url, { keyPrefix, timeout: "10s", nearCache: { lease: `${LEASE_MS}ms` } })
    patient = await nearCached(url, { keyPrefix, timeout: "10s", nearCache: { lease: LONG_LEASE } })
    elsewhere = await createSessionService({ store: url, keyPrefix, timeout: "10s" })
  })
  afterAll(() => Promise.all([near.end(), patient.end(), elsewhere.close()]))

  async function kept(userId: string): Promise<Kept> {
    const { token, session } = await near.service.createSession({ userId })
    // The first read keeps the session, the next ones are answered from memory.
    for (let n = 0; n < 3; n += 1) expect((await near.service.getSession(token))?.userId).toBe(userId)
    return { token, userId, sessionId: session.sessionId }
  }

  // A read that touches does not come from memory that late in an idle timeout.
  it.each([
    { deadline: "idle", idleTimeout: "800ms", absoluteTimeout: "10m", touch: false, overMs: 930 },
    { deadline: "absolute", idleTimeout: "10m", absoluteTimeout: "800ms", touch: true, overMs: 850 },
  ] as const)("serves no session beyond its $deadline deadline", async ({ idleTimeout, absoluteTimeout, touch, overMs }) => {
    const { token } = await patient.service.createSession({ userId: "late", idleTimeout, absoluteTimeout })
    const createdAt = performance.now()
    for (let n = 0; n < 3; n += 1) expect(await patient.service.getSession(token, { touch: false })).not.toBeNull()
    standStill(overMs - (performance.now() - createdAt))
    expect(await patient.service.getSession(token, { touch })).toBeNull()
  })

  it.each(Object.keys(ENDS))("after %s in this process finds nothing", async (end) => {
    const session = await kept(`here: ${end}`)
    await ENDS[end]?.(near.service, session)
    expect(await near.service.getSession(session.token)).toBeNull()
  })

  it.each(Object.keys(ENDS))("after %s in another process finds nothing by a read that begins later than a lease", async (end) => {
    const session = await kept(`elsewhere: ${end}`)
    await ENDS[end]?.(elsewhere, session)
    const acknowledgedAt = performance.now()
    for (;;) {
      const begunAt = performance.now()
      if ((await near.service.getSession(session.token, { touch: false })) === null) break
      expect(begunAt - acknowledgedAt).toBeLessThanOrEqual(LEASE_MS)
      await new Promise((resolve) => setImmediate(resolve))
    }
    // Nor is it found later.
    standStill(LEASE_MS + 1)
    expect(await near.service.getSession(session.token)).toBeNull()
  })
})
