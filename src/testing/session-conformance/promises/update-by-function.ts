import assert from "node:assert/strict"
import { assertUnchanged, present, refuses } from "../expectations.js"
import type { Suite } from "../suite.js"

const increment = (own: Record<string, unknown>) => ({ ...own, n: Number(own.n) + 1 })

export function updateByFunctionPromises(suite: Suite): void {
  suite.group("updateSession with a function", () => {
    suite.it("writes what the function returns in place of what was there", {}, async ({ service }) => {
      const { token } = await service.createSession({ attributes: { a: 1, b: 2 } })
      const written = present(await service.updateSession(token, ({ a }) => ({ a, c: 3 })))
      assert.deepEqual(written.attributes, { a: 1, c: 3 })
      assert.equal(written.version, 2)
      assert.deepEqual(await service.getSession(token, { touch: false }), written)
    })

    suite.it("hands over a private copy that may be changed and returned", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ attributes: { cart: ["a"], nick: "x" } })
      const written = await service.updateSession(token, (own) => {
        ;(own.cart as string[]).push("b")
        delete own.nick
        return own
      })
      assert.deepEqual(written?.attributes, { cart: ["a", "b"] })
      assert.deepEqual(session.attributes, { cart: ["a"], nick: "x" })
      let kept: { cart: string[] } | undefined
      await service.updateSession(token, (own) => (kept = own as { cart: string[] }))
      kept?.cart.push("later")
      assert.deepEqual((await service.getSession(token))?.attributes, { cart: ["a", "b"] })
    })

    suite.it("takes unset beside the function", {}, async ({ service }) => {
      const { token } = await service.createSession({ attributes: { a: 1, b: 2 } })
      assert.deepEqual((await service.updateSession(token, (own) => ({ ...own, c: 3 }), { unset: ["a"] }))?.attributes, { b: 2, c: 3 })
    })

    suite.it("loses no increment of many at one moment", {}, async ({ service }) => {
      const { token } = await service.createSession({ attributes: { n: 0 } })
      await Promise.all(Array.from({ length: 24 }, () => service.updateSession(token, increment)))
      const found = present(await service.getSession(token))
      assert.deepEqual(found.attributes, { n: 24 })
      assert.equal(found.version, 25)
    })

    suite.itNeeds("another", "loses none of two processes either", {}, async ({ service, another }) => {
      const second = await another()
      const { token } = await service.createSession({ attributes: { n: 0 } })
      await Promise.all(Array.from({ length: 16 }, (_, n) => (n % 2 ? service : second).updateSession(token, increment)))
      assert.deepEqual((await second.getSession(token))?.attributes, { n: 16 })
    })

    suite.it("is called once with ifVersion, at that version only", {}, async ({ service }) => {
      const { token } = await service.createSession({ attributes: { n: 0 } })
      let calls = 0
      const counted = (own: Record<string, unknown>) => {
        calls += 1
        return increment(own)
      }
      await service.updateSession(token, counted, { ifVersion: 1 })
      assert.equal(calls, 1)
      await refuses("ERR_SESSION_CONFLICT", () => service.updateSession(token, counted, { ifVersion: 1 }))
      assert.deepEqual((await service.getSession(token))?.attributes, { n: 1 })
    })

    suite.it("is not called for a session that is not there", {}, async ({ service }) => {
      const { token } = await service.createSession({})
      await service.deleteSession(token)
      const never = (): never => assert.fail("the function was called")
      assert.equal(await service.updateSession(token, never), null)
    })

    suite.it("an error that the function throws reaches the caller as it is, and changes nothing", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ attributes: { a: 1 } })
      const own = new RangeError("no room in the cart")
      await assert.rejects(
        service.updateSession(token, () => {
          throw own
        }),
        (error) => error === own,
      )
      await assertUnchanged(service, token, session)
    })

    suite.it("refuses a result that is no plain object, a promise above all", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ attributes: { a: 1 } })
      const results = [undefined, null, 1, "a", [], new Date(), { a: Number.NaN }, { a: 1n }]
      for (const result of results) await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, () => result as never))
      await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, (async () => ({ a: 2 })) as never))
      await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, (() => Promise.reject(new Error("nobody's"))) as never))
      // An unhandled rejection is raised at the end of this turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve))
      await assertUnchanged(service, token, session)
    })
  })
}
