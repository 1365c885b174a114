import assert from "node:assert/strict"
import type { ServiceUnderTest } from "../conformance-setup.js"
import { CALLS_BY_HANDLE } from "../every-call.js"
import { assertUnchanged, failingListeners, listAll, NOBODYS_ID, present, refuses, secretOf } from "../expectations.js"
import type { Suite } from "../suite.js"

/** Their hashes begin with the same 16 bits: on a store that sorts users by a tag of that length these two share one. */
const SAME_TAG = ["user-185", "user-765"] as const

export function userSessionsPromises(suite: Suite): void {
  suite.group("getUserSessions", () => {
    listing(suite)
    paging(suite)
  })
  suite.group("updateUserSession", () => updating(suite))
  suite.group("deleteUserSession", () => deletingOne(suite))
  suite.group("deleteUserSessions", () => deletingAll(suite))
}

async function open(service: ServiceUnderTest, userId: string, count: number) {
  const made = []
  for (let n = 0; n < count; n += 1) made.push(await service.createSession({ userId, attributes: { n } }))
  return made
}

function listing(suite: Suite): void {
  suite.it("lists a user's sessions, newest first, as getSession shows them and without a token", {}, async ({ service }) => {
    const made = await open(service, "ada", 5)
    await service.createSession({ userId: "bob" })
    const { sessions, cursor } = await service.getUserSessions("ada")
    assert.equal(cursor, undefined)
    assert.deepEqual(sessions, made.map(({ session }) => session).reverse())
    const text = JSON.stringify(sessions)
    for (const { token } of made) assert.ok(!text.includes(secretOf(token)))
  })

  suite.it("answers an empty list for a user without sessions", {}, async ({ service }) => {
    const page = await service.getUserSessions("nobody")
    assert.deepEqual(page.sessions, [])
    assert.equal(page.cursor, undefined)
  })

  suite.it("lists neither guests nor pending sessions, but sessions in which somebody acts for the user", {}, async ({ service }) => {
    await service.createSession({})
    await service.createSession({ pendingUserId: "ada" })
    const acted = await service.createSession({ userId: "ada", impersonatorId: "root" })
    assert.deepEqual((await service.getUserSessions("ada")).sessions, [acted.session])
    assert.deepEqual((await service.getUserSessions("root")).sessions, [])
  })

  suite.it("keeps its order whatever is done to the sessions", {}, async ({ service }) => {
    const [first, second, third] = await open(service, "ada", 3)
    await service.updateSession(present(first).token, { n: 10 })
    await service.extendSession(present(second).token, "5h")
    await service.rotateSession(present(first).token)
    assert.deepEqual(
      await listAll(service, "ada"),
      [third, second, first].map((made) => present(made).session.sessionId),
    )
  })

  suite.it("keeps users apart whose handles begin alike", {}, async ({ service }) => {
    const [one, other] = [await service.createSession({ userId: SAME_TAG[0] }), await service.createSession({ userId: SAME_TAG[1] })]
    assert.deepEqual(await listAll(service, SAME_TAG[0]), [one.session.sessionId])
    assert.deepEqual(await listAll(service, SAME_TAG[1]), [other.session.sessionId])
    assert.equal(await service.deleteUserSession(SAME_TAG[0], other.session.sessionId), false)
    assert.equal(await service.updateUserSession(SAME_TAG[0], other.session.sessionId, { a: 1 }), null)
    assert.equal(await service.deleteUserSessions(SAME_TAG[0]), 1)
    await assertUnchanged(service, other.token, other.session)
  })
}

