import assert from "node:assert/strict"
import { assertUnchanged, lifetimes, ms, present, refuses, secretOf } from "../expectations.js"
import type { Suite } from "../suite.js"

export function updatePromises(suite: Suite): void {
  suite.group("updateSession with a patch", () => {
    merging(suite)
    removing(suite)
    versions(suite)
    besideOthers(suite)
  })
}

function merging(suite: Suite): void {
  suite.it(
    "returns the session as written: the patched attributes, the next version, a new access, and the rest as it was",
    {},
    async ({ service, advance }) => {
      const { token, session } = await service.createSession({ userId: "ada", attributes: { a: 1, b: 2 }, device: { ip: "::1" }, persistent: true })
      await advance("5ms")
      const written = present(await service.updateSession(token, { b: 3, c: 4 }))
      assert.deepEqual(written.attributes, { a: 1, b: 3, c: 4 })
      assert.equal(written.version, 2)
      assert.ok(ms(written.lastAccessedAt) > ms(session.lastAccessedAt))
      assert.equal(lifetimes(written).idle, lifetimes(session).idle)
      const moved = { attributes: null, version: null, lastAccessedAt: null, expiresAt: null }
      assert.deepEqual({ ...written, ...moved }, { ...session, ...moved })
      assert.deepEqual(await service.getSession(token, { touch: false }), written)
    },
  )

  suite.it("is shallow: a nested value is replaced, not merged", {}, async ({ service }) => {
    const { token } = await service.createSession({ attributes: { prefs: { a: 1, b: 2 }, list: [1, 2] } })
    const written = await service.updateSession(token, { prefs: { b: 3 }, list: [] })
    assert.deepEqual(written?.attributes, { prefs: { b: 3 }, list: [] })
  })

  suite.it("undefined keeps, null is a value", {}, async ({ service }) => {
    const { token } = await service.createSession({ attributes: { kept: 1, emptied: 2 } })
    const written = await service.updateSession(token, { kept: undefined, emptied: null, never: undefined })
    assert.deepEqual(written?.attributes, { kept: 1, emptied: null })
    assert.deepEqual((await service.getSession(token))?.attributes, { kept: 1, emptied: null })
  })

  suite.it("undefined inside a value counts as absent", {}, async ({ service }) => {
    const { token } = await service.createSession({ attributes: { prefs: { a: undefined, b: 1 } } })
    assert.deepEqual((await service.getSession(token))?.attributes, { prefs: { b: 1 } })
    const written = await service.updateSession(token, { prefs: { c: undefined } })
    assert.deepEqual(written?.attributes, { prefs: {} })
  })

  suite.it("cannot reach the session's own fields: attributes of those names are only attributes", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada" })
    const patch = { userId: "root", version: 99, sessionId: "x", expiresAt: "never", head: [1], body: 1, attributes: {} }
    const written = present(await service.updateSession(token, patch))
    assert.deepEqual(written.attributes, patch)
    assert.equal(written.userId, "ada")
    assert.equal(written.version, 2)
    assert.equal(written.sessionId, session.sessionId)
    assert.deepEqual(await service.getSession(token, { touch: false }), written)
  })

  suite.it("an empty patch is an update too", {}, async ({ service }) => {
    const { token } = await service.createSession({ attributes: { a: 1 } })
    const written = present(await service.updateSession(token, {}))
    assert.equal(written.version, 2)
    assert.deepEqual(written.attributes, { a: 1 })
  })

  suite.it("refuses what is larger than 64 KiB, counted after the merge, and changes nothing", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ attributes: { a: "x".repeat(40_000) } })
    await refuses("ERR_SESSION_TOO_LARGE", () => service.updateSession(token, { b: "y".repeat(40_000) }))
    await refuses("ERR_SESSION_TOO_LARGE", () => service.updateSession(token, (own) => ({ ...own, b: "y".repeat(40_000) })))
    await assertUnchanged(service, token, session)
  })
}

function removing(suite: Suite): void {
  suite.it("unset removes attributes, together with a patch or alone", {}, async ({ service }) => {
    const { token } = await service.createSession({ attributes: { a: 1, b: 2, c: 3 } })
    assert.deepEqual((await service.updateSession(token, { c: 4 }, { unset: ["a"] }))?.attributes, { b: 2, c: 4 })
    assert.deepEqual((await service.updateSession(token, {}, { unset: ["b", "c"] }))?.attributes, {})
    assert.deepEqual((await service.getSession(token))?.attributes, {})
  })

  suite.it("unsets what was asked for, whatever becomes of the list meanwhile", {}, async ({ service }) => {
    const { token } = await service.createSession({ userId: "ada", attributes: { a: 1, b: 2 } })
    for (const changes of [{}, (own: object) => own]) {
      const unset = ["a"]
      const updating = service.updateSession(token, changes, { unset })
      unset[0] = "b"
      assert.deepEqual((await updating)?.attributes, { b: 2 })
    }
  })

  suite.it("to unset what is not there changes no attribute", {}, async ({ service }) => {
    const { token } = await service.createSession({ attributes: { a: 1 } })
    assert.deepEqual((await service.updateSession(token, {}, { unset: ["toString", "b", ""] }))?.attributes, { a: 1 })
  })

  suite.it("refuses an unset that is no list of names", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ attributes: { a: 1 } })
    for (const unset of ["a", { a: 1 }, [1], [null], [["a"]], 5] as never[]) {
      await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, {}, { unset }))
    }
    await assertUnchanged(service, token, session)
  })
}

