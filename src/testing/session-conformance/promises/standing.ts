import assert from "node:assert/strict"
import { assertNear, lifetimes, ms, present, refuses } from "../expectations.js"
import type { Suite } from "../suite.js"

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export function standingPromises(suite: Suite): void {
  suite.group("guests, pending sessions and impersonation", () => {
    suite.it("a guest is nobody: 2 idle hours, 24 in all, never authenticated", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ attributes: { cart: ["a"] } })
      assert.equal(session.userId, null)
      assert.equal(session.pendingUserId, null)
      assert.equal(session.authenticatedAt, null)
      assert.deepEqual(lifetimes(session), { idle: 2 * HOUR, absolute: 24 * HOUR })
      assert.deepEqual(await service.getSession(token), session)
    })

    suite.it("a pending session signs nobody in: 5 idle minutes, 10 in all, never authenticated", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ pendingUserId: "ada" })
      assert.equal(session.userId, null)
      assert.equal(session.pendingUserId, "ada")
      assert.equal(session.authenticatedAt, null)
      assert.deepEqual(lifetimes(session), { idle: 5 * MINUTE, absolute: 10 * MINUTE })
      assert.deepEqual(await service.getSession(token), session)
    })

    suite.it("both take the timeouts that the call asks for", {}, async ({ service }) => {
      for (const options of [{}, { pendingUserId: "ada" }]) {
        const { session } = await service.createSession({ ...options, idleTimeout: "7d", absoluteTimeout: "8d" })
        assert.deepEqual(lifetimes(session), { idle: 7 * 24 * HOUR, absolute: 8 * 24 * HOUR })
      }
    })

    suite.it("neither lives longer than the service lets a user's session live", { idleTimeout: "2m", absoluteTimeout: "4m" }, async ({ service }) => {
      for (const options of [{}, { pendingUserId: "ada" }]) {
        const { session } = await service.createSession(options)
        assert.deepEqual(lifetimes(session), { idle: 2 * MINUTE, absolute: 4 * MINUTE })
      }
    })

    suite.it("impersonation shows who acts, and counts as no proof of the user's", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada", impersonatorId: "root" })
      assert.equal(session.userId, "ada")
      assert.equal(session.impersonatorId, "root")
      assert.equal(session.authenticatedAt, null)
      assert.deepEqual(lifetimes(session), { idle: 24 * HOUR, absolute: 30 * 24 * HOUR })
      assert.deepEqual(await service.getSession(token), session)
      const rotated = present(await service.rotateSession(token))
      assert.equal(rotated.session.impersonatorId, "root")
      assert.equal(rotated.session.impersonatorSessionId, null)
      assert.equal(rotated.session.authenticatedAt, null)
    })

    suite.it("impersonation remembers the session that it came from", {}, async ({ service }) => {
      const own = await service.createSession({ userId: "root" })
      const impersonatorSessionId = own.session.sessionId
      const { token, session } = await service.createSession({ userId: "ada", impersonatorId: "root", impersonatorSessionId })
      assert.equal(session.impersonatorSessionId, impersonatorSessionId)
      await service.updateSession(token, { impersonatorSessionId: "none" })
      assert.equal(present(await service.rotateSession(token, { grace: 0 })).session.impersonatorSessionId, impersonatorSessionId)
      const [listed] = (await service.getUserSessions("ada")).sessions
      assert.equal(listed?.impersonatorSessionId, impersonatorSessionId)
    })

    suite.it("refuses somebody who is both signed in and pending, and an impersonator of nobody", {}, async ({ service }) => {
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada", pendingUserId: "ada" }))
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ impersonatorId: "root" }))
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ pendingUserId: "ada", impersonatorId: "root" }))
      const { session } = await service.createSession({ userId: "root" })
      const named = { userId: "ada", impersonatorSessionId: session.sessionId }
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession(named))
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ ...named, impersonatorId: "root", impersonatorSessionId: "no handle" }))
      assert.deepEqual((await service.getUserSessions("ada")).sessions, [])
    })

    suite.it("a session never becomes somebody else's: attributes change, its people do not", {}, async ({ service }) => {
      for (const options of [{}, { pendingUserId: "ada" }, { userId: "ada", impersonatorId: "root" }]) {
        const { token, session } = await service.createSession(options)
        const written = present(await service.updateSession(token, { userId: "ada", pendingUserId: null, impersonatorId: null }))
        const read = present(await service.getSession(token))
        for (const held of [written, read]) {
          assert.deepEqual([held.userId, held.pendingUserId, held.impersonatorId], [session.userId, session.pendingUserId, session.impersonatorId])
        }
      }
    })

    suite.it("the times of all three are the store's", {}, async ({ service }) => {
      const user = await service.createSession({ userId: "ada" })
      for (const options of [{}, { pendingUserId: "ada" }, { userId: "ada", impersonatorId: "root" }]) {
        const { session } = await service.createSession(options)
        assertNear(ms(session.createdAt), ms(user.session.createdAt), 5_000, "createdAt")
        assertNear(ms(session.lastAccessedAt), ms(session.createdAt), 1, "lastAccessedAt")
      }
    })
  })
}
