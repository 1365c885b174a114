import assert from "node:assert/strict"
import type { Corruption, RequestedOptions } from "../conformance-setup.js"
import { assertUnchanged, refuses, secretOf } from "../expectations.js"
import type { Suite } from "../suite.js"

const NONE: RequestedOptions = {}
const ALL: readonly Corruption[] = ["garbage", "body", "future-layout"]

export function corruptPromises(suite: Suite): void {
  suite.group("a corrupt record", () => {
    for (const how of ALL) {
      suite.itNeeds("corrupt", `${how}: is ERR_SESSION_CORRUPT for that session alone, with an event`, NONE, async ({ service, events, corrupt }) => {
        const bad = await service.createSession({ userId: "ada" })
        const good = await service.createSession({ userId: "ada" })
        await corrupt(bad.session.sessionId, how)
        events.length = 0
        await refuses("ERR_SESSION_CORRUPT", () => service.getSession(bad.token), [secretOf(bad.token)])
        assert.deepEqual(events, [{ type: "corrupt", sessionId: bad.session.sessionId }])
        await refuses("ERR_SESSION_CORRUPT", () => service.updateSession(bad.token, { a: 1 }), [secretOf(bad.token)])
        await refuses("ERR_SESSION_CORRUPT", () => service.updateUserSession("ada", bad.session.sessionId, { a: 1 }), [secretOf(bad.token)])
        await assertUnchanged(service, good.token, good.session)
        assert.ok(await service.updateSession(good.token, { a: 1 }))
        const found = await Promise.allSettled([service.getSession(bad.token), service.getSession(good.token)])
        assert.deepEqual(
          found.map((outcome) => outcome.status),
          ["rejected", "fulfilled"],
        )
      })

      suite.itNeeds("corrupt", `${how}: the user's other sessions are still listed`, NONE, async ({ service, corrupt }) => {
        const first = await service.createSession({ userId: "ada" })
        const bad = await service.createSession({ userId: "ada" })
        const last = await service.createSession({ userId: "ada" })
        await corrupt(bad.session.sessionId, how)
        const { sessions } = await service.getUserSessions("ada")
        assert.deepEqual(sessions, [last.session, first.session])
      })

      suite.itNeeds("corrupt", `${how}: is ended by deleteUserSessions`, NONE, async ({ service, corrupt }) => {
        const bad = await service.createSession({ userId: "ada" })
        await service.createSession({ userId: "ada" })
        await corrupt(bad.session.sessionId, how)
        assert.equal(await service.deleteUserSessions("ada"), 2)
        assert.equal(await service.getSession(bad.token), null)
      })
    }

    suite.itNeeds("corrupt", "body: is ended by its token, and only with the right secret", NONE, async ({ service, corrupt }) => {
      const bad = await service.createSession({ userId: "ada" })
      await corrupt(bad.session.sessionId, "body")
      assert.equal(await service.deleteSession(`${bad.session.sessionId}.${"A".repeat(43)}`), false)
      assert.equal(await service.deleteSession(bad.token), true)
      assert.equal(await service.getSession(bad.token), null)
    })

    for (const how of ["garbage", "future-layout"] as const) {
      suite.itNeeds("corrupt", `${how}: is not ended at a version that nobody can read`, NONE, async ({ service, events, corrupt }) => {
        const bad = await service.createSession({})
        await corrupt(bad.session.sessionId, how)
        events.length = 0
        await refuses("ERR_SESSION_CORRUPT", () => service.deleteSession(bad.token, { ifVersion: 1 }), [secretOf(bad.token)])
        assert.deepEqual(events, [{ type: "corrupt", sessionId: bad.session.sessionId }])
        await refuses("ERR_SESSION_CORRUPT", () => service.getSession(bad.token))
        assert.equal(await service.deleteSession(bad.token), true)
      })
    }

    suite.itNeeds("corrupt", "body: is ended by its handle, for its own user", NONE, async ({ service, corrupt }) => {
      const bad = await service.createSession({ userId: "ada" })
      await corrupt(bad.session.sessionId, "body")
      assert.equal(await service.deleteUserSession("bob", bad.session.sessionId), false)
      assert.equal(await service.deleteUserSession("ada", bad.session.sessionId), true)
      assert.equal(await service.getSession(bad.token), null)
    })

    suite.itNeeds("corrupt", "body: a rotation that is refused leaves the token that can end the session", NONE, async ({ service, corrupt }) => {
      const bad = await service.createSession({ userId: "ada" })
      await corrupt(bad.session.sessionId, "body")
      await refuses("ERR_SESSION_CORRUPT", () => service.rotateSession(bad.token, { grace: 0 }), [secretOf(bad.token)])
      assert.equal(await service.deleteSession(bad.token), true)
    })

    suite.itNeeds("corrupt", "body: an update does not hide the damage under new attributes", NONE, async ({ service, corrupt }) => {
      const bad = await service.createSession({ userId: "ada", attributes: { role: "member" } })
      await corrupt(bad.session.sessionId, "body")
      await refuses("ERR_SESSION_CORRUPT", () => service.updateSession(bad.token, () => ({ role: "member" })))
      await refuses("ERR_SESSION_CORRUPT", () => service.rotateSession(bad.token, { changes: { a: 1 } }))
      await refuses("ERR_SESSION_CORRUPT", () => service.getSession(bad.token))
    })
  })
}
