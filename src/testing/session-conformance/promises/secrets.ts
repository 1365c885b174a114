import assert from "node:assert/strict"
import { present, withWrongSecret } from "../expectations.js"
import type { Suite } from "../suite.js"

const OLD = "an-older-key-of-the-application-0123456789"
const NEW = "a-newer-key-of-the-application-9876543210"

export function secretPromises(suite: Suite): void {
  suite.group("secrets", () => {
    suite.it("with a key for the verifiers everything works as without", { secrets: [NEW] }, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada" })
      assert.deepEqual(await service.getSession(token), session)
      assert.equal(await service.getSession(withWrongSecret(token)), null)
      const rotated = present(await service.rotateSession(token))
      assert.ok(await service.getSession(token))
      assert.ok(await service.updateSession(rotated.token, { a: 1 }))
      assert.ok(await service.extendSession(rotated.token))
      assert.equal(await service.deleteSession(rotated.token), true)
    })

    suite.itNeeds("another", "every listed key verifies, and only those", { secrets: [OLD] }, async ({ service, another }) => {
      const both = await another({ secrets: [NEW, OLD] })
      const onlyNew = await another({ secrets: [NEW] })
      const { token, session } = await service.createSession({ userId: "ada" })
      assert.deepEqual(await both.getSession(token), session)
      assert.equal(await onlyNew.getSession(token), null)
      assert.equal(await onlyNew.updateSession(token, { a: 1 }), null)
      assert.equal(await onlyNew.deleteSession(token), false)
      assert.deepEqual((await both.updateSession(token, { a: 1 }))?.attributes, { a: 1 })
    })

    suite.itNeeds("another", "the first key writes: what is created or rotated is the newer key's", { secrets: [NEW, OLD] }, async ({ service, another }) => {
      const onlyNew = await another({ secrets: [NEW] })
      const onlyOld = await another({ secrets: [OLD] })
      const made = await service.createSession({ userId: "ada" })
      assert.ok(await onlyNew.getSession(made.token))
      assert.equal(await onlyOld.getSession(made.token), null)
      const older = await onlyOld.createSession({ userId: "ada" })
      const rotated = present(await service.rotateSession(older.token))
      assert.ok(await onlyNew.getSession(rotated.token))
      assert.ok(await service.getSession(older.token), "the older token is in grace")
      assert.equal(await onlyNew.getSession(older.token), null)
    })

    suite.itNeeds("another", "sessions from before there were keys are refused, unless sha256 is listed", {}, async ({ service, another }) => {
      const keyed = await another({ secrets: [NEW] })
      const lenient = await another({ secrets: [NEW, "sha256"] })
      const { token, session } = await service.createSession({ userId: "ada" })
      assert.equal(await keyed.getSession(token), null)
      assert.equal(await keyed.deleteSession(token), false)
      assert.deepEqual(await lenient.getSession(token), session)
      assert.equal(await service.getSession((await keyed.createSession({ userId: "ada" })).token), null)
    })

    suite.itNeeds(
      "another",
      "a handle needs no key: an administrator's process ends any session of the user",
      { secrets: [OLD] },
      async ({ service, another }) => {
        const onlyNew = await another({ secrets: [NEW] })
        const { token, session } = await service.createSession({ userId: "ada" })
        assert.deepEqual((await onlyNew.getUserSessions("ada")).sessions, [session])
        assert.equal(await onlyNew.deleteUserSession("ada", session.sessionId), true)
        assert.equal(await service.getSession(token), null)
      },
    )
  })

  suite.group("several services", () => {
    suite.itNeeds("another", "one store: what one writes the other sees", {}, async ({ service, another }) => {
      const second = await another()
      const { token, session } = await service.createSession({ userId: "ada" })
      assert.deepEqual(await second.getSession(token), session)
      await second.updateSession(token, { a: 1 })
      assert.deepEqual((await service.getSession(token))?.attributes, { a: 1 })
      assert.equal(await second.deleteUserSessions("ada"), 1)
      assert.equal(await service.getSession(token), null)
    })

    suite.itNeeds("another", "one store: closing one leaves the other open, and the sessions there", {}, async ({ service, another }) => {
      const second = await another()
      const { token, session } = await second.createSession({ userId: "ada" })
      await second.close()
      assert.deepEqual(await service.getSession(token), session)
    })

    suite.itNeeds("another", "key prefixes keep applications on one store apart", { keyPrefix: "one:" }, async ({ service, another }) => {
      const second = await another({ keyPrefix: "two:" })
      const { token, session } = await service.createSession({ userId: "ada" })
      assert.equal(await second.getSession(token), null)
      assert.deepEqual((await second.getUserSessions("ada")).sessions, [])
      assert.equal(await second.deleteUserSession("ada", session.sessionId), false)
      assert.equal(await second.deleteUserSessions("ada"), 0)
      assert.equal(await second.deleteUserSessions("ada", { thorough: true }), 0)
      assert.equal((await second.cleanupExpiredSessions()).live, 0)
      assert.deepEqual(await service.getSession(token), session)
    })
  })
}