function versions(suite: Suite): void {
  suite.it("counts one version for each update", {}, async ({ service }) => {
    const { token } = await service.createSession({})
    for (let version = 2; version <= 12; version += 1) assert.equal((await service.updateSession(token, { version }))?.version, version)
    assert.equal((await service.getSession(token))?.version, 12)
  })

  suite.it("ifVersion: writes at that version, else is a conflict that changes nothing", {}, async ({ service }) => {
    const { token } = await service.createSession({ attributes: { n: 0 } })
    const written = present(await service.updateSession(token, { n: 1 }, { ifVersion: 1 }))
    assert.equal(written.version, 2)
    for (const ifVersion of [1, 3, 1_000_000]) {
      await refuses("ERR_SESSION_CONFLICT", () => service.updateSession(token, { n: 2 }, { ifVersion }), [secretOf(token)])
      await refuses("ERR_SESSION_CONFLICT", () => service.updateSession(token, () => ({ n: 2 }), { ifVersion }), [secretOf(token)])
    }
    assert.deepEqual((await service.getSession(token))?.attributes, { n: 1 })
  })

  suite.it("ifVersion: of several writers at one version one wins, and the others are told", {}, async ({ service }) => {
    const { token } = await service.createSession({})
    const outcomes = await Promise.allSettled(Array.from({ length: 6 }, (_, n) => service.updateSession(token, { n }, { ifVersion: 1 })))
    const won = outcomes.filter((outcome) => outcome.status === "fulfilled")
    assert.equal(won.length, 1)
    for (const outcome of outcomes) if (outcome.status === "rejected") await refuses("ERR_SESSION_CONFLICT", () => Promise.reject(outcome.reason))
    assert.deepEqual(await service.getSession(token, { touch: false }), won[0]?.value)
  })

  suite.it("ifVersion on a session that is not there is null, not a conflict", {}, async ({ service }) => {
    const { token } = await service.createSession({})
    await service.deleteSession(token)
    assert.equal(await service.updateSession(token, {}, { ifVersion: 7 }), null)
  })

  suite.it("refuses a version that is none, and a misspelt option", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ attributes: { a: 1 } })
    for (const ifVersion of [0, -1, 1.5, Number.NaN, "1"] as never[]) {
      await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, { a: 2 }, { ifVersion }))
    }
    await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, { a: 2 }, { ifversion: 1 } as never))
    await assertUnchanged(service, token, session)
  })

  suite.it("refuses changes that are neither a plain object nor a function", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ attributes: { a: 1 } })
    for (const changes of [null, undefined, 1, "a", true, [], [{ a: 2 }], new Date(), new Map([["a", 2]])] as never[]) {
      await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, changes))
    }
    await assertUnchanged(service, token, session)
  })
}

function besideOthers(suite: Suite): void {
  suite.it("writers of different attributes at one moment all survive", {}, async ({ service }) => {
    const { token } = await service.createSession({})
    await Promise.all(Array.from({ length: 16 }, (_, n) => service.updateSession(token, { [`key${n}`]: n })))
    const found = present(await service.getSession(token))
    assert.equal(found.version, 17)
    assert.deepEqual(found.attributes, Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`key${n}`, n])))
  })

  suite.itNeeds("another", "so do writers in different processes", {}, async ({ service, another }) => {
    const second = await another()
    const { token } = await service.createSession({})
    await Promise.all(Array.from({ length: 12 }, (_, n) => (n % 2 ? service : second).updateSession(token, { [`key${n}`]: n })))
    const found = present(await service.getSession(token))
    assert.equal(found.version, 13)
    assert.equal(Object.keys(found.attributes).length, 12)
  })

  suite.it("undoes neither a rotation nor an extension that came in between", {}, async ({ service }) => {
    const { token } = await service.createSession({ userId: "ada" })
    await service.getSession(token)
    const rotated = present(await service.rotateSession(token, { grace: 0 }))
    await service.extendSession(rotated.token, "3h")
    const written = present(await service.updateSession(rotated.token, { a: 1 }))
    assert.equal(lifetimes(written).idle, 3 * 3_600_000)
    assert.equal(await service.getSession(token), null)
    assert.deepEqual((await service.getSession(rotated.token))?.attributes, { a: 1 })
  })
}
