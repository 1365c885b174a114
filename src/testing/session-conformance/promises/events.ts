import assert from "node:assert/strict"
import type { SessionEvent } from "../../../domain/interfaces/ports.js"
import type { SessionId, SessionToken } from "../../../domain/interfaces/session/ISessionService.js"
import { NOBODYS_TOKEN, present, refuses, secretOf, withWrongSecret } from "../expectations.js"
import type { Suite } from "../suite.js"

export function eventPromises(suite: Suite): void {
  suite.group("events", () => {
    lifeOfASession(suite)
    guesses(suite)
    listeners(suite)
  })
}

function ended(sessionId: SessionId, reason: "signed-out" | "revoked" | "replaced" | "evicted"): SessionEvent {
  return { type: "ended", sessionId, reason }
}

function lifeOfASession(suite: Suite): void {
  suite.it("a session is created, rotated and ended; reads, updates and extensions make no event", { touchInterval: 0 }, async ({ service, events }) => {
    const { token, session } = await service.createSession({ userId: "ada" })
    const { sessionId } = session
    await service.getSession(token)
    await service.updateSession(token, { a: 1 })
    await service.updateUserSession("ada", sessionId, { a: 2 })
    await service.extendSession(token, "1h")
    await service.getUserSessions("ada")
    const rotated = present(await service.rotateSession(token))
    const last = present(await service.rotateSession(rotated.token, { changes: { b: 1 } }))
    await service.deleteSession(last.token)
    await service.deleteSession(last.token)
    assert.deepEqual(events, [{ type: "created", sessionId }, { type: "rotated", sessionId }, { type: "rotated", sessionId }, ended(sessionId, "signed-out")])
  })

  suite.it("the reason is the caller's; by default a token signs out and a handle revokes", {}, async ({ service, events }) => {
    const made = []
    for (let n = 0; n < 6; n += 1) made.push(await service.createSession({ userId: "ada" }))
    events.length = 0
    const [a, b, c, d, e, f] = made.map((one) => ({ token: one.token, id: one.session.sessionId }))
    await service.deleteSession(present(a).token)
    await service.deleteSession(present(b).token, { reason: "replaced" })
    await service.deleteUserSession("ada", present(c).id)
    await service.deleteUserSession("ada", present(d).id, { reason: "signed-out" })
    assert.deepEqual(events.splice(0), [
      ended(present(a).id, "signed-out"),
      ended(present(b).id, "replaced"),
      ended(present(c).id, "revoked"),
      ended(present(d).id, "signed-out"),
    ])
    await service.deleteUserSessions("ada", { except: present(f).id })
    await service.deleteUserSessions("ada", { reason: "replaced" })
    assert.deepEqual(events, [ended(present(e).id, "revoked"), ended(present(f).id, "replaced")])
  })

  suite.it("each of many that end together has its event, once", {}, async ({ service, events }) => {
    const made = await Promise.all(Array.from({ length: 10 }, (_, n) => service.createSession(n % 2 ? { userId: "ada" } : { pendingUserId: "ada" })))
    events.length = 0
    await service.deleteUserSessions("ada")
    const wanted = made.map(({ session }) => ended(session.sessionId, "revoked"))
    assert.deepEqual(new Set(events.map((event) => JSON.stringify(event))), new Set(wanted.map((event) => JSON.stringify(event))))
    assert.equal(events.length, 10)
  })

  suite.it("an evicted session ends as evicted", { maxSessionsPerUser: 1 }, async ({ service, events }) => {
    const first = await service.createSession({ userId: "ada" })
    events.length = 0
    const second = await service.createSession({ userId: "ada" })
    assert.equal(events.length, 2)
    assert.ok(events.some((event) => event.type === "created" && event.sessionId === second.session.sessionId))
    assert.deepEqual(
      events.find((event) => event.type === "ended"),
      ended(first.session.sessionId, "evicted"),
    )
  })

  suite.itNeeds("another", "an update that met another one is told of, with its attempt", {}, async ({ service, another, events }) => {
    const second = await another({ onEvent: (event) => events.push(event) })
    const { token, session } = await service.createSession({})
    events.length = 0
    await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? service : second).updateSession(token, (own) => ({ ...own, [`key${n}`]: n }))))
    assert.ok(events.length > 0, "twenty updates by two services at one moment meet")
    for (const event of events) {
      assert.ok(event.type === "stale-version", event.type)
      assert.equal(event.sessionId, session.sessionId)
      assert.ok(Number.isInteger(event.attempt) && event.attempt >= 1)
    }
  })
}

