import assert from "node:assert/strict"
import { assertUnchanged, listAll, NOBODYS_TOKEN, present, refuses, secretOf, withWrongSecret } from "../expectations.js"
import type { Suite } from "../suite.js"

export function deletePromises(suite: Suite): void {
  suite.group("deleteSession", () => {
    suite.it("ends the session: absent for every later call, gone from the list; a second call says false", {}, async ({ service }) => {
      const { token } = await service.createSession({ userId: "ada" })
      const other = await service.createSession({ userId: "ada" })
      assert.equal(await service.deleteSession(token), true)
      assert.equal(await service.getSession(token), null)
      assert.equal(await service.deleteSession(token), false)
      assert.deepEqual(await listAll(service, "ada"), [other.session.sessionId])
      assert.deepEqual(await service.getSession(other.token), other.session)
    })

    suite.it("ends guests' and pending sessions too", {}, async ({ service }) => {
      for (const options of [{}, { pendingUserId: "ada" }]) {
        const { token } = await service.createSession(options)
        assert.equal(await service.deleteSession(token), true)
        assert.equal(await service.getSession(token), null)
      }
    })

    suite.it("of several deletions of one moment one ended it", {}, async ({ service }) => {
      const { token } = await service.createSession({ userId: "ada" })
      const answers = await Promise.all(Array.from({ length: 5 }, () => service.deleteSession(token)))
      assert.deepEqual(answers.filter(Boolean), [true])
    })

    suite.it("wins against everything that runs beside it", { touchInterval: 0 }, async ({ service }) => {
      for (let round = 0; round < 5; round += 1) {
        const { token, session } = await service.createSession({ userId: "ada", attributes: { n: 0 } })
        const beside = () => [
          service.getSession(token),
          service.updateSession(token, { n: 1 }),
          service.updateSession(token, (own) => own),
          service.extendSession(token, "2h"),
          service.updateUserSession("ada", session.sessionId, { n: 2 }),
          service.rotateSession(token, { grace: "60s" }),
        ]
        const before = beside()
        const deleted = service.deleteUserSession("ada", session.sessionId)
        const outcomes = await Promise.allSettled([...before, deleted, ...beside()])
        assert.equal(await deleted, true)
        // Only the loser of two rotations may be told of a conflict.
        for (const outcome of outcomes) if (outcome.status === "rejected") await refuses("ERR_SESSION_CONFLICT", () => Promise.reject(outcome.reason))
        assert.equal(await service.getSession(token), null)
        for (const outcome of outcomes) {
          if (outcome.status !== "fulfilled" || outcome.value === null || typeof outcome.value === "boolean" || !("token" in outcome.value)) continue
          assert.equal(await service.getSession(outcome.value.token), null)
        }
        assert.deepEqual(await listAll(service, "ada"), [])
      }
    })

    suite.it("does nothing for a wrong secret", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada" })
      assert.equal(await service.deleteSession(withWrongSecret(token)), false)
      await assertUnchanged(service, token, session)
    })

    suite.it("with ifVersion ends the session at that version alone", {}, async ({ service, events }) => {
      for (const options of [{}, { userId: "ada" }, { pendingUserId: "bob" }]) {
        const { token } = await service.createSession(options)
        const session = present(await service.updateSession(token, { cart: ["tea"] }))
        events.length = 0
        for (const ifVersion of [1, 3, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
          await refuses("ERR_SESSION_CONFLICT", () => service.deleteSession(token, { ifVersion }), [secretOf(token)])
        }
        assert.deepEqual(events, [])
        await assertUnchanged(service, token, session)
        assert.equal(await service.deleteSession(token, { ifVersion: 2, reason: "replaced" }), true)
        assert.deepEqual(events, [{ type: "ended", sessionId: session.sessionId, reason: "replaced" }])
        assert.equal(await service.getSession(token), null)
        for (const ifVersion of [1, 2]) assert.equal(await service.deleteSession(token, { ifVersion }), false)
      }
    })

    suite.it("with ifVersion tells whoever lacks the secret nothing of the version", {}, async ({ service }) => {
      const { token, session } = await service.createSession({})
      for (const ifVersion of [1, 2]) {
        assert.equal(await service.deleteSession(withWrongSecret(token), { ifVersion }), false)
        assert.equal(await service.deleteSession(NOBODYS_TOKEN, { ifVersion }), false)
        assert.equal(await service.deleteSession("no token", { ifVersion }), false)
      }
      await assertUnchanged(service, token, session)
    })

    suite.it(
      "with ifVersion only an update is another version: neither a touch, nor an extension, nor a rotation",
      { touchInterval: 0 },
      async ({ service }) => {
        const { token } = await service.createSession({})
        await service.getSession(token)
        await service.extendSession(token, "2h")
        await service.rotateSession(token)
        assert.equal(await service.deleteSession(token, { ifVersion: 1 }), true)
        assert.equal(await service.getSession(token), null)
      },
    )

    suite.it("with ifVersion loses no update: of each pair at one version one is made and the other is told", {}, async ({ service }) => {
      const won = new Set<string>()
      for (let round = 0; round < 20; round += 1) {
        const { token } = await service.createSession({ attributes: { n: 0 } })
        const remove = () => service.deleteSession(token, { ifVersion: 1 }).catch((error: unknown) => error)
        const update = () => service.updateSession(token, { n: 1 })
        const [ended, updated] = round % 2 === 0 ? await Promise.all([remove(), update()]) : await Promise.all([update(), remove()]).then(([u, r]) => [r, u])
        const left = await service.getSession(token)
        if (ended === true) {
          won.add("deletion")
          assert.equal(updated, null)
          assert.equal(left, null)
        } else {
          won.add("update")
          await refuses("ERR_SESSION_CONFLICT", () => Promise.reject(ended))
          assert.deepEqual(present(left).attributes, { n: 1 })
          assert.equal(await service.deleteSession(token, { ifVersion: 2 }), true)
        }
      }
      assert.ok(won.has("deletion"), "no deletion ever came first")
    })

    suite.it("refuses an ifVersion that no session can have, and has none by handle or for all", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada" })
      for (const ifVersion of [0, -1, 1.5, Number.NaN, 2 ** 53, "1", null, true] as never[]) {
        await refuses("ERR_INVALID_ARGUMENT", () => service.deleteSession(token, { ifVersion }))
        await refuses("ERR_INVALID_ARGUMENT", () => service.deleteSession("no token", { ifVersion }))
      }
      const given = { ifVersion: 1 } as never
      await refuses("ERR_INVALID_ARGUMENT", () => service.deleteUserSession("ada", session.sessionId, given))
      await refuses("ERR_INVALID_ARGUMENT", () => service.deleteUserSessions("ada", given))
      await assertUnchanged(service, token, session)
      assert.equal(await service.deleteSession(token, { ifVersion: undefined }), true)
    })

    suite.it("ends a rotated session by its new token and, in grace, by its old one", {}, async ({ service }) => {
      for (const which of ["old", "new"]) {
        const { token } = await service.createSession({ userId: "ada" })
        const rotated = present(await service.rotateSession(token))
        assert.equal(await service.deleteSession(which === "old" ? token : rotated.token), true)
        assert.equal(await service.getSession(token), null)
        assert.equal(await service.getSession(rotated.token), null)
      }
    })

    suite.it("refuses a reason that is not one of the contract's", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada" })
      for (const reason of ["evicted", "expired", "", 1, null] as never[]) {
        await refuses("ERR_INVALID_ARGUMENT", () => service.deleteSession(token, { reason }))
        await refuses("ERR_INVALID_ARGUMENT", () => service.deleteUserSession("ada", session.sessionId, { reason }))
        await refuses("ERR_INVALID_ARGUMENT", () => service.deleteUserSessions("ada", { reason }))
      }
      await refuses("ERR_INVALID_ARGUMENT", () => service.deleteSession(token, { raison: "revoked" } as never))
      await assertUnchanged(service, token, session)
    })
  })
}
