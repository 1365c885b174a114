import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { CLIENT_NAMES, type HookedService, hookedService, type RawClient, randomPrefix, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

// Sign-outs of one turn of the event loop are one script on one server: each is judged for itself.

describe.each(SERVER_KINDS)("on %s", (kind) => {
  describe.each(CLIENT_NAMES)("through %s", (clientName) => {
    const keyPrefix = randomPrefix()
    let one: HookedService
    let other: HookedService
    let raw: RawClient
    beforeAll(async () => {
      const { url } = sharedServer(kind)
      raw = await rawClient(url)
      one = await hookedService(url, { keyPrefix }, clientName)
      other = await hookedService(url, { keyPrefix }, clientName)
      await one.service.getSession((await other.service.createSession({ userId: "warm" })).token)
    })
    afterAll(async () => {
      await Promise.all([one.service.close(), other.service.close()])
      raw.close()
    })

    const open = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, at) => other.service.createSession({ userId: `out ${at}`, attributes: { at } })))
    const alive = (tokens: readonly { readonly token: string }[]): Promise<readonly boolean[]> =>
      Promise.all(tokens.map(async ({ token }) => (await other.service.getSession(token)) !== null))
    const scriptsSince = (since: number): readonly string[] => one.redis.names(since).filter((name) => name.startsWith("session-"))

    it("forty of one turn are two scripts, and each ends its own session", async () => {
      const opened = await open(41)
      const since = one.redis.calls.length
      const ended = await Promise.all(opened.slice(0, 40).map(({ token }) => one.service.deleteSession(token)))
      expect(scriptsSince(since)).toEqual(["session-deletes", "session-deletes"])
      expect(ended).toEqual(Array(40).fill(true))
      expect(await alive(opened)).toEqual([...Array(40).fill(false), true])
    })

    it("one alone is the script for one", async () => {
      const [opened] = await open(1)
      const since = one.redis.calls.length
      expect(await one.service.deleteSession(opened?.token)).toBe(true)
      expect(scriptsSince(since)).toEqual(["session-delete"])
    })

    it("each is admitted by its own secret, its own owner and its own version", async () => {
      const opened = await open(6)
      const [mine, foreign, byHandle, byStranger, old, current] = opened.map(({ token, session }) => ({ token, session, userId: String(session.userId) }))
      if (!mine || !foreign || !byHandle || !byStranger || !old || !current) throw new Error("Expected six sessions")
      // A secret of one session is none of another's.
      const swapped = foreign.token.slice(0, foreign.token.lastIndexOf(".")) + mine.token.slice(mine.token.lastIndexOf("."))
      const results = await Promise.allSettled([
        one.service.deleteSession(mine.token),
        one.service.deleteSession(swapped),
        one.service.deleteUserSession(byHandle.userId, byHandle.session.sessionId),
        one.service.deleteUserSession("somebody else", byStranger.session.sessionId),
        one.service.deleteSession(old.token, { ifVersion: 2 }),
        one.service.deleteSession(current.token, { ifVersion: 1 }),
      ])
      expect(results.map((result) => (result.status === "fulfilled" ? result.value : (result.reason as { code: string }).code))).toEqual([
        true,
        false,
        true,
        false,
        "ERR_SESSION_CONFLICT",
        true,
      ])
      expect(await alive(opened)).toEqual([false, true, false, true, true, false])
    })

    it("of two of the same session one says that it ended it", async () => {
      const [opened, beside] = await open(2)
      const ended = await Promise.all([opened, opened, beside].map((session) => one.service.deleteSession(session?.token)))
      expect(ended).toEqual([true, false, true])
    })

    it("a script that reaches the server twice ends each once, and brings nothing back", async () => {
      const opened = await open(3)
      one.redis.copies.set("session-deletes", 2)
      await Promise.all(opened.map(({ token }) => one.service.deleteSession(token)))
      one.redis.copies.delete("session-deletes")
      expect(await alive(opened)).toEqual([false, false, false])
    })

    it("a rotation without grace in between refuses the old token's sign-out alone", async () => {
      const opened = await open(3)
      one.redis.beforeNext("session-deletes", () => other.service.rotateSession(opened[0]?.token ?? "", { grace: 0 }))
      expect(await Promise.all(opened.map(({ token }) => one.service.deleteSession(token)))).toEqual([false, true, true])
    })

    it("what is no record is cleared away, and keeps none of the others", async () => {
      const opened = await open(3)
      const key = sessionKeyOf(keyPrefix, opened[1]?.session.sessionId ?? "")
      await raw.send("SET", key, "no record", "PX", 60_000)
      const ended = await Promise.all(opened.map(({ token }) => one.service.deleteSession(token)))
      expect(ended).toEqual([true, true, true])
      expect(await raw.get(key)).toBeNull()
    })
  })
})