function paging(suite: Suite): void {
  suite.it("pages through all sessions by cursor, each once, never more than the limit on a page", {}, async ({ service }) => {
    const wanted = (await open(service, "ada", 7)).map(({ session }) => session.sessionId).reverse()
    for (const limit of [1, 2, 3, 6, 7, 8, 200]) assert.deepEqual(await listAll(service, "ada", limit), wanted, `limit ${limit}`)
  })

  suite.it("holds 50 on a page by default", {}, async ({ service }) => {
    const made = await Promise.all(Array.from({ length: 55 }, () => service.createSession({ userId: "ada" })))
    const first = await service.getUserSessions("ada")
    assert.equal(first.sessions.length, 50)
    const second = await service.getUserSessions("ada", { cursor: present(first.cursor, "the cursor") })
    const ids = [...first.sessions, ...second.sessions].map((session) => session.sessionId)
    assert.deepEqual(new Set(ids), new Set(made.map(({ session }) => session.sessionId)))
    assert.equal(ids.length, 55)
  })

  suite.it("a cursor stays good when sessions end or begin between pages", {}, async ({ service }) => {
    const made = await open(service, "ada", 6)
    const first = await service.getUserSessions("ada", { limit: 3 })
    assert.equal(first.sessions.length, 3)
    for (const session of first.sessions) await service.deleteUserSession("ada", session.sessionId)
    await service.createSession({ userId: "ada" })
    const rest: string[] = []
    let cursor: string | undefined = present(first.cursor, "the cursor")
    for (let pages = 0; cursor !== undefined && pages < 20; pages += 1) {
      const page: Awaited<ReturnType<ServiceUnderTest["getUserSessions"]>> = await service.getUserSessions("ada", { cursor, limit: 2 })
      rest.push(...page.sessions.map((session) => session.sessionId))
      cursor = page.cursor
    }
    assert.equal(cursor, undefined)
    assert.deepEqual(
      rest,
      made
        .slice(0, 3)
        .map(({ session }) => session.sessionId)
        .reverse(),
    )
  })

  suite.it("fills a page up to its limit past ended and pending sessions, and gives no cursor after the last", {}, async ({ service }) => {
    const made = await open(service, "ada", 30)
    for (let n = 0; n < 8; n += 1) await service.createSession({ pendingUserId: "ada" })
    made.push(...(await open(service, "ada", 30)))
    const kept = made.filter((_made, n) => n % 5 === 2)
    for (const one of made) if (!kept.includes(one)) assert.ok(await service.deleteSession(one.token))
    const wanted = kept.map(({ session }) => session.sessionId).reverse()
    for (const limit of [1, 3, 5, 12]) {
      const sizes: number[] = []
      const listed: string[] = []
      let cursor: string | undefined
      do {
        const page: Awaited<ReturnType<ServiceUnderTest["getUserSessions"]>> = await service.getUserSessions("ada", { cursor, limit })
        sizes.push(page.sessions.length)
        listed.push(...page.sessions.map(({ sessionId }) => sessionId))
        cursor = page.cursor
      } while (cursor !== undefined && sizes.length < 60)
      assert.deepEqual(listed, wanted, `limit ${limit}`)
      assert.deepEqual(
        sizes,
        Array.from({ length: Math.ceil(wanted.length / limit) }, (_unused, n) => Math.min(limit, wanted.length - n * limit)),
        `limit ${limit}`,
      )
    }
  })

  suite.it("refuses a limit outside 1 to 200 and a misspelt option", {}, async ({ service }) => {
    for (const limit of [0, -1, 201, 1.5, Number.NaN, "10"] as never[]) await refuses("ERR_INVALID_ARGUMENT", () => service.getUserSessions("ada", { limit }))
    await refuses("ERR_INVALID_ARGUMENT", () => service.getUserSessions("ada", { size: 10 } as never))
  })

  suite.it("refuses a cursor that is not one of this user's list", {}, async ({ service }) => {
    await open(service, "ada", 3)
    await open(service, "bob", 3)
    const { cursor } = await service.getUserSessions("bob", { limit: 1 })
    const bad = [present(cursor, "the cursor"), "", "0", "x", "-1", "AAAA", "x".repeat(10_000), "1.5:a", 7, {}]
    for (const foreign of bad as never[]) await refuses("ERR_INVALID_ARGUMENT", () => service.getUserSessions("ada", { cursor: foreign }))
  })
}

function updating(suite: Suite): void {
  suite.it("updates by handle, as updateSession does by token", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada", attributes: { role: "member", a: 1 } })
    const written = present(await service.updateUserSession("ada", session.sessionId, { role: "admin" }, { unset: ["a"], ifVersion: 1 }))
    assert.deepEqual(written.attributes, { role: "admin" })
    assert.equal(written.version, 2)
    assert.deepEqual(await service.getSession(token, { touch: false }), written)
    const again = present(await service.updateUserSession("ada", session.sessionId, ({ role }) => ({ role, b: 2 })))
    assert.deepEqual(again.attributes, { role: "admin", b: 2 })
    await refuses("ERR_SESSION_CONFLICT", () => service.updateUserSession("ada", session.sessionId, {}, { ifVersion: 1 }))
    await refuses("ERR_SESSION_TOO_LARGE", () => service.updateUserSession("ada", session.sessionId, { b: "x".repeat(65_536) }))
    await refuses("ERR_INVALID_ARGUMENT", () => service.updateUserSession("ada", session.sessionId, { b: Number.NaN }))
  })

  suite.it("leaves the token and a rotation's grace as they are", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada" })
    const rotated = present(await service.rotateSession(token))
    await service.updateUserSession("ada", session.sessionId, { a: 1 })
    assert.deepEqual((await service.getSession(token))?.attributes, { a: 1 })
    assert.deepEqual((await service.getSession(rotated.token))?.attributes, { a: 1 })
  })
}

