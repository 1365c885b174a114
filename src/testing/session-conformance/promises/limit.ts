import assert from "node:assert/strict"
import type { ServiceUnderTest } from "../conformance-setup.js"
import { assertUnchanged, listAll, present, refuses } from "../expectations.js"
import type { Suite } from "../suite.js"

export function limitPromises(suite: Suite): void {
  suite.group("sessions per user", () => {
    evicting(suite)
    rejecting(suite)
    whatCounts(suite)
    replacing(suite)
    atOneMoment(suite)
  })
}

async function open(service: ServiceUnderTest, count: number, userId = "ada") {
  const made = []
  for (let n = 0; n < count; n += 1) made.push(await service.createSession({ userId }))
  return made
}

function evicting(suite: Suite): void {
  suite.it("evict-oldest, the default: the oldest ends, and its handle is reported", { maxSessionsPerUser: 3 }, async ({ service }) => {
    const made = await open(service, 5)
    assert.deepEqual(
      made.map(({ evicted }) => evicted),
      [[], [], [], [made[0]?.session.sessionId], [made[1]?.session.sessionId]],
    )
    assert.deepEqual(
      await listAll(service, "ada"),
      made
        .slice(2)
        .map(({ session }) => session.sessionId)
        .reverse(),
    )
    for (const { token } of made.slice(0, 2)) assert.equal(await service.getSession(token), null)
    for (const { token, session } of made.slice(2)) await assertUnchanged(service, token, session)
  })

  suite.it("the oldest is the one created first, however much it is used", { maxSessionsPerUser: 2 }, async ({ service }) => {
    const [first, second] = await open(service, 2)
    await service.extendSession(present(first).token, "9h")
    await service.updateSession(present(first).token, { a: 1 })
    const rotated = present(await service.rotateSession(present(first).token))
    const { evicted } = await service.createSession({ userId: "ada" })
    assert.deepEqual(evicted, [present(first).session.sessionId])
    assert.equal(await service.getSession(rotated.token), null)
    assert.ok(await service.getSession(present(second).token))
  })

  suite.it("a lower limit ends as many as are too many, the oldest first", {}, async ({ service }) => {
    const made = await open(service, 12)
    const last = await service.createSession({ userId: "ada", maxSessionsPerUser: 2 })
    assert.deepEqual(
      last.evicted,
      made.slice(0, 11).map(({ session }) => session.sessionId),
    )
    assert.deepEqual(await listAll(service, "ada"), [last.session.sessionId, present(made[11]).session.sessionId])
  })

  suite.it("with a limit of one each sign-in ends the one before", { maxSessionsPerUser: 1 }, async ({ service }) => {
    const [first, second] = await open(service, 2)
    assert.deepEqual(second?.evicted, [first?.session.sessionId])
    assert.deepEqual(await listAll(service, "ada"), [second?.session.sessionId])
  })

  suite.it("the call's limit goes before the service's, in both directions", { maxSessionsPerUser: 1 }, async ({ service }) => {
    await open(service, 1)
    assert.deepEqual((await service.createSession({ userId: "ada", maxSessionsPerUser: "unlimited" })).evicted, [])
    assert.deepEqual((await service.createSession({ userId: "ada", maxSessionsPerUser: 3 })).evicted, [])
    await refuses("ERR_SESSION_LIMIT", () => service.createSession({ userId: "ada", maxSessionsPerUser: 3, onLimit: "reject" }))
    assert.equal((await listAll(service, "ada")).length, 3)
  })
}

