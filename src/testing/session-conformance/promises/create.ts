import assert from "node:assert/strict"
import { assertNear, assertToken, lifetimes, ms, present, refuses, secretOf } from "../expectations.js"
import type { Suite } from "../suite.js"

const HOUR = 3_600_000
const DAY = 24 * HOUR
const FIELDS = [
  "absoluteExpiresAt",
  "attributes",
  "authenticatedAt",
  "createdAt",
  "device",
  "expiresAt",
  "impersonatorId",
  "impersonatorSessionId",
  "lastAccessedAt",
  "pendingUserId",
  "persistent",
  "sessionId",
  "userId",
  "version",
]

export function createPromises(suite: Suite): void {
  suite.group("createSession", () => {
    whatIsIssued(suite)
    defaultsAndOptions(suite)
    userIds(suite)
    devices(suite)
    timesAndRefusals(suite)
  })
}

function whatIsIssued(suite: Suite): void {
  suite.it("issues a token in canonical base64url that begins with the handle", {}, async ({ service }) => {
    for (const options of [{ userId: "ada" }, {}, { pendingUserId: "ada" }]) {
      const { token, session, evicted } = await service.createSession(options)
      assertToken(token, session.sessionId)
      assert.deepEqual(evicted, [])
    }
  })

  suite.it("never issues a handle or a secret twice", {}, async ({ service }) => {
    const issued = await Promise.all(Array.from({ length: 100 }, () => service.createSession({ userId: "ada" })))
    assert.equal(new Set(issued.map(({ session }) => session.sessionId)).size, 100)
    assert.equal(new Set(issued.map(({ token }) => secretOf(token))).size, 100)
  })

  suite.it("returns a plain value that keeps every field through JSON and spread, and holds no token", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada", attributes: { theme: "dark" }, device: { ip: "::1" } })
    assert.deepEqual(Object.keys(session).sort(), FIELDS)
    assert.deepEqual({ ...session }, session)
    const text = JSON.stringify(session)
    assert.deepEqual(Object.keys(JSON.parse(text)).sort(), FIELDS)
    assert.ok(!text.includes(secretOf(token)))
    for (const name of ["createdAt", "authenticatedAt", "lastAccessedAt", "expiresAt", "absoluteExpiresAt"] as const)
      assert.ok(session[name] instanceof Date, name)
  })

  suite.it("is found again as it was returned", {}, async ({ service }) => {
    const made = await service.createSession({ userId: "ada", attributes: { theme: "dark", tags: ["a"] }, device: { label: "Firefox" }, persistent: true })
    assert.deepEqual(await service.getSession(made.token), made.session)
  })

  suite.it("keeps copies: what the caller does to given or returned objects changes nothing in the store", {}, async ({ service }) => {
    const attributes = { nested: { list: [1] } }
    const device = { ip: "127.0.0.1" }
    const { token, session } = await service.createSession({ userId: "ada", attributes, device })
    attributes.nested.list.push(2)
    device.ip = "10.0.0.1"
    for (const held of [session, present(await service.getSession(token))]) {
      const list = (held.attributes as unknown as typeof attributes).nested.list
      // A frozen result is as good as a copy.
      if (!Object.isFrozen(list)) list.push(3)
    }
    const found = await service.getSession(token)
    assert.deepEqual(found?.attributes, { nested: { list: [1] } })
    assert.deepEqual(found?.device, { ip: "127.0.0.1" })
  })
}

