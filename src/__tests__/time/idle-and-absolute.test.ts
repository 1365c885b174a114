import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { type HookedService, hookedService, indexKeyOf, type RawClient, randomPrefix, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

// All by the server's clock: a record's deadline is PEXPIRETIME of its key, so no test depends on how busy this machine is.

const NO_TOUCH = { touch: false } as const

describe.each(SERVER_KINDS)("on %s", (kind) => {
  const keyPrefix = randomPrefix()
  const open: HookedService[] = []
  let raw: RawClient
  beforeAll(async () => {
    raw = await rawClient(sharedServer(kind).url)
  })
  afterAll(async () => {
    await Promise.all(open.map(({ service }) => service.close()))
    raw.close()
  })

  const serviceWith = async (options: Parameters<typeof hookedService>[1]): Promise<HookedService["service"]> => {
    const made = await hookedService(sharedServer(kind).url, { keyPrefix, ...options })
    open.push(made)
    return made.service
  }
  const recordOf = async (sessionId: string) => JSON.parse((await raw.get(sessionKeyOf(keyPrefix, sessionId))) ?? "null")
  const endsAt = async (sessionId: string): Promise<number> => Number(await raw.send("PEXPIRETIME", sessionKeyOf(keyPrefix, sessionId)))

  /** Reads without touching until the session is gone: between which two instants of the server that was. */
  async function lifetime(service: HookedService["service"], token: string): Promise<{ readonly lastSeen: number; readonly firstMissed: number }> {
    let lastSeen = 0
    const deadline = Date.now() + 10_000
    while (Date.now() < deadline) {
      const before = await raw.now()
      const session = await service.getSession(token, NO_TOUCH)
      const after = await raw.now()
      if (session === null) return { lastSeen, firstMissed: after }
      lastSeen = before
      await pause(5)
    }
    throw new Error("Expected the session to end within 10 s")
  }

  it.concurrent.each([
    { idle: 400, touch: "1m", slack: 40 },
    { idle: 400, touch: "15ms", slack: 15 },
    { idle: 300, touch: 0, slack: 0 },
  ] as const)(
    "an idle timeout of $idle ms with a slack of $slack ms ends a session neither early nor more than the slack late",
    async ({ idle, touch, slack }) => {
      const service = await serviceWith({ idleTimeout: `${idle}ms`, touchInterval: touch })
      const { token, session } = await service.createSession({ userId: `idle ${slack}` })
      const accessed = session.lastAccessedAt.getTime()
      expect(session.expiresAt.getTime()).toBe(accessed + idle)
      expect((await recordOf(session.sessionId)).head.slice(0, 2)).toEqual([idle, slack])
      const end = await endsAt(session.sessionId)
      expect(end - accessed).toBeGreaterThanOrEqual(idle + slack)
      expect(end - accessed).toBeLessThanOrEqual(idle + slack + 2)
      const { lastSeen, firstMissed } = await lifetime(service, token)
      // A key is gone in the millisecond after its end.
      expect(lastSeen).toBeLessThan(end + 1)
      expect(firstMissed).toBeGreaterThanOrEqual(accessed + idle)
    },
  )

  it.concurrent("accesses keep a session alive beyond its idle timeout, although those within the touch interval are not written", async () => {
    const idle = 400
    const service = await serviceWith({ idleTimeout: `${idle}ms`, touchInterval: "1m" })
    const { token, session } = await service.createSession({ userId: "kept" })
    const created = session.createdAt.getTime()
    let last = 0
    while (last < created + 3 * idle) {
      const found = await service.getSession(token)
      expect(found).not.toBeNull()
      last = await raw.now()
      await pause(20)
    }
    const record = await recordOf(session.sessionId)
    // Neither the accesses within the slack nor those beyond it may end the session before the last access is an idle timeout old.
    expect((await endsAt(session.sessionId)) + 1).toBeGreaterThanOrEqual(record.lastAccessedAt + idle + 40)
    expect(last - record.lastAccessedAt).toBeLessThan(40 + 400)
    const { firstMissed } = await lifetime(service, token)
    expect(firstMissed).toBeGreaterThanOrEqual(record.lastAccessedAt + idle)
  })

  it.concurrent("the absolute deadline is exceeded by no touch, update, extension or rotation", async () => {
    const absolute = 1_000
    const service = await serviceWith({ idleTimeout: "10m", absoluteTimeout: `${absolute}ms`, touchInterval: 0 })
    const { token, session } = await service.createSession({ userId: "absolute", attributes: { n: 0 } })
    const end = session.absoluteExpiresAt.getTime()
    expect(end).toBe(session.createdAt.getTime() + absolute)
    expect(session.expiresAt.getTime()).toBe(end)
    let current: string = token
    let rounds = 0
    const acts = [
      () => service.getSession(current),
      () => service.updateSession(current, { n: rounds }),
      () => service.extendSession(current, "1d"),
      async () => {
        const rotated = await service.rotateSession(current)
        current = rotated?.token ?? current
        return rotated?.session ?? null
      },
      async () => {
        const rotated = await service.rotateSession(current, { changes: { n: rounds } })
        current = rotated?.token ?? current
        return rotated?.session ?? null
      },
    ]
    for (;;) {
      const began = await raw.now()
      const found = await acts[rounds % acts.length]?.()
      if (!found) break
      // Found means that it was alive when the call began.
      expect(began).toBeLessThan(end)
      expect(found.absoluteExpiresAt.getTime()).toBe(end)
      expect(found.expiresAt.getTime()).toBeLessThanOrEqual(end)
      const expires = await endsAt(session.sessionId)
      if (expires > 0) expect(expires).toBeLessThan(end)
      rounds += 1
    }
    expect(rounds).toBeGreaterThanOrEqual(acts.length)
    expect(await raw.now()).toBeGreaterThanOrEqual(end - 2)
    // Its key goes in the same millisecond, or in the next.
    await pause(10)
    expect(await raw.send("EXISTS", sessionKeyOf(keyPrefix, session.sessionId))).toBe(0)
  })

  it.concurrent("in the last millisecond before the absolute deadline an operation answers null and leaves nothing", async () => {
    const service = await serviceWith({ idleTimeout: "10m", touchInterval: 0 })
    const operations = {
      touch: (token: string) => service.getSession(token),
      update: (token: string) => service.updateSession(token, { n: 1 }),
      extend: (token: string) => service.extendSession(token, "1h"),
      rotate: (token: string) => service.rotateSession(token),
      "rotate with changes": (token: string) => service.rotateSession(token, { changes: { n: 1 } }),
    }
    for (const [name, operate] of Object.entries(operations)) {
      const { token, session } = await service.createSession({ userId: `last ${name}` })
      const key = sessionKeyOf(keyPrefix, session.sessionId)
      // A record whose absolute deadline has come, on a key that is still there: as a server leaves it whose clock was set forward.
      const text = (await raw.get(key)) ?? ""
      const past = String(Math.floor(await raw.now())).padStart(13)
      const over = text.slice(0, 73) + past + text.slice(86)
      await raw.send("SET", key, over, "PX", 20_000)
      expect(await operate(token), name).toBeNull()
      expect([over, null], name).toContain(await raw.get(key))
      await raw.send("DEL", key)
    }
  })

  it.concurrent("the slack of a record decides, not that of the process that reads it", async () => {
    const lazy = await serviceWith({ idleTimeout: "10s", touchInterval: "1m" })
    const eager = await serviceWith({ idleTimeout: "10s", touchInterval: "20ms" })
    const byLazy = await lazy.createSession({ userId: "lazy" })
    const byEager = await eager.createSession({ userId: "eager" })
    const slackOf = async (sessionId: string): Promise<number> => (await recordOf(sessionId)).head[1]
    expect([await slackOf(byLazy.session.sessionId), await slackOf(byEager.session.sessionId)]).toEqual([1_000, 20])
    await pause(40)
    // The lazy process writes the access down because the record allows no more than 20 ms; the eager one because its own interval says so.
    for (const [service, made] of [
      [lazy, byEager],
      [eager, byLazy],
    ] as const) {
      const slack = await slackOf(made.session.sessionId)
      const found = await service.getSession(made.token)
      expect(found?.lastAccessedAt.getTime()).toBeGreaterThan(made.session.lastAccessedAt.getTime())
      const record = await recordOf(made.session.sessionId)
      expect(record.head[1]).toBe(slack)
      const kept = (await endsAt(made.session.sessionId)) - record.lastAccessedAt
      expect(kept).toBeGreaterThanOrEqual(10_000 + slack)
      expect(kept).toBeLessThanOrEqual(10_000 + slack + 2)
    }
    // An extension writes the slack anew, in the record, where all find it.
    await eager.extendSession(byLazy.token, "20s")
    expect((await recordOf(byLazy.session.sessionId)).head.slice(0, 2)).toEqual([20_000, 20])
    await lazy.extendSession(byLazy.token)
    expect((await recordOf(byLazy.session.sessionId)).head.slice(0, 2)).toEqual([20_000, 2_000])
  })

  it.concurrent("an extension's idle timeout holds for all later accesses, and a shorter one shortens", async () => {
    const service = await serviceWith({ idleTimeout: "10m", touchInterval: 0 })
    const { token, session } = await service.createSession({ userId: "extended" })
    await service.extendSession(token, "20m")
    await service.getSession(token)
    await service.updateSession(token, { a: 1 })
    const record = await recordOf(session.sessionId)
    expect((await endsAt(session.sessionId)) - record.lastAccessedAt).toBeGreaterThanOrEqual(20 * 60_000)
    await service.extendSession(token, "300ms")
    const shortened = await recordOf(session.sessionId)
    expect(shortened.head.slice(0, 2)).toEqual([300, 0])
    const end = await endsAt(session.sessionId)
    expect(end - shortened.lastAccessedAt).toBeLessThanOrEqual(302)
    const { firstMissed, lastSeen } = await lifetime(service, token)
    expect(firstMissed).toBeGreaterThanOrEqual(shortened.lastAccessedAt + 300)
    // A key is gone in the millisecond after its end.
    expect(lastSeen).toBeLessThan(end + 1)
  })

  it.concurrent("every key has an end at all times, and a list's end only moves away", async () => {
    const prefix = randomPrefix()
    const made = await hookedService(sharedServer(kind).url, { keyPrefix: prefix, touchInterval: 0 })
    open.push(made)
    const { service } = made
    const userId = "ends"
    const index = indexKeyOf(prefix, userId)
    let last = 0
    const look = async (step: string): Promise<void> => {
      const keys = await raw.keys(`${prefix}*`)
      for (const key of keys) expect(Number(await raw.send("PTTL", key)), `${step}: ${key.slice(prefix.length, prefix.length + 14)}`).toBeGreaterThan(0)
      if (!keys.includes(index)) return
      const end = Number(await raw.send("PEXPIRETIME", index))
      expect(end, step).toBeGreaterThanOrEqual(last)
      last = end
    }
    const first = await service.createSession({ userId, absoluteTimeout: "10d" })
    await look("create")
    // It outlives the sessions that it names.
    expect(last).toBeGreaterThanOrEqual(first.session.absoluteExpiresAt.getTime() + 2_500)
    const long = last
    const second = await service.createSession({ userId, absoluteTimeout: "1h" })
    await look("a shorter one")
    expect(last).toBe(long)
    await service.createSession({ userId, absoluteTimeout: "20d" })
    await look("a longer one")
    expect(last).toBeGreaterThan(long)
    await service.createSession({})
    await service.createSession({ pendingUserId: userId })
    await look("a guest, and a pending one")
    await service.getSession(second.token)
    await look("touch and heal")
    await service.updateSession(second.token, { a: 1 })
    await look("update")
    const rotated = await service.rotateSession(second.token)
    await look("rotate")
    await service.extendSession(rotated?.token ?? "", "2h")
    await look("extend")
    await service.deleteSession(rotated?.token)
    await look("delete")
    await service.createSession({ userId, maxSessionsPerUser: 1 })
    await look("evict")
    await service.deleteUserSessions(userId)
    await look("delete all")
    await service.cleanupExpiredSessions()
    await look("cleanup")
    // A list that lost its end, as an operator's PERSIST leaves it, gets one again.
    const third = await service.createSession({ userId })
    await raw.send("PERSIST", index)
    await raw.send("SETRANGE", sessionKeyOf(prefix, third.session.sessionId), 18, String(third.session.lastAccessedAt.getTime() - 700_000).padStart(13))
    await service.getSession(third.token)
    while (Number(await raw.send("PTTL", index)) < 0) await pause(5)
  })

  it.concurrent("numbers are written out, without an exponent, at any size", async () => {
    const prefix = randomPrefix()
    const made = await hookedService(sharedServer(kind).url, { keyPrefix: prefix, touchInterval: 0 })
    open.push(made)
    const { token, session } = await made.service.createSession({
      userId: "digits",
      idleTimeout: "1000d",
      absoluteTimeout: "1000d",
      authenticatedAt: new Date(1_700_000_000_000),
    })
    const key = sessionKeyOf(prefix, session.sessionId)
    const look = async (): Promise<void> => {
      const text = (await raw.get(key)) ?? ""
      // Up to the names of the changes, which are random text.
      expect(text.slice(0, 104)).not.toMatch(/\d[eE][+-]?\d|\./)
      expect(JSON.parse(text).head.slice(0, 2)).toEqual([86_400_000_000, 0])
    }
    await look()
    await made.service.getSession(token)
    await look()
    await made.service.updateSession(token, { a: 1 })
    await look()
    const rotated = await made.service.rotateSession(token, { reauthenticated: true })
    await look()
    expect(rotated?.session.authenticatedAt?.getTime()).toBeGreaterThan(1_700_000_000_000)
    await made.service.extendSession(rotated?.token ?? "", "999d")
    expect(JSON.parse((await raw.get(key)) ?? "").head[0]).toBe(86_313_600_000)
    const [member] = await raw.scores(indexKeyOf(prefix, "digits"))
    expect(member?.score).toBe(JSON.parse((await raw.get(key)) ?? "").head[5])
    expect(Number.isSafeInteger(member?.score)).toBe(true)
  })

  it.concurrent("of two sessions made in one microsecond, or after a clock was set back, the later one has the higher score", async () => {
    const service = await serviceWith({})
    const userId = "clock set back"
    const first = await service.createSession({ userId })
    const index = indexKeyOf(keyPrefix, userId)
    const ahead = (Math.floor(await raw.now()) + 3_600_000) * 1_000
    await raw.send("ZADD", index, ahead, first.session.sessionId.slice(4))
    const second = await service.createSession({ userId })
    const listed = await raw.scores(index)
    expect(listed).toEqual([
      { id: first.session.sessionId.slice(4), score: ahead },
      { id: second.session.sessionId.slice(4), score: ahead + 1 },
    ])
    expect((await recordOf(second.session.sessionId)).head[5]).toBe(ahead + 1)
    // A sign-out everywhere reaches it all the same.
    expect(await service.deleteUserSessions(userId)).toBe(2)
  })
})
