import assert from "node:assert/strict"
import type { RequestedOptions } from "../conformance-setup.js"
import { assertToken, assertUnchanged, lifetimes, listAll, ms, present, refuses, secretOf } from "../expectations.js"
import type { Suite } from "../suite.js"

export function rotatePromises(suite: Suite): void {
  suite.group("rotateSession", () => {
    whatChanges(suite)
    grace(suite)
    withChanges(suite)
    afterProof(suite)
    refusals(suite)
  })
}

function timing(suite: Suite): RequestedOptions {
  return { idleTimeout: suite.units(100), absoluteTimeout: suite.units(1_000), touchInterval: suite.units(10) }
}

function whatChanges(suite: Suite): void {
  suite.it("replaces the secret: same session, same handle, new token", {}, async ({ service, advance }) => {
    const { token, session } = await service.createSession({ userId: "ada", attributes: { a: 1 }, device: { ip: "::1" }, persistent: true })
    await advance("5ms")
    const rotated = present(await service.rotateSession(token))
    assertToken(rotated.token, session.sessionId)
    assert.notEqual(secretOf(rotated.token), secretOf(token))
    assert.ok(ms(rotated.session.lastAccessedAt) > ms(session.lastAccessedAt))
    assert.equal(lifetimes(rotated.session).idle, lifetimes(session).idle)
    const moved = { lastAccessedAt: null, expiresAt: null }
    assert.deepEqual({ ...rotated.session, ...moved }, { ...session, ...moved })
    assert.deepEqual(await service.getSession(rotated.token, { touch: false }), rotated.session)
    assert.deepEqual(await listAll(service, "ada"), [session.sessionId])
  })

  const ways = { "": undefined, " without grace": { grace: 0 }, " after a new proof": { reauthenticated: true } }
  for (const [how, options] of Object.entries(ways))
    suite.it(`of several rotations of one token${how} one wins, and the others are told`, {}, async ({ service }) => {
      const { token } = await service.createSession({ userId: "ada" })
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => service.rotateSession(token, options)))
      const won = outcomes.filter((outcome) => outcome.status === "fulfilled")
      assert.equal(won.length, 1)
      for (const outcome of outcomes)
        if (outcome.status === "rejected") await refuses("ERR_SESSION_CONFLICT", () => Promise.reject(outcome.reason), [secretOf(token)])
      assert.ok(await service.getSession(won[0]?.value?.token))
      assert.equal((await listAll(service, "ada")).length, 1)
    })

  suite.it("works for a guest and for a session that waits for a second factor", {}, async ({ service }) => {
    for (const options of [{}, { pendingUserId: "ada" }]) {
      const { token, session } = await service.createSession(options)
      const rotated = present(await service.rotateSession(token, { grace: 0 }))
      assert.equal(rotated.session.sessionId, session.sessionId)
      assert.equal(await service.getSession(token), null)
      assert.ok(await service.getSession(rotated.token))
    }
  })
}