function defaultsAndOptions(suite: Suite): void {
  suite.it("gives a user 24 idle hours and 30 days in all", {}, async ({ service }) => {
    const { session } = await service.createSession({ userId: "ada" })
    assert.equal(session.userId, "ada")
    assert.equal(session.pendingUserId, null)
    assert.equal(session.impersonatorId, null)
    assert.equal(session.impersonatorSessionId, null)
    assert.equal(session.persistent, false)
    assert.equal(session.version, 1)
    assert.deepEqual(session.device, {})
    assert.deepEqual(session.attributes, {})
    assert.deepEqual(lifetimes(session), { idle: DAY, absolute: 30 * DAY })
    assertNear(ms(session.lastAccessedAt), ms(session.createdAt), 1, "lastAccessedAt")
    assertNear(ms(session.authenticatedAt), ms(session.createdAt), 1_000, "authenticatedAt")
  })

  suite.it("takes the timeouts from the service's options", { idleTimeout: "30m", absoluteTimeout: 43_200 }, async ({ service }) => {
    const { session } = await service.createSession({ userId: "ada" })
    assert.deepEqual(lifetimes(session), { idle: HOUR / 2, absolute: 12 * HOUR })
  })

  suite.it("prefers the timeouts of the call", { idleTimeout: "30m", absoluteTimeout: "12h" }, async ({ service }) => {
    const { session } = await service.createSession({ userId: "ada", idleTimeout: "14d", absoluteTimeout: "90d", persistent: true })
    assert.deepEqual(lifetimes(session), { idle: 14 * DAY, absolute: 90 * DAY })
    assert.equal(session.persistent, true)
  })

  suite.it("ends at the absolute deadline where the idle one is later", {}, async ({ service }) => {
    const { session } = await service.createSession({ userId: "ada", idleTimeout: "2h", absoluteTimeout: "1h" })
    assert.equal(ms(session.expiresAt), ms(session.absoluteExpiresAt))
    assert.equal(lifetimes(session).absolute, HOUR)
  })

  suite.it("takes undefined for an option that was left out", {}, async ({ service }) => {
    const { session } = await service.createSession({
      userId: "ada",
      pendingUserId: undefined,
      impersonatorId: undefined,
      impersonatorSessionId: undefined,
      authenticatedAt: undefined,
      attributes: undefined,
      device: undefined,
      idleTimeout: undefined,
      absoluteTimeout: undefined,
      persistent: undefined,
      maxSessionsPerUser: undefined,
      onLimit: undefined,
      signal: undefined,
    })
    assert.deepEqual(lifetimes(session), { idle: DAY, absolute: 30 * DAY })
  })

  suite.it("keeps a second proof's time when an identity provider tells it", {}, async ({ service }) => {
    const { session } = await service.createSession({ userId: "ada" })
    const earlier = new Date(ms(session.createdAt) - HOUR)
    const again = await service.createSession({ userId: "ada", authenticatedAt: earlier })
    assert.equal(ms(again.session.authenticatedAt), earlier.getTime())
    assert.deepEqual((await service.getSession(again.token))?.authenticatedAt, earlier)
  })
}

function userIds(suite: Suite): void {
  const allowed = [
    "a",
    "0",
    " ",
    "a}b{c",
    "{}",
    ":",
    "*",
    "__proto__",
    "constructor",
    "null",
    "\u0000",
    "a\r\nb",
    "ü".repeat(256),
    "x".repeat(512),
    "\u2028",
    "😀",
  ]
  suite.it("takes any well-formed user id of 1 to 512 bytes and returns it as it was", {}, async ({ service }) => {
    for (const userId of allowed) {
      const { token, session } = await service.createSession({ userId })
      assert.equal(session.userId, userId)
      assert.equal((await service.getSession(token))?.userId, userId)
      const { sessions } = await service.getUserSessions(userId)
      assert.deepEqual(
        sessions.map((listed) => listed.sessionId),
        [session.sessionId],
      )
    }
  })

  suite.it("compares user ids byte for byte: composed and decomposed letters are two users", {}, async ({ service }) => {
    const composed = await service.createSession({ userId: "\u00e9" })
    await service.createSession({ userId: "e\u0301" })
    await service.createSession({ userId: "É" })
    const { sessions } = await service.getUserSessions("\u00e9")
    assert.deepEqual(
      sessions.map((session) => session.sessionId),
      [composed.session.sessionId],
    )
  })

  const refused = [
    "",
    "x".repeat(513),
    "ü".repeat(257),
    "\ud800",
    "a\udfffb",
    0,
    1,
    Number.NaN,
    null,
    true,
    {},
    [],
    Symbol("ada"),
    ["ada"],
    { toString: () => "ada" },
    1n,
  ]
  suite.it("refuses every other user id, in each place that takes one", {}, async ({ service }) => {
    for (const bad of refused as never[]) {
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: bad }))
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ pendingUserId: bad }))
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada", impersonatorId: bad }))
      await refuses("ERR_INVALID_ARGUMENT", () => service.getUserSessions(bad))
      await refuses("ERR_INVALID_ARGUMENT", () => service.deleteUserSessions(bad))
      await refuses("ERR_INVALID_ARGUMENT", () => service.deleteUserSession(bad, "AAA.AAAAAAAAAAAAAAAAAAAAAA"))
      await refuses("ERR_INVALID_ARGUMENT", () => service.updateUserSession(bad, "AAA.AAAAAAAAAAAAAAAAAAAAAA", {}))
    }
  })
}

