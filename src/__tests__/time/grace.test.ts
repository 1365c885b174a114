import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { type HookedService, hookedService, type RawClient, randomPrefix, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

const NO_TOUCH = { touch: false } as const

describe.each(SERVER_KINDS)("a rotation's grace on %s", (kind) => {
  const keyPrefix = randomPrefix()
  let made: HookedService
  let raw: RawClient
  beforeAll(async () => {
    const { url } = sharedServer(kind)
    made = await hookedService(url, { keyPrefix, touchInterval: 0 })
    raw = await rawClient(url)
  })
  afterAll(async () => {
    await made.service.close()
    raw.close()
  })

  const recordOf = async (sessionId: string) => JSON.parse((await raw.get(sessionKeyOf(keyPrefix, sessionId))) ?? "null")

  it.concurrent("ends when the server's time says so", async () => {
    const { service } = made
    const { token, session } = await service.createSession({ userId: "grace" })
    const rotated = await service.rotateSession(token, { grace: "300ms" })
    const { until } = await recordOf(session.sessionId)
    for (;;) {
      const began = await raw.now()
      const found = await service.getSession(token, NO_TOUCH)
      const ended = await raw.now()
      if (found === null) {
        expect(ended).toBeGreaterThanOrEqual(until)
        break
      }
      // Judged by a reading of the server's time that is never ahead of it, and late by no more than a reply may take.
      expect(began).toBeLessThan(until + 250)
      await pause(5)
    }
    expect(await service.getSession(rotated?.token)).not.toBeNull()
  })

  it.concurrent("is over for every operation at its end, by the scripts' own reading", async () => {
    const { service } = made
    const operations = {
      read: (token: string) => service.getSession(token),
      update: (token: string) => service.updateSession(token, { a: 1 }),
      extend: (token: string) => service.extendSession(token, "1h"),
      delete: (token: string) => service.deleteSession(token),
      rotate: (token: string) => service.rotateSession(token),
    }
    for (const [name, operate] of Object.entries(operations)) {
      const { token, session } = await service.createSession({ userId: `over ${name}` })
      await service.rotateSession(token, { grace: "60s" })
      const key = sessionKeyOf(keyPrefix, session.sessionId)
      const within = await raw.get(key)
      // The end of the grace is moved to a second ago.
      const past = String(Math.floor(await raw.now()) - 1_000).padStart(13)
      const over = (within ?? "").slice(0, 215) + past + (within ?? "").slice(228)
      await raw.send("SET", key, over, "KEEPTTL")
      const outcome = await operate(token)
      expect([null, false], name).toContain(outcome)
      expect(await raw.get(key), name).toBe(over)
    }
  })

  it.concurrent("lets the old secret read, update, extend and sign out, but not rotate", async () => {
    const { service } = made
    const { token, session } = await service.createSession({ userId: "rights" })
    const rotated = await service.rotateSession(token)
    expect((await service.getSession(token))?.sessionId).toBe(session.sessionId)
    expect((await service.updateSession(token, { a: 1 }))?.version).toBe(2)
    expect(await service.extendSession(token, "1h")).not.toBeNull()
    await expect(service.rotateSession(token)).rejects.toMatchObject({ code: "ERR_SESSION_CONFLICT" })
    // The update kept the grace.
    expect((await recordOf(session.sessionId)).previous).toHaveLength(22)
    // A second rotation ends the first one's grace.
    const again = await service.rotateSession(rotated?.token ?? "")
    expect(await service.getSession(token)).toBeNull()
    expect(await service.getSession(rotated?.token)).not.toBeNull()
    expect(await service.deleteSession(rotated?.token)).toBe(true)
    expect(await service.getSession(again?.token)).toBeNull()
  })

  it.concurrent("leaves the record with the first update after it", async () => {
    const { service } = made
    const { token, session } = await service.createSession({ userId: "dropped", attributes: { a: 0 } })
    const rotated = await service.rotateSession(token, { grace: "80ms" })
    const { until } = await recordOf(session.sessionId)
    while ((await raw.now()) <= until) await pause(5)
    expect((await recordOf(session.sessionId)).previous).toHaveLength(22)
    await service.updateSession(rotated?.token ?? "", { a: 1 })
    const record = await recordOf(session.sessionId)
    expect(Object.keys(record)).toEqual(["lastAccessedAt", "head", "userId", "body"])
    expect((await service.getSession(rotated?.token))?.attributes).toEqual({ a: 1 })
  })
})