function grace(suite: Suite): void {
  suite.it("in grace the old token may read, update, extend and delete, but not rotate", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada" })
    const rotated = present(await service.rotateSession(token))
    assert.deepEqual(await service.getSession(token, { touch: false }), rotated.session)
    assert.deepEqual((await service.updateSession(token, { a: 1 }))?.attributes, { a: 1 })
    assert.deepEqual((await service.updateSession(token, (own) => ({ ...own, b: 2 })))?.attributes, { a: 1, b: 2 })
    assert.ok(await service.extendSession(token, "3h"))
    for (const options of [undefined, { grace: 0 }, { changes: { a: 2 } }, { reauthenticated: true }] as const) {
      await refuses("ERR_SESSION_CONFLICT", () => service.rotateSession(token, options), [secretOf(token)])
    }
    assert.deepEqual((await service.getSession(rotated.token))?.attributes, { a: 1, b: 2 })
    assert.equal(await service.deleteSession(token), true)
    assert.equal(await service.getSession(rotated.token), null)
    assert.equal(await service.deleteSession(rotated.token), false)
    assert.deepEqual(await listAll(service, "ada"), [])
    assert.equal(session.sessionId, rotated.session.sessionId)
  })

  suite.it("after the grace the old token is absent for every call, and the new one works", timing(suite), async ({ service, time }) => {
    const { token } = await service.createSession({ userId: "ada" })
    const graced = suite.unitsInMs(5) > 60_000 ? "60s" : suite.units(5)
    const units = graced === "60s" ? 60_000 / suite.unitsInMs(1) : 5
    const rotated = await time.from(async () => present(await service.rotateSession(token, { grace: graced })))
    await time.before(units, async () => assert.ok(await service.getSession(token, { touch: false })))
    await time.after(units, async () => {
      assert.equal(await service.getSession(token), null)
      assert.equal(await service.updateSession(token, { a: 1 }), null)
      assert.equal(await service.extendSession(token), null)
      assert.equal(await service.rotateSession(token), null)
      assert.equal(await service.deleteSession(token), false)
      assert.deepEqual((await service.getSession(rotated.token))?.attributes, {})
    })
  })

  suite.it("an update during the grace does not end it", timing(suite), async ({ service, time }) => {
    const { token } = await service.createSession({ userId: "ada" })
    const rotated = await time.from(async () => present(await service.rotateSession(token, { grace: "60s" })))
    await service.updateSession(rotated.token, { a: 1 })
    await service.extendSession(rotated.token)
    assert.deepEqual((await service.getSession(token))?.attributes, { a: 1 })
  })

  suite.itNeeds("fakeClock", "the grace is 10 seconds by default", {}, async ({ service, advance }) => {
    const { token } = await service.createSession({ userId: "ada" })
    assert.ok(await service.rotateSession(token))
    await advance("9990ms")
    assert.ok(await service.getSession(token))
    await advance("20ms")
    assert.equal(await service.getSession(token), null)
  })

  suite.it("without grace the old token is absent at once", {}, async ({ service }) => {
    for (const none of [0, "0s", "0ms"] as const) {
      const { token } = await service.createSession({ userId: "ada" })
      const rotated = present(await service.rotateSession(token, { grace: none }))
      assert.equal(await service.getSession(token), null)
      assert.equal(await service.rotateSession(token), null)
      assert.equal(await service.deleteSession(token), false)
      assert.ok(await service.getSession(rotated.token))
    }
  })

  suite.it("a second rotation ends the first one's grace", {}, async ({ service }) => {
    const first = await service.createSession({ userId: "ada" })
    const second = present(await service.rotateSession(first.token))
    const third = present(await service.rotateSession(second.token))
    assert.equal(await service.getSession(first.token), null)
    assert.ok(await service.getSession(second.token))
    const fourth = present(await service.rotateSession(third.token, { grace: 0 }))
    for (const { token } of [first, second, third]) assert.equal(await service.getSession(token), null)
    assert.ok(await service.getSession(fourth.token))
  })
}

function withChanges(suite: Suite): void {
  suite.it("changes attributes in the same step: the next version, and no grace", {}, async ({ service }) => {
    const { token } = await service.createSession({ userId: "ada", attributes: { role: "member", n: 1 } })
    const rotated = present(await service.rotateSession(token, { changes: { role: "admin" } }))
    assert.equal(rotated.session.version, 2)
    assert.deepEqual(rotated.session.attributes, { role: "admin", n: 1 })
    assert.equal(await service.getSession(token), null)
    assert.deepEqual(await service.getSession(rotated.token, { touch: false }), rotated.session)
    const again = present(await service.rotateSession(rotated.token, { changes: ({ n }) => ({ n: Number(n) + 1 }), grace: 0 }))
    assert.equal(again.session.version, 3)
    assert.deepEqual(again.session.attributes, { n: 2 })
  })

  suite.it("loses neither an update beside it nor its own changes", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada", attributes: { n: 0 } })
    const add = (own: Record<string, unknown>) => ({ ...own, n: Number(own.n) + 1 })
    const [rotated] = await Promise.all([
      service.rotateSession(token, { changes: add }),
      ...Array.from({ length: 8 }, () => service.updateUserSession("ada", session.sessionId, add)),
    ])
    const found = present(await service.getSession(present(rotated).token))
    assert.deepEqual(found.attributes, { n: 9 })
    assert.equal(found.version, 10)
  })

  suite.it("refuses changes that are bad or too large, and then replaces nothing", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada", attributes: { a: 1 } })
    await refuses("ERR_SESSION_TOO_LARGE", () => service.rotateSession(token, { changes: { text: "x".repeat(65_536) } }))
    for (const changes of [null, 1, [], "a", { a: Number.NaN }, () => undefined, async () => ({})] as never[]) {
      await refuses("ERR_INVALID_ARGUMENT", () => service.rotateSession(token, { changes }))
    }
    await assertUnchanged(service, token, session)
  })
}

