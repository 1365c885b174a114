import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { CLIENT_NAMES, type HookedService, hookedService, randomPrefix } from "../support/services-under-watch.js"

// Updates of one turn of the event loop are one script on one server: each is judged for itself.

describe.each(SERVER_KINDS)("on %s", (kind) => {
  describe.each(CLIENT_NAMES)("through %s", (clientName) => {
    const keyPrefix = randomPrefix()
    let one: HookedService
    let other: HookedService
    beforeAll(async () => {
      const { url } = sharedServer(kind)
      one = await hookedService(url, { keyPrefix }, clientName)
      other = await hookedService(url, { keyPrefix }, clientName)
      await one.service.getSession((await other.service.createSession({ userId: "warm" })).token)
    })
    afterAll(() => Promise.all([one.service.close(), other.service.close()]))

    const open = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, at) => other.service.createSession({ userId: `shared ${at}`, attributes: { at, n: 0 } })))
    const stored = async (tokens: readonly { readonly token: string }[]): Promise<unknown[]> =>
      Promise.all(tokens.map(async ({ token }) => (await other.service.getSession(token))?.attributes["n"]))
    const scriptsSince = (since: number): readonly string[] => one.redis.names(since).filter((name) => name.startsWith("session-"))

    it("forty of one turn are three scripts, and each is written to its own session", async () => {
      const opened = await open(40)
      const since = one.redis.calls.length
      const written = await Promise.all(opened.map(({ token }, at) => one.service.updateSession(token, { n: at + 1 })))
      // The reads before them were fetched 32 at a time.
      expect(scriptsSince(since).filter((name) => name !== "session-updates")).toEqual([])
      expect(scriptsSince(since).length).toBeLessThanOrEqual(4)
      expect(written.map((session) => [session?.attributes["at"], session?.attributes["n"], session?.version])).toEqual(opened.map((_, at) => [at, at + 1, 2]))
      expect(await stored(opened)).toEqual(opened.map((_, at) => at + 1))
    })

    it("one that meets a newer version is merged and written again, and none is lost", async () => {
      const opened = await open(3)
      one.redis.beforeNext("session-updates", () => other.service.updateSession(opened[1]?.token ?? "", { theirs: true }))
      await Promise.all(opened.map(({ token }) => one.service.updateSession(token, { n: 1 })))
      expect(await stored(opened)).toEqual([1, 1, 1])
      expect((await other.service.getSession(opened[1]?.token))?.attributes).toEqual({ at: 1, n: 1, theirs: true })
      expect((await other.service.getSession(opened[1]?.token))?.version).toBe(3)
    })

    it("a sign-out in between is not undone, and the others are written", async () => {
      const opened = await open(3)
      one.redis.beforeNext("session-updates", () => other.service.deleteSession(opened[2]?.token))
      const written = await Promise.all(opened.map(({ token }) => one.service.updateSession(token, { n: 1 })))
      expect(written.map((session) => session?.attributes["n"])).toEqual([1, 1, undefined])
      expect(await stored(opened)).toEqual([1, 1, undefined])
    })

    it("a rotation without grace in between refuses the old token's change alone", async () => {
      const opened = await open(3)
      one.redis.beforeNext("session-updates", async () => {
        const rotated = await other.service.rotateSession(opened[0]?.token ?? "", { grace: 0 })
        opened[0] = { ...opened[0], ...rotated } as (typeof opened)[0]
      })
      const written = await Promise.all(opened.map(({ token }) => one.service.updateSession(token, { n: 1 })))
      expect(written.map((session) => session?.attributes["n"])).toEqual([undefined, 1, 1])
      expect(await stored(opened)).toEqual([0, 1, 1])
    })

    it("a script that reaches the server twice changes each session once", async () => {
      const opened = await open(4)
      one.redis.copies.set("session-updates", 2)
      const written = await Promise.all(opened.map(({ token }) => one.service.updateSession(token, (own) => ({ ...own, n: Number(own["n"]) + 1 }))))
      one.redis.copies.delete("session-updates")
      expect(written.map((session) => session?.version)).toEqual([2, 2, 2, 2])
      expect(await stored(opened)).toEqual([1, 1, 1, 1])
    })

    it("changes of a user's sessions by their handles need no secret, and reach only that user's", async () => {
      const opened = await open(3)
      const written = await Promise.all(
        opened.map(({ session }, at) => one.service.updateUserSession(at === 1 ? "somebody else" : String(session.userId), session.sessionId, { n: 1 })),
      )
      expect(written.map((session) => session?.attributes["n"])).toEqual([1, undefined, 1])
      expect(await stored(opened)).toEqual([1, 0, 1])
    })
  })
})
