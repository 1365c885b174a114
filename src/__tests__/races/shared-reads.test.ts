import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { CLIENT_NAMES, type HookedService, hookedService, randomPrefix } from "../support/services-under-watch.js"

const NO_TOUCH = { touch: false } as const

/** A read that joined the one that is held back would wait for ever. */
function soon<T>(read: Promise<T>): Promise<T> {
  const late = pause(5_000, undefined, { ref: false }).then(() => Promise.reject(new Error("Expected a fetch of its own, got none within 5 s")))
  return Promise.race([read, late])
}

describe.each(SERVER_KINDS)("on %s", (kind) => {
  describe.each(CLIENT_NAMES)("through %s", (clientName) => {
    const keyPrefix = randomPrefix()
    let reader: HookedService
    let writer: HookedService
    beforeAll(async () => {
      const { url } = sharedServer(kind)
      // Longer than any answer is held back: a near-cache asks again, over another connection, where none comes in a quarter of it.
      reader = await hookedService(url, { keyPrefix, timeout: "20s" }, clientName)
      writer = await hookedService(url, { keyPrefix }, clientName)
      // The first read of a service asks for the server's time, too.
      await reader.service.getSession((await writer.service.createSession({ userId: "warm" })).token)
    })
    afterAll(async () => {
      await Promise.all([reader.service.close(), writer.service.close()])
    })

    /** Holds the answer of the next read back, as a slow network does, after the server gave it. */
    function holdNextAnswer(name: "get" | "mget"): { readonly answered: Promise<void>; release(): void } {
      let answered: () => void = () => undefined
      let release: () => void = () => undefined
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      const reached = new Promise<void>((resolve) => {
        answered = resolve
      })
      let held = false
      reader.redis.after = async (call) => {
        if (held || call.name !== name) return
        held = true
        answered()
        await released
      }
      onTestFinished(release)
      return { answered: reached, release }
    }

    it.each(["get", "mget"] as const)("a read asked for after an acknowledged update sees it, though an older %s is under way", async (name) => {
      const made = await Promise.all([0, 1].map((n) => writer.service.createSession({ userId: `reads ${name} ${n}`, attributes: { n: 0 } })))
      const tokens = made.map(({ token }) => token).slice(0, name === "get" ? 1 : 2)
      const held = holdNextAnswer(name)
      const older = tokens.map((token) => reader.service.getSession(token, NO_TOUCH))
      await held.answered
      for (const token of tokens) await writer.service.updateSession(token, { n: 1 })
      const newer = await soon(Promise.all(tokens.map((token) => reader.service.getSession(token, NO_TOUCH))))
      expect(newer.map((session) => session?.attributes.n)).toEqual(tokens.map(() => 1))
      held.release()
      expect((await Promise.all(older)).map((session) => session?.attributes.n)).toEqual(tokens.map(() => 0))
      // What came late is nobody's but theirs.
      const last = await Promise.all(tokens.map((token) => reader.service.getSession(token, NO_TOUCH)))
      expect(last.map((session) => session?.attributes.n)).toEqual(tokens.map(() => 1))
    })

    it("a read asked for after an acknowledged sign-out finds nothing, though an older one is under way", async () => {
      const { token } = await writer.service.createSession({ userId: "signed out" })
      const held = holdNextAnswer("get")
      const older = reader.service.getSession(token, NO_TOUCH)
      await held.answered
      expect(await writer.service.deleteSession(token)).toBe(true)
      expect(await soon(reader.service.getSession(token, NO_TOUCH))).toBeNull()
      held.release()
      expect(await older).not.toBeNull()
      expect(await reader.service.getSession(token, NO_TOUCH)).toBeNull()
    })

    it("reads of one session in one turn share a fetch, and each is judged by its own secret", async () => {
      const { token } = await writer.service.createSession({ userId: "shared" })
      const { token: foreign } = await writer.service.createSession({ userId: "shared" })
      const forged = token.slice(0, 27) + foreign.slice(27)
      const before = reader.redis.calls.length
      const [mine, again, thief] = await Promise.all([token, token, forged].map((each) => reader.service.getSession(each, NO_TOUCH)))
      expect(reader.redis.names(before)).toEqual(["get"])
      expect([mine?.userId, again?.userId, thief]).toEqual(["shared", "shared", null])
    })

    it("one caller who gives up does not end the fetch of the others", async () => {
      const { token } = await writer.service.createSession({ userId: "gives up" })
      const leaving = new AbortController()
      const gone = reader.service.getSession(token, { ...NO_TOUCH, signal: leaving.signal })
      const stays = reader.service.getSession(token, NO_TOUCH)
      const refused = expect(gone).rejects.toThrow("enough")
      leaving.abort(new Error("enough"))
      await refused
      expect(await stays).not.toBeNull()
    })
  })
})