function afterProof(suite: Suite): void {
  suite.it("reauthenticated: moves authenticatedAt to now, without grace", {}, async ({ service, advance }) => {
    const { session: probe } = await service.createSession({ userId: "ada" })
    const earlier = new Date(ms(probe.createdAt) - 3_600_000)
    const { token, session } = await service.createSession({ userId: "ada", authenticatedAt: earlier })
    await advance("5ms")
    const rotated = present(await service.rotateSession(token, { reauthenticated: true }))
    assert.equal(ms(rotated.session.authenticatedAt), ms(rotated.session.lastAccessedAt))
    assert.ok(ms(rotated.session.authenticatedAt) > ms(session.createdAt))
    assert.equal(rotated.session.version, 1)
    assert.equal(await service.getSession(token), null)
    assert.deepEqual(await service.getSession(rotated.token, { touch: false }), rotated.session)
    const plain = present(await service.rotateSession(rotated.token, { reauthenticated: false }))
    assert.deepEqual(plain.session.authenticatedAt, rotated.session.authenticatedAt)
  })

  suite.it("reauthenticated is refused where nobody was authenticated", {}, async ({ service }) => {
    for (const options of [{}, { pendingUserId: "ada" }, { userId: "ada", impersonatorId: "root" }]) {
      const { token, session } = await service.createSession(options)
      await refuses("ERR_INVALID_ARGUMENT", () => service.rotateSession(token, { reauthenticated: true }), [secretOf(token)])
      await refuses("ERR_INVALID_ARGUMENT", () => service.rotateSession(token, { reauthenticated: true, changes: { a: 1 } }), [secretOf(token)])
      await assertUnchanged(service, token, session)
    }
  })

  suite.it("takes both at once", {}, async ({ service }) => {
    const { token } = await service.createSession({ userId: "ada" })
    const rotated = present(await service.rotateSession(token, { reauthenticated: true, changes: { a: 1 }, grace: 0 }))
    assert.equal(rotated.session.version, 2)
    assert.equal(ms(rotated.session.authenticatedAt), ms(rotated.session.lastAccessedAt))
    assert.deepEqual(rotated.session.attributes, { a: 1 })
  })
}

function refusals(suite: Suite): void {
  suite.it("refuses a grace outside 0 to 60 s, and any beside changes or a new proof", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada" })
    for (const bad of [-1, 0.5, 61, "61s", "60001ms", "10", "soon", Number.NaN, null, true, {}] as never[]) {
      await refuses("ERR_INVALID_ARGUMENT", () => service.rotateSession(token, { grace: bad }))
    }
    await refuses("ERR_INVALID_ARGUMENT", () => service.rotateSession(token, { grace: "1s", changes: { a: 1 } }))
    await refuses("ERR_INVALID_ARGUMENT", () => service.rotateSession(token, { grace: 1, reauthenticated: true }))
    await refuses("ERR_INVALID_ARGUMENT", () => service.rotateSession(token, { reauthenticated: "yes" as never }))
    await refuses("ERR_INVALID_ARGUMENT", () => service.rotateSession(token, { graze: 0 } as never))
    await assertUnchanged(service, token, session)
    assert.ok(await service.rotateSession(token, { grace: 60 }))
  })
}