function rejecting(suite: Suite): void {
  suite.it(
    "reject: refuses the new session, ends none, and has room again when one ends",
    { maxSessionsPerUser: 2, onLimit: "reject" },
    async ({ service, events }) => {
      const made = await open(service, 2)
      events.length = 0
      await refuses("ERR_SESSION_LIMIT", () => service.createSession({ userId: "ada" }), ["ada"])
      assert.deepEqual(events, [])
      for (const { token, session } of made) await assertUnchanged(service, token, session)
      assert.deepEqual((await service.createSession({ userId: "bob" })).evicted, [])
      await service.deleteSession(present(made[0]).token)
      const third = await service.createSession({ userId: "ada" })
      await refuses("ERR_SESSION_LIMIT", () => service.createSession({ userId: "ada" }))
      assert.deepEqual(await listAll(service, "ada"), [third.session.sessionId, present(made[1]).session.sessionId])
    },
  )

  suite.it("reject gives way to evict-oldest where the call asks for it", { maxSessionsPerUser: 1, onLimit: "reject" }, async ({ service }) => {
    const [first] = await open(service, 1)
    assert.deepEqual((await service.createSession({ userId: "ada", onLimit: "evict-oldest" })).evicted, [first?.session.sessionId])
  })

  suite.it("refuses a limit that is none", {}, async ({ service }) => {
    for (const maxSessionsPerUser of [0, -1, 1.5, 100_001, Number.NaN, "5", "none"] as never[]) {
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada", maxSessionsPerUser }))
    }
    for (const onLimit of ["evict", "", 1] as never[]) await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada", onLimit }))
    assert.deepEqual((await service.createSession({ userId: "ada", maxSessionsPerUser: 100_000 })).evicted, [])
  })
}

function replacing(suite: Suite): void {
  suite.it("a session that the new one replaces stands in nobody's way, and stays open", { maxSessionsPerUser: 2, onLimit: "reject" }, async ({ service }) => {
    const made = await open(service, 2)
    for (const { token, session } of made) {
      const { evicted, session: next } = await service.createSession({ userId: "ada", replaces: session.sessionId })
      assert.deepEqual(evicted, [])
      await assertUnchanged(service, token, session)
      assert.equal(await service.deleteUserSession("ada", next.sessionId), true)
    }
    await refuses("ERR_SESSION_LIMIT", () => service.createSession({ userId: "ada" }))
  })

  suite.it("it does not make room either: the oldest of the others goes where one has to", { maxSessionsPerUser: 2 }, async ({ service }) => {
    const [first, second] = await open(service, 2)
    const third = await service.createSession({ userId: "ada", replaces: present(first).session.sessionId })
    assert.deepEqual(third.evicted, [])
    const fourth = await service.createSession({ userId: "ada", replaces: present(first).session.sessionId })
    assert.deepEqual(fourth.evicted, [present(second).session.sessionId])
    assert.deepEqual(
      await listAll(service, "ada"),
      [fourth, third, present(first)].map(({ session }) => session.sessionId),
    )
  })

  suite.it("one that is over, of somebody else or does not count changes nothing", { maxSessionsPerUser: 1, onLimit: "reject" }, async ({ service }) => {
    const [over] = await open(service, 1)
    await service.deleteSession(present(over).token)
    await open(service, 1)
    const [others] = await open(service, 1, "bob")
    const pending = await service.createSession({ pendingUserId: "ada" })
    for (const { session } of [present(over), present(others), pending]) {
      await refuses("ERR_SESSION_LIMIT", () => service.createSession({ userId: "ada", replaces: session.sessionId }))
    }
  })

  suite.it("of two that replace the same one at one moment, one is let in", { maxSessionsPerUser: 1, onLimit: "reject" }, async ({ service }) => {
    const [first] = await open(service, 1)
    const replaces = present(first).session.sessionId
    const tried = await Promise.allSettled(Array.from({ length: 4 }, () => service.createSession({ userId: "ada", replaces })))
    assert.equal(tried.filter(({ status }) => status === "fulfilled").length, 1)
    assert.equal((await listAll(service, "ada")).length, 2)
  })
}

