import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type NearCached, nearCached } from "../support/near-cached.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { randomPrefix } from "../support/services-under-watch.js"
import { STORE_CLIENTS } from "../support/store-places.js"

// A process sees its own changes at once: no read that is begun after one was acknowledged gives what was before it.

describe.each(SERVER_KINDS)("on %s", (kind) => {
  describe.each(STORE_CLIENTS)("through %s", (through) => {
    let near: NearCached
    beforeAll(async () => {
      near = await nearCached(sharedServer(kind).url, { keyPrefix: randomPrefix(), maxSessionsPerUser: 2, nearCache: { lease: "10s" } }, through)
    })
    afterAll(() => near.end())

    async function kept(userId: string): Promise<{ readonly token: string; readonly sessionId: string }> {
      const { token, session } = await near.service.createSession({ userId, attributes: { n: 0 } })
      // Twice: the first fills, the second is answered from memory.
      for (let n = 0; n < 2; n += 1) expect((await near.service.getSession(token))?.version).toBe(1)
      return { token, sessionId: session.sessionId }
    }

    it("updates", async () => {
      const { token } = await kept("updates")
      for (let n = 1; n <= 200; n += 1) {
        await near.service.updateSession(token, { n })
        expect((await near.service.getSession(token))?.attributes.n).toBe(n)
      }
    })

    it("updates with reads of others under way at every moment", async () => {
      const { token } = await kept("beside")
      let over = false
      const readers = Array.from({ length: 8 }, async () => {
        let newest = 0
        while (!over) {
          const seen = Number((await near.service.getSession(token))?.attributes.n)
          expect(seen).toBeGreaterThanOrEqual(newest)
          newest = seen
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
      for (let n = 1; n <= 200; n += 1) {
        await near.service.updateSession(token, { n })
        expect((await near.service.getSession(token))?.attributes.n).toBe(n)
      }
      over = true
      await Promise.all(readers)
    })

    it("extensions", async () => {
      const { token } = await kept("extends")
      const extended = await near.service.extendSession(token, "9h")
      expect((await near.service.getSession(token))?.expiresAt).toEqual(extended?.expiresAt)
    })

    it("rotations, with the old secret at once and in its grace", async () => {
      const { token } = await kept("rotates")
      const rotated = await near.service.rotateSession(token, { grace: 0 })
      expect(await near.service.getSession(token)).toBeNull()
      expect((await near.service.getSession(rotated?.token))?.userId).toBe("rotates")
      const again = await near.service.rotateSession(rotated?.token ?? "", { grace: "10s" })
      for (const secret of [rotated?.token, again?.token, rotated?.token]) expect((await near.service.getSession(secret))?.userId).toBe("rotates")
    })

    it("a secret whose grace is over", async () => {
      const { token } = await kept("graced")
      await near.service.rotateSession(token, { grace: "200ms" })
      const until = performance.now() + 250
      while (performance.now() < until) await near.service.getSession(token)
      expect(await near.service.getSession(token)).toBeNull()
    })

    it("sign-outs by token, and by handle", async () => {
      const one = await kept("signs out")
      expect(await near.service.deleteSession(one.token)).toBe(true)
      expect(await near.service.getSession(one.token)).toBeNull()
      const other = await kept("signs out")
      expect(await near.service.deleteUserSession("signs out", other.sessionId)).toBe(true)
      expect(await near.service.getSession(other.token)).toBeNull()
    })

    it("sessions that make room for a new one", async () => {
      const [first] = [await kept("evicted"), await kept("evicted")]
      await near.service.createSession({ userId: "evicted" })
      expect(await near.service.getSession(first?.token)).toBeNull()
    })

    it("sign-outs everywhere, but not those of others", async () => {
      const [one, other, stranger] = [await kept("everywhere"), await kept("everywhere"), await kept("elsewhere")]
      expect(await near.service.deleteUserSessions("everywhere", { except: other?.sessionId })).toBe(1)
      expect(await near.service.getSession(one?.token)).toBeNull()
      expect((await near.service.getSession(other?.token))?.userId).toBe("everywhere")
      await near.service.deleteUserSessions("everywhere")
      expect(await near.service.getSession(other?.token)).toBeNull()
      expect((await near.service.getSession(stranger?.token))?.userId).toBe("elsewhere")
    })
  })
})
