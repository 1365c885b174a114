import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { SessionToken } from "../../domain/interfaces/session/ISessionService.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { type HookedService, hookedService, type RawClient, randomPrefix, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

// Each writer has read its session and is stopped before it writes; the session is ended in between, by another process's service or past the library.

type Service = HookedService["service"]

interface Shared {
  readonly writer: HookedService
  /** To which each read is an access. */
  readonly accessor: HookedService
  readonly killer: Service
  readonly raw: RawClient
}

interface Victim {
  readonly token: SessionToken
  readonly userId: string
  readonly sessionId: string
  readonly key: string
}

const WRITERS: Readonly<Record<string, { readonly script: string; write(service: Service, token: string): Promise<unknown> }>> = {
  "a touch": { script: "session-touches", write: (service, token) => service.getSession(token) },
  "a read that is written down at once": { script: "session-accesses", write: (service, token) => service.getSession(token) },
  "an update": { script: "session-update", write: (service, token) => service.updateSession(token, { written: true }) },
  "an extension": { script: "session-extend", write: (service, token) => service.extendSession(token, "2h") },
  "a rotation": { script: "session-rotate", write: (service, token) => service.rotateSession(token) },
  "a step-up": { script: "session-rotate", write: (service, token) => service.rotateSession(token, { reauthenticated: true, changes: { written: true } }) },
}

const KILLERS: Readonly<Record<string, (shared: Shared, victim: Victim) => Promise<unknown>>> = {
  "a sign-out": ({ killer }, { token }) => killer.deleteSession(token),
  "the end of this one, by its handle": ({ killer }, { userId, sessionId }) => killer.deleteUserSession(userId, sessionId),
  "the end of all but another": async ({ killer }, { userId }) => {
    const { session } = await killer.createSession({ userId })
    return killer.deleteUserSessions(userId, { except: session.sessionId })
  },
  "the end of all": ({ killer }, { userId }) => killer.deleteUserSessions(userId),
  "the end of all, thoroughly": ({ killer }, { userId }) => killer.deleteUserSessions(userId, { thorough: true }),
  "a newer one that takes its place under the limit": ({ killer }, { userId }) => killer.createSession({ userId, maxSessionsPerUser: 1 }),
  "its expiry": async ({ raw }, { key }) => {
    await raw.send("PEXPIRE", key, 1)
    while ((await raw.send("EXISTS", key)) !== 0) await pause(1)
  },
  "a DEL past the library": ({ raw }, { key }) => raw.send("DEL", key),
}

describe.each(SERVER_KINDS)("on %s", (kind) => {
  const keyPrefix = randomPrefix()
  let shared: Shared
  let count = 0
  beforeAll(async () => {
    const { url } = sharedServer(kind)
    const [writer, accessor, killer] = await Promise.all([
      hookedService(url, { keyPrefix, touchInterval: "1ms" }),
      hookedService(url, { keyPrefix, touchInterval: 0 }),
      hookedService(url, { keyPrefix }),
    ])
    shared = { writer, accessor, killer: killer.service, raw: await rawClient(url) }
  })
  afterAll(async () => {
    await Promise.all([shared.writer.service.close(), shared.accessor.service.close(), shared.killer.close()])
    shared.raw.close()
  })

  async function newVictim(): Promise<Victim> {
    count += 1
    const userId = `victim ${count}`
    const { token, session } = await shared.killer.createSession({ userId, idleTimeout: "1h" })
    const key = sessionKeyOf(keyPrefix, session.sessionId)
    // Accessed a minute ago, so that a read touches whatever a service knows of the server's time.
    await shared.raw.send("SETRANGE", key, 18, String(session.lastAccessedAt.getTime() - 60_000).padStart(13))
    return { token, userId, sessionId: session.sessionId, key }
  }

  const pairs = Object.keys(WRITERS).flatMap((writer) => Object.keys(KILLERS).map((killer) => ({ writer, killer })))
  it.each(pairs)("$writer that began before $killer does not bring the session back, and is told", async ({ writer, killer }) => {
    const victim = await newVictim()
    const { script, write } = WRITERS[writer] as (typeof WRITERS)[string]
    const { redis, service } = script === "session-accesses" ? shared.accessor : shared.writer
    const hook = redis.beforeNext(script, async () => KILLERS[killer]?.(shared, victim))
    const answer = await write(service, victim.token)

    expect(hook.ran()).toBe(true)
    expect(answer).toBeNull()
    expect(await shared.raw.send("EXISTS", victim.key)).toBe(0)
    expect(await shared.killer.getSession(victim.token)).toBeNull()
    expect((await shared.killer.getUserSessions(victim.userId)).sessions.map(({ sessionId }) => sessionId)).not.toContain(victim.sessionId)
  })
})