function whatCounts(suite: Suite): void {
  suite.it("users have limits of their own, guests have none", { maxSessionsPerUser: 1, onLimit: "reject" }, async ({ service }) => {
    await open(service, 1, "ada")
    await open(service, 1, "bob")
    for (let n = 0; n < 3; n += 1) assert.deepEqual((await service.createSession({})).evicted, [])
  })

  suite.it("pending and impersonated sessions neither count, nor evict, nor are evicted", { maxSessionsPerUser: 2 }, async ({ service }) => {
    const aside = [await service.createSession({ pendingUserId: "ada" }), await service.createSession({ userId: "ada", impersonatorId: "root" })]
    const own = await open(service, 2)
    aside.push(await service.createSession({ pendingUserId: "ada" }), await service.createSession({ userId: "ada", impersonatorId: "root" }))
    for (const { evicted } of [...own, ...aside]) assert.deepEqual(evicted, [])
    assert.deepEqual((await service.createSession({ userId: "ada" })).evicted, [own[0]?.session.sessionId])
    for (const { token, session } of aside) await assertUnchanged(service, token, session)
  })

  suite.it("many that do not count do not hide the oldest that does", { maxSessionsPerUser: 1 }, async ({ service }) => {
    for (let n = 0; n < 20; n += 1) await service.createSession({ pendingUserId: "ada" })
    const [first] = await open(service, 1)
    for (let n = 0; n < 20; n += 1) await service.createSession({ userId: "ada", impersonatorId: "root" })
    assert.deepEqual((await service.createSession({ userId: "ada" })).evicted, [first?.session.sessionId])
  })

  suite.it("reject: pending and impersonated sessions are let in", { maxSessionsPerUser: 1, onLimit: "reject" }, async ({ service }) => {
    await open(service, 1)
    assert.ok(await service.createSession({ pendingUserId: "ada" }))
    assert.ok(await service.createSession({ userId: "ada", impersonatorId: "root" }))
  })

  const timing = {
    idleTimeout: suite.units(10),
    touchInterval: suite.units(10),
    absoluteTimeout: suite.units(1_000),
    maxSessionsPerUser: 2,
    onLimit: "reject",
  } as const
  suite.it("sessions that have expired do not count", timing, async ({ service, time }) => {
    await time.from(() => open(service, 2))
    await time.before(10, () => refuses("ERR_SESSION_LIMIT", () => service.createSession({ userId: "ada" })))
    await time.after(11, async () => assert.deepEqual((await service.createSession({ userId: "ada", onLimit: "evict-oldest" })).evicted, []))
  })

  suite.it("sessions that were deleted do not count", { maxSessionsPerUser: 1, onLimit: "reject" }, async ({ service }) => {
    for (let n = 0; n < 10; n += 1) {
      const { token, session } = await service.createSession({ userId: "ada" })
      assert.equal(n % 2 ? await service.deleteSession(token) : await service.deleteUserSession("ada", session.sessionId), true)
    }
    assert.deepEqual(await listAll(service, "ada"), [])
  })
}

function atOneMoment(suite: Suite): void {
  suite.it(
    "many sign-ins at one moment leave exactly the limit, and each evicted one is reported once",
    { maxSessionsPerUser: 3 },
    async ({ service, events }) => {
      const made = await Promise.all(Array.from({ length: 30 }, () => service.createSession({ userId: "ada" })))
      const evicted = made.flatMap((one) => one.evicted)
      assert.equal(evicted.length, 27)
      assert.equal(new Set(evicted).size, 27)
      const left = await listAll(service, "ada")
      assert.equal(left.length, 3)
      assert.deepEqual(new Set([...left, ...evicted]), new Set(made.map(({ session }) => session.sessionId)))
      for (const { token, session } of made) assert.equal((await service.getSession(token)) !== null, left.includes(session.sessionId))
      const ended = events.flatMap((event) => (event.type === "ended" && event.reason === "evicted" ? [event.sessionId] : []))
      assert.deepEqual(ended.sort(), evicted.sort())
    },
  )

  suite.it("many sign-ins at one moment under reject: exactly the limit get in", { maxSessionsPerUser: 4, onLimit: "reject" }, async ({ service }) => {
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => service.createSession({ userId: "ada" })))
    assert.equal(outcomes.filter((outcome) => outcome.status === "fulfilled").length, 4)
    for (const outcome of outcomes) if (outcome.status === "rejected") await refuses("ERR_SESSION_LIMIT", () => Promise.reject(outcome.reason))
    assert.equal((await listAll(service, "ada")).length, 4)
  })
}