function guesses(suite: Suite): void {
  suite.it("a known handle with a wrong secret is told of by every call with a token", {}, async ({ service, events }) => {
    const { token, session } = await service.createSession({ userId: "ada" })
    const wrong = withWrongSecret(token)
    const calls: Record<string, () => Promise<unknown>> = {
      getSession: () => service.getSession(wrong),
      "getSession without a touch": () => service.getSession(wrong, { touch: false }),
      updateSession: () => service.updateSession(wrong, { a: 1 }),
      extendSession: () => service.extendSession(wrong),
      rotateSession: () => service.rotateSession(wrong),
      "rotateSession with changes": () => service.rotateSession(wrong, { changes: { a: 1 } }),
      deleteSession: () => service.deleteSession(wrong),
    }
    for (const [name, call] of Object.entries(calls)) {
      events.length = 0
      await call()
      assert.deepEqual(events, [{ type: "wrong-secret", sessionId: session.sessionId }], name)
    }
  })

  suite.it("so is a token from before a rotation, once its grace is over", {}, async ({ service, events }) => {
    const { token, session } = await service.createSession({ userId: "ada" })
    await service.rotateSession(token, { grace: 0 })
    events.length = 0
    await service.getSession(token)
    assert.deepEqual(events, [{ type: "wrong-secret", sessionId: session.sessionId }])
  })

  suite.it("a rotation with a secret that was replaced already is told of", {}, async ({ service, events }) => {
    const { token, session } = await service.createSession({ userId: "ada" })
    await service.rotateSession(token)
    events.length = 0
    await refuses("ERR_SESSION_CONFLICT", () => service.rotateSession(token))
    assert.deepEqual(events, [{ type: "replaced-secret", sessionId: session.sessionId }])
  })

  suite.it("what never existed, is malformed or has ended makes no event", {}, async ({ service, events }) => {
    const { token } = await service.createSession({ userId: "ada" })
    await service.deleteSession(token)
    events.length = 0
    for (const text of [token, withWrongSecret(token), NOBODYS_TOKEN, "x", ""] as SessionToken[]) {
      await service.getSession(text)
      await service.updateSession(text, {})
      await service.extendSession(text)
      await service.rotateSession(text)
      await service.deleteSession(text)
    }
    assert.deepEqual(events, [])
  })
}

function listeners(suite: Suite): void {
  suite.it("no event ever holds a secret or an attribute", { maxSessionsPerUser: 1 }, async ({ service, events }) => {
    const first = await service.createSession({ userId: "ada", attributes: { note: "hidden-value" } })
    const second = await service.createSession({ userId: "ada", attributes: { note: "hidden-value" } })
    await service.getSession(withWrongSecret(second.token))
    const third = present(await service.rotateSession(second.token))
    await refuses("ERR_SESSION_CONFLICT", () => service.rotateSession(second.token))
    await service.deleteSession(third.token)
    const text = JSON.stringify(events)
    assert.ok(events.length >= 6)
    for (const { token } of [first, second, third]) assert.ok(!text.includes(secretOf(token)))
    assert.ok(!text.includes("hidden-value"))
  })

  const throwing = () => {
    throw new Error("the listener's own")
  }
  const rejecting = (): unknown => Promise.reject(new Error("the listener's own"))
  for (const [how, onEvent] of Object.entries({ throws: throwing, rejects: rejecting })) {
    // The logger is told of it, and is as broken.
    suite.it(
      `a listener and a logger of which each ${how} break no call`,
      { maxSessionsPerUser: 1, onEvent, logger: { warn: onEvent } },
      async ({ service }) => {
        await service.createSession({ userId: "ada" })
        const { token, evicted } = await service.createSession({ userId: "ada" })
        assert.equal(evicted.length, 1)
        assert.equal(await service.getSession(withWrongSecret(token)), null)
        const rotated = present(await service.rotateSession(token))
        assert.equal(await service.deleteSession(rotated.token), true)
        assert.equal(await service.getSession(rotated.token), null)
        // An unhandled rejection is raised at the end of this turn of the event loop.
        await new Promise((resolve) => setImmediate(resolve))
      },
    )
  }
}
