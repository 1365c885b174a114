import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SessionError } from "../../domain/errors.js"
import type { SessionEvent } from "../../domain/interfaces/ports.js"
import type { IssuedSession, SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { type HookedService, hookedService, type RawClient, randomPrefix, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

const HEAD_LENGTH = 171

/** Ways in which a record is no record of ours any more; each still begins where a session was. */
const DAMAGES: Readonly<Record<string, (text: string) => string>> = {
  "another layout": (text) => `${text.slice(0, 61)}2${text.slice(62)}`,
  "layout nought": (text) => `${text.slice(0, 61)}0${text.slice(62)}`,
  "a flipped byte of the attributes": (text) => text.replace('"a":1', '"a":2'),
  "a flipped byte of the checksum": (text) => text.replace(/"body":\["(.)/, (_all, digit: string) => `"body":["${digit === "0" ? "1" : "0"}`),
  "another schema version": (text) => text.replace(/("body":\["\w{8}",)1,/, "$12,"),
  "a byte more at the end": (text) => `${text} `,
  "foreign JSON": () => '{"cookie":{"originalMaxAge":null},"user":1}',
  "foreign text": () => "not JSON at all",
  "a number": () => "12345",
  "a list of JSON": () => "[]",
  "an earlier first member": (text) => text.replace('"lastAccessedAt"', '"LASTAccessedAt"'),
  "a version that is none": (text) => `${text.slice(0, 63)}      abc${text.slice(72)}`,
  "no body": (text) => text.slice(0, text.indexOf('"body":["')),
  binary: () => "\u0000\u0001\u0002\ufffd",
}

describe.each(SERVER_KINDS)("on %s", (kind) => {
  const keyPrefix = randomPrefix()
  const events: SessionEvent[] = []
  let made: HookedService
  let raw: RawClient
  let number = 0
  beforeAll(async () => {
    const { url } = sharedServer(kind)
    made = await hookedService(url, { keyPrefix, touchInterval: 0, onEvent: (event) => void events.push(event) })
    raw = await rawClient(url)
  })
  afterAll(async () => {
    await made.service.close()
    raw.close()
  })

  interface Household {
    readonly userId: string
    readonly broken: IssuedSession<SessionAttributes>
    readonly sound: readonly IssuedSession<SessionAttributes>[]
    readonly key: string
    readonly text: string
  }
  async function household(): Promise<Household> {
    number += 1
    const userId = `household ${number}`
    const [first, broken, last] = [
      await made.service.createSession({ userId, attributes: { a: 1 } }),
      await made.service.createSession({ userId, attributes: { a: 1 }, device: { label: "phone" } }),
      await made.service.createSession({ userId, attributes: { a: 1 } }),
    ]
    const key = sessionKeyOf(keyPrefix, broken.session.sessionId)
    return { userId, broken, sound: [first, last], key, text: (await raw.get(key)) ?? "" }
  }
  const put = async (key: string, value: string): Promise<void> => {
    await raw.send("SET", key, value, "PX", 600_000)
  }

  /** Nothing that a holder does with a corrupt record finds a session, and nothing writes into it. */
  async function expectShut({ broken, key }: Household, answers: readonly (string | null)[]): Promise<void> {
    const stored = await raw.send("DUMP", key)
    const { service } = made
    const calls = {
      read: () => service.getSession(broken.token),
      update: () => service.updateSession(broken.token, { a: 3 }),
      extend: () => service.extendSession(broken.token, "1h"),
      rotate: () => service.rotateSession(broken.token),
      "rotate with changes": () => service.rotateSession(broken.token, { changes: { a: 3 } }),
    }
    for (const [name, call] of Object.entries(calls)) {
      const outcome = await call().then(
        (value) => value,
        (error: unknown) => (SessionError.is(error) ? error.code : error),
      )
      expect(answers, name).toContain(outcome)
    }
    expect(await raw.send("DUMP", key)).toEqual(stored)
  }

  async function expectOthersUnharmed({ userId, sound }: Household): Promise<void> {
    const { sessions } = await made.service.getUserSessions(userId)
    expect(sessions.map(({ sessionId }) => sessionId)).toEqual([...sound].reverse().map(({ session }) => session.sessionId))
    const read = await Promise.all(sound.map(({ token }) => made.service.getSession(token)))
    expect(read.map((session) => session?.attributes)).toEqual([{ a: 1 }, { a: 1 }])
  }

  describe.each(Object.keys(DAMAGES))("a record with %s", (name) => {
    const damage = async (on: Household): Promise<void> => {
      const damaged = DAMAGES[name]?.(on.text) ?? ""
      expect(damaged).not.toBe(on.text)
      await put(on.key, damaged)
    }

    it("is corrupt for that session alone", async () => {
      const on = await household()
      await damage(on)
      events.length = 0
      await expect(made.service.getSession(on.broken.token)).rejects.toMatchObject({ code: "ERR_SESSION_CORRUPT" })
      expect(events).toContainEqual({ type: "corrupt", sessionId: on.broken.session.sessionId })
      await expectOthersUnharmed(on)
      // Side by side with others, too.
      const together = await Promise.allSettled([on.broken, ...on.sound].map(({ token }) => made.service.getSession(token)))
      expect(together.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"])
    })

    it("can still be ended, by token, by handle, and with all others", async () => {
      for (const end of ["token", "handle", "all"] as const) {
        const on = await household()
        await damage(on)
        if (end === "token") expect(await made.service.deleteSession(on.broken.token)).toBe(true)
        if (end === "handle") expect(await made.service.deleteUserSession(on.userId, on.broken.session.sessionId)).toBe(true)
        if (end === "all") expect(await made.service.deleteUserSessions(on.userId)).toBe(3)
        expect(await raw.send("EXISTS", on.key), end).toBe(0)
        expect(await made.service.getSession(on.broken.token)).toBeNull()
        if (end !== "all") await expectOthersUnharmed(on)
      }
    })

    it("is ended by nobody else's handle, and does not keep its user from signing in", async () => {
      const on = await household()
      await damage(on)
      expect(await made.service.deleteUserSession("somebody else", on.broken.session.sessionId)).toBe(false)
      expect(await raw.send("EXISTS", on.key)).toBe(1)
      const { evicted } = await made.service.createSession({ userId: on.userId, maxSessionsPerUser: 2 })
      expect(evicted.length).toBeLessThanOrEqual(2)
      expect((await made.service.cleanupExpiredSessions({ maxPerSecond: 10_000_000 })).scanned).toBeGreaterThan(0)
      expect(await made.service.deleteUserSessions(on.userId)).toBeGreaterThanOrEqual(1)
      expect(await raw.send("EXISTS", on.key)).toBe(0)
    })
  })

  it.each(["token", "handle", "all"] as const)(
    "a record cut off at any length is corrupt or missing, harms no other, and ends by %s",
    async (end) => {
      const on = await household()
      const bytes = Buffer.from(on.text)
      for (let length = 0; length < bytes.length; length += end === "token" ? 1 : 7) {
        await put(on.key, bytes.subarray(0, length).toString())
        const outcome = await made.service.getSession(on.broken.token).then(
          (value) => value,
          (error: unknown) => (SessionError.is(error) ? error.code : error),
        )
        expect([length === 0 ? null : "ERR_SESSION_CORRUPT", "ERR_SESSION_CORRUPT"], `${length} bytes`).toContain(outcome)
        if (end === "token") {
          const ended = await made.service.deleteSession(on.broken.token)
          // Only with its head intact is a record known to be the token's.
          if (length >= HEAD_LENGTH) expect(ended, `${length} bytes`).toBe(true)
          expect(await raw.send("EXISTS", on.key), `${length} bytes`).toBe(ended ? 0 : 1)
        } else {
          if (end === "handle") expect(await made.service.deleteUserSession(on.userId, on.broken.session.sessionId), `${length} bytes`).toBe(true)
          if (end === "all")
            expect(await made.service.deleteUserSessions(on.userId, { except: on.sound[0]?.session.sessionId }), `${length} bytes`).toBeGreaterThanOrEqual(1)
          expect(await raw.send("EXISTS", on.key), `${length} bytes`).toBe(0)
        }
      }
      if (end !== "all") await expectOthersUnharmed(on)
    },
    30_000,
  )

  it("a record cut off within its head can be ended by token, as its error says", async () => {
    const on = await household()
    for (const length of [0, 1, 40, 80, 104, 120, 140, 156]) {
      await put(on.key, on.text.slice(0, length))
      await made.service.deleteSession(on.broken.token)
      expect(await raw.send("EXISTS", on.key), `${length} bytes`).toBe(0)
    }
  })

  it.each(["LPUSH", "SADD", "PFADD"])(
    "a key that holds something made by %s is corrupt or nothing for that session alone, and ends by token, handle and with all",
    async (command) => {
      for (const end of ["token", "handle", "all"] as const) {
        const on = await household()
        await raw.send("DEL", on.key)
        await raw.send(command, on.key, "x")
        await raw.send("PEXPIRE", on.key, 600_000)
        // Its bytes say nothing of a session.
        await expectShut(on, ["ERR_SESSION_CORRUPT", null])
        await expectOthersUnharmed(on)
        if (end === "token") expect(await made.service.deleteSession(on.broken.token)).toBe(true)
        if (end === "handle") expect(await made.service.deleteUserSession(on.userId, on.broken.session.sessionId)).toBe(true)
        if (end === "all") expect(await made.service.deleteUserSessions(on.userId)).toBe(3)
        expect(await raw.send("EXISTS", on.key)).toBe(0)
      }
    },
  )

  it.each(["another layout", "foreign JSON", "a version that is none"])("no operation writes into a record with %s", async (name) => {
    const on = await household()
    await put(on.key, DAMAGES[name]?.(on.text) ?? "")
    await expectShut(on, ["ERR_SESSION_CORRUPT"])
  })

  it("a list that is no list says so, and the sessions themselves go on", async () => {
    const on = await household()
    const index = made.redis.calls.findLast(({ name }) => name === "session-create")?.keys[1] ?? ""
    await raw.send("DEL", index)
    await raw.send("SET", index, "x", "PX", 60_000)
    const failed = await made.service.getUserSessions(on.userId).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(SessionError.is(failed)).toBe(true)
    expect((await made.service.getSession(on.broken.token))?.userId).toBe(on.userId)
    expect(await made.service.deleteSession(on.broken.token)).toBe(true)
  })
})