function deletingOne(suite: Suite): void {
  suite.it("ends one session by its handle, and only that one", {}, async ({ service }) => {
    const [first, second] = await open(service, "ada", 2)
    assert.equal(await service.deleteUserSession("ada", present(first).session.sessionId), true)
    assert.equal(await service.deleteUserSession("ada", present(first).session.sessionId), false)
    assert.equal(await service.getSession(present(first).token), null)
    await assertUnchanged(service, present(second).token, present(second).session)
  })

  suite.it("with updateUserSession: another user's session, a guest's, and what is no handle are missing", {}, async ({ service }) => {
    const ada = await service.createSession({ userId: "ada" })
    const guest = await service.createSession({})
    const acted = await service.createSession({ userId: "ada", impersonatorId: "root" })
    const attempts = [
      ["bob", ada.session.sessionId],
      ["ada", guest.session.sessionId],
      ["root", acted.session.sessionId],
      ["ada", NOBODYS_ID],
      ["ada", ada.token],
      ["ada", ""],
      ["ada", "x"],
      ["ada", ` ${ada.session.sessionId}`],
      ["ada", ada.session.sessionId.slice(0, -1)],
      ["ada", "a".repeat(1_000_000)],
    ] as const
    for (const [userId, sessionId] of attempts) {
      for (const [name, { call, absent }] of Object.entries(CALLS_BY_HANDLE)) {
        assert.equal(await call(service, { token: ada.token, userId, sessionId: sessionId as never }), absent, `${name}: ${sessionId.slice(0, 80)}`)
      }
    }
    for (const { token, session } of [ada, guest, acted]) await assertUnchanged(service, token, session)
  })
}

/** A session that was created and ended before its creator heard of it. */
async function refusedAsEnded(error: unknown): Promise<null> {
  await refuses("ERR_SESSION_ENDED", () => Promise.reject(error))
  return null
}