function devices(suite: Suite): void {
  suite.it("keeps a device's fields, leaves out those that are undefined, and interprets none", {}, async ({ service }) => {
    const device = { ip: "i".repeat(64), userAgent: "u".repeat(1024), label: "Füchs in 'Debian'" }
    const full = await service.createSession({ device })
    assert.deepEqual((await service.getSession(full.token))?.device, device)
    const partial = await service.createSession({ device: { ip: undefined, label: "" } })
    assert.deepEqual((await service.getSession(partial.token))?.device, { label: "" })
  })

  const refused = [
    { ip: "i".repeat(65) },
    { userAgent: "u".repeat(1025) },
    { label: "l".repeat(257) },
    { label: "ü".repeat(129) },
    { ip: 1 },
    { label: null },
    { name: "other" },
    "Firefox",
    null,
    [],
  ]
  suite.it("refuses a device with longer or other fields", {}, async ({ service }) => {
    for (const device of refused) await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ device: device as never }))
  })
}

function timesAndRefusals(suite: Suite): void {
  suite.it("refuses an authentication in the future, or one that is no date", {}, async ({ service }) => {
    const { session } = await service.createSession({ userId: "ada" })
    const future = new Date(ms(session.createdAt) + HOUR)
    for (const authenticatedAt of [future, new Date(Number.NaN), ms(session.createdAt), "2026-01-01", null] as never[]) {
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada", authenticatedAt }))
    }
  })

  const badDurations = [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "10", "9ms", "1001d", "soon", "", "-1m", "1 h", null, true, {}, [60]]
  suite.it("refuses timeouts outside 10 ms to 1000 d, and text without a unit", {}, async ({ service }) => {
    for (const bad of badDurations as never[]) {
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada", idleTimeout: bad }))
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada", absoluteTimeout: bad }))
    }
    const { session } = await service.createSession({ userId: "ada", idleTimeout: "1000d", absoluteTimeout: "1000d" })
    assert.deepEqual(lifetimes(session), { idle: 1000 * DAY, absolute: 1000 * DAY })
  })

  suite.it("refuses an option that is misspelt or of another kind", {}, async ({ service }) => {
    const bad = [{ userID: "ada" }, { userId: "ada", maxSessions: 1 }, { persistent: "yes" }, { persistent: 1 }, null, "ada", []]
    for (const options of bad as never[]) await refuses("ERR_INVALID_ARGUMENT", () => service.createSession(options))
  })

  suite.it("leaves nothing behind when it refuses", {}, async ({ service, events }) => {
    await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada", attributes: { n: Number.NaN } }))
    await refuses("ERR_SESSION_TOO_LARGE", () => service.createSession({ userId: "ada", attributes: { text: "x".repeat(65_536) } }))
    assert.deepEqual((await service.getUserSessions("ada")).sessions, [])
    assert.deepEqual(events, [])
  })
}