function deletingAll(suite: Suite): void {
  suite.it("ends all sessions of the user, pending and impersonated ones included, and counts them", {}, async ({ service }) => {
    const own = await open(service, "ada", 3)
    own.push(await service.createSession({ pendingUserId: "ada" }), await service.createSession({ userId: "ada", impersonatorId: "root" }))
    const others = [await service.createSession({ userId: "bob" }), await service.createSession({}), await service.createSession({ userId: "root" })]
    assert.equal(await service.deleteUserSessions("ada"), 5)
    for (const { token } of own) assert.equal(await service.getSession(token), null)
    for (const { token, session } of others) await assertUnchanged(service, token, session)
    assert.deepEqual(await listAll(service, "ada"), [])
    assert.equal(await service.deleteUserSessions("ada"), 0)
  })

  suite.it("leaves sessions that are created later", {}, async ({ service }) => {
    await open(service, "ada", 2)
    assert.equal(await service.deleteUserSessions("ada"), 2)
    const later = await service.createSession({ userId: "ada" })
    await assertUnchanged(service, later.token, later.session)
    assert.deepEqual(await listAll(service, "ada"), [later.session.sessionId])
  })

  suite.it("except: leaves the one with that handle", {}, async ({ service }) => {
    const [first, kept, third] = await open(service, "ada", 3)
    assert.equal(await service.deleteUserSessions("ada", { except: present(kept).session.sessionId }), 2)
    await assertUnchanged(service, present(kept).token, present(kept).session)
    assert.equal(await service.getSession(present(first).token), null)
    assert.equal(await service.getSession(present(third).token), null)
    assert.equal(await service.deleteUserSessions("ada", { except: present(kept).session.sessionId }), 0)
  })

  suite.it("except: a typing error in the handle's tag does not end the session that was to stay", {}, async ({ service }) => {
    const [, kept] = await open(service, "ada", 2)
    const { token, session } = present(kept)
    const except = (session.sessionId.startsWith("A") ? "B" : "A") + session.sessionId.slice(1)
    assert.equal(await service.deleteUserSessions("ada", { except }), 1)
    await assertUnchanged(service, token, session)
  })

  suite.it("except: a handle that is not this user's keeps nothing", {}, async ({ service }) => {
    const bob = await service.createSession({ userId: "bob" })
    await open(service, "ada", 2)
    assert.equal(await service.deleteUserSessions("ada", { except: bob.session.sessionId }), 2)
    await open(service, "ada", 2)
    assert.equal(await service.deleteUserSessions("ada", { except: NOBODYS_ID }), 2)
    await assertUnchanged(service, bob.token, bob.session)
  })

  suite.it("except: refuses what is no handle: whoever passes the token by mistake must not sign themselves out", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada" })
    for (const except of [token, "", "x", 7] as never[])
      await refuses("ERR_INVALID_ARGUMENT", () => service.deleteUserSessions("ada", { except }), [secretOf(token)])
    await assertUnchanged(service, token, session)
  })

  suite.it("thorough: walks the store and counts each session once", {}, async ({ service }) => {
    const [kept] = await open(service, "ada", 4)
    await service.createSession({ pendingUserId: "ada" })
    const bob = await service.createSession({ userId: "bob" })
    assert.equal(await service.deleteUserSessions("ada", { thorough: true, except: present(kept).session.sessionId }), 4)
    assert.deepEqual(await listAll(service, "ada"), [present(kept).session.sessionId])
    await assertUnchanged(service, bob.token, bob.session)
    assert.equal(await service.deleteUserSessions("ada", { thorough: true }), 1)
  })

  suite.it("thorough: takes a rate, and tells how far it is", {}, async ({ service }) => {
    await open(service, "ada", 3)
    const told: { readonly scanned: number; readonly ended: number }[] = []
    const thorough = { maxPerSecond: 10_000_000, onProgress: (progress: (typeof told)[number]) => told.push(progress) }
    assert.equal(await service.deleteUserSessions("ada", { thorough }), 3)
    assert.equal(told.at(-1)?.ended, 3)
    for (const [at, { scanned, ended }] of told.entries()) assert.ok(scanned >= (told[at - 1]?.scanned ?? 0) && ended >= (told[at - 1]?.ended ?? 0))
    assert.equal(await service.deleteUserSessions("ada", { thorough: {} }), 0)
    const [left] = await open(service, "ada", 1)
    assert.equal(await service.deleteUserSessions("ada", { thorough: false }), 1)
    assert.equal(await service.getSession(present(left).token), null)
  })

  suite.it("thorough: goes on when whoever hears of the progress throws or rejects", {}, async ({ service }) => {
    for (const onProgress of failingListeners()) {
      await open(service, "ada", 2)
      assert.equal(await service.deleteUserSessions("ada", { thorough: { onProgress } }), 2)
    }
  })

  suite.it("ends more sessions than fit on one page", {}, async ({ service }) => {
    await Promise.all(Array.from({ length: 620 }, () => service.createSession({ userId: "ada" })))
    assert.equal(await service.deleteUserSessions("ada"), 620)
    assert.deepEqual(await listAll(service, "ada", 200), [])
  })

  suite.it("beside sign-ins of the same moment: no session lives that the list does not name", {}, async ({ service }) => {
    for (let round = 0; round < 5; round += 1) {
      const before = await open(service, "ada", 2)
      const signIns = () => Array.from({ length: 4 }, () => service.createSession({ userId: "ada" }).catch((error: unknown) => refusedAsEnded(error)))
      const early = signIns()
      const deletion = service.deleteUserSessions("ada")
      const beside = [...early, ...signIns()]
      await deletion
      const made = (await Promise.all(beside)).filter((one) => one !== null)
      const listed = await listAll(service, "ada")
      for (const { token } of before) assert.equal(await service.getSession(token), null)
      for (const { token, session } of made) assert.equal((await service.getSession(token)) !== null, listed.includes(session.sessionId))
      assert.ok(listed.every((id) => made.some(({ session }) => session.sessionId === id)))
      await service.deleteUserSessions("ada")
    }
  })

  suite.it("refuses a misspelt option, and a thorough that says nothing", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada" })
    await refuses("ERR_INVALID_ARGUMENT", () => service.deleteUserSessions("ada", { exept: session.sessionId } as never))
    for (const thorough of ["yes", [], { maxPerSecond: 0 }, { maxPersecond: 1 }, { onProgress: "yes" }] as never[])
      await refuses("ERR_INVALID_ARGUMENT", () => service.deleteUserSessions("ada", { thorough }))
    await assertUnchanged(service, token, session)
  })
}
