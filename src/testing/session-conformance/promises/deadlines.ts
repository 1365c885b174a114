import assert from "node:assert/strict"
import type { SessionData } from "../../../domain/interfaces/session/ISessionService.js"
import type { RequestedOptions } from "../conformance-setup.js"
import { CALLS_BY_HANDLE, CALLS_BY_TOKEN } from "../every-call.js"
import { assertNear, lifetimes, listAll, ms, present } from "../expectations.js"
import type { Suite } from "../suite.js"

/** A tenth of the idle timeout is one unit: with a touch interval of ten, the slack is one unit. */
function timing(suite: Suite, over: RequestedOptions = {}): RequestedOptions {
  return { idleTimeout: suite.units(10), absoluteTimeout: suite.units(1_000), touchInterval: suite.units(10), ...over }
}

function touched(before: SessionData, after: SessionData): boolean {
  return ms(after.lastAccessedAt) > ms(before.lastAccessedAt)
}

export function deadlinePromises(suite: Suite): void {
  suite.group("deadlines", () => {
    idleDeadline(suite)
    touches(suite)
    processesWithOtherIntervals(suite)
    absoluteDeadline(suite)
    afterTheEnd(suite)
    ownTimeouts(suite)
  })
}

function idleDeadline(suite: Suite): void {
  suite.it("idle: never early, and at most a tenth of the timeout late", timing(suite), async ({ service, time }) => {
    const { token } = await time.from(() => service.createSession({ userId: "ada" }))
    await time.before(10, async () => assert.ok(await service.getSession(token, { touch: false })))
    await time.after(11, async () => assert.equal(await service.getSession(token), null))
  })

  suite.it("idle: at most the touch interval late, where that is shorter", timing(suite, { touchInterval: 0 }), async ({ service, time }) => {
    const { token } = await time.from(() => service.createSession({ userId: "ada" }))
    await time.before(10, async () => assert.ok(await service.getSession(token, { touch: false })))
    await time.after(10, async () => assert.equal(await service.getSession(token), null))
  })

  suite.it("a look with touch: false moves nothing", timing(suite, { touchInterval: 0 }), async ({ service, time }) => {
    const { token, session } = await time.from(() => service.createSession({ userId: "ada" }))
    await time.before(8, async () => assert.deepEqual(await service.getSession(token, { touch: false }), session))
    await time.after(10, async () => assert.equal(await service.getSession(token), null))
  })

  suite.it("a list of sessions is no access", timing(suite, { touchInterval: 0 }), async ({ service, time }) => {
    const { session } = await time.from(() => service.createSession({ userId: "ada" }))
    await time.before(8, async () => assert.deepEqual((await service.getUserSessions("ada")).sessions, [session]))
    await time.after(10, async () => assert.deepEqual(await listAll(service, "ada"), []))
  })
}

function touches(suite: Suite): void {
  suite.it("a read moves the idle deadline, and nothing else", timing(suite), async ({ service, time }) => {
    const { token, session } = await time.from(() => service.createSession({ userId: "ada", attributes: { n: 1 } }))
    const read = await time.before(8, () => time.from(async () => present(await service.getSession(token))))
    assert.ok(touched(session, read))
    assertNear(ms(read.lastAccessedAt) - ms(session.createdAt), suite.unitsInMs(6), suite.unitsInMs(4), "lastAccessedAt")
    assert.equal(lifetimes(read).idle, suite.unitsInMs(10))
    assert.deepEqual({ ...read, lastAccessedAt: null, expiresAt: null }, { ...session, lastAccessedAt: null, expiresAt: null })
    await time.before(10, async () => assert.deepEqual(await service.getSession(token, { touch: false }), read))
    await time.after(11, async () => assert.equal(await service.getSession(token), null))
  })

  suite.it("a session that is used again and again lives on", timing(suite), async ({ service, time }) => {
    const { token } = await service.createSession({ userId: "ada" })
    for (let round = 0; round < 4; round += 1) {
      await time.from(async () => assert.ok(await service.getSession(token)))
      await time.before(8, async () => assert.ok(await service.getSession(token)))
    }
  })

  suite.it("a read within the touch interval writes nothing down", timing(suite), async ({ service, time }) => {
    const { token, session } = await time.from(() => service.createSession({ userId: "ada" }))
    await time.before(1, async () => assert.deepEqual(await service.getSession(token), session))
    await time.before(4, async () => assert.ok(touched(session, present(await service.getSession(token)))))
  })

  suite.it("with a touch interval of 0 every read is written down", timing(suite, { touchInterval: 0 }), async ({ service, advance }) => {
    const { token, session } = await service.createSession({ userId: "ada" })
    await advance(suite.units(0.5))
    const first = present(await service.getSession(token))
    assert.ok(touched(session, first))
    await advance(suite.units(0.5))
    assert.ok(touched(first, present(await service.getSession(token))))
  })

  suite.itNeeds(
    "another",
    "the slack is the record's own: a process with another touch interval judges alike",
    timing(suite),
    async ({ service, another, time }) => {
      const strict = await another(timing(suite, { touchInterval: 0 }))
      const { token } = await time.from(() => service.createSession({ userId: "ada" }))
      // Between the idle timeout and its slack either answer keeps the promise, but all processes must give the same.
      await time.before(10, async () => assert.ok(await strict.getSession(token, { touch: false })))
      await time.after(11, async () => {
        assert.equal(await strict.getSession(token), null)
        assert.equal(await service.getSession(token), null)
      })
    },
  )
}

function processesWithOtherIntervals(suite: Suite): void {
  suite.itNeeds(
    "another",
    "a process with a shorter touch interval writes down what one with a longer does not",
    timing(suite),
    async ({ service, another, advance }) => {
      const strict = await another(timing(suite, { touchInterval: 0 }))
      const { token, session } = await service.createSession({ userId: "ada" })
      await advance(suite.units(0.5))
      assert.ok(touched(session, present(await strict.getSession(token))))
    },
  )

  const strictest = timing(suite, { touchInterval: 0 })
  suite.itNeeds("another", "a process with a longer touch interval never lets a session end early", strictest, async ({ service, another, time }) => {
    const lazy = await another(timing(suite))
    const { token } = await time.from(() => service.createSession({ userId: "ada" }))
    // The record keeps no slack, so each access must be written down, by whatever process.
    await time.before(8, () => time.from(async () => assert.ok(await lazy.getSession(token))))
    await time.before(10, async () => assert.ok(await lazy.getSession(token, { touch: false })))
    await time.after(10, async () => assert.equal(await lazy.getSession(token), null))
  })
}

function absoluteDeadline(suite: Suite): void {
  const options = timing(suite, { absoluteTimeout: suite.units(16) })

  suite.it("absolute: no read goes beyond it", options, async ({ service, time }) => {
    const { token, session } = await time.from(() => service.createSession({ userId: "ada" }))
    const read = await time.before(9, async () => present(await service.getSession(token)))
    assert.equal(ms(read.expiresAt), ms(session.absoluteExpiresAt))
    await time.before(16, async () => assert.ok(await service.getSession(token)))
    await time.after(16, async () => assert.equal(await service.getSession(token), null))
  })

  suite.it("absolute: no extension, update or rotation goes beyond it", options, async ({ service, time }) => {
    const { token, session } = await time.from(() => service.createSession({ userId: "ada" }))
    const rotated = await time.before(9, async () => {
      const extended = present(await service.extendSession(token, suite.units(500)))
      assert.equal(ms(extended.expiresAt), ms(session.absoluteExpiresAt))
      const updated = present(await service.updateSession(token, { n: 1 }))
      assert.equal(ms(updated.absoluteExpiresAt), ms(session.absoluteExpiresAt))
      return present(await service.rotateSession(token))
    })
    assert.equal(ms(rotated.session.expiresAt), ms(session.absoluteExpiresAt))
    await time.before(16, async () => assert.ok(await service.getSession(rotated.token)))
    await time.after(16, async () => assert.equal(await service.getSession(rotated.token), null))
  })
}

function afterTheEnd(suite: Suite): void {
  suite.it("what has expired is absent for every call, is in no list, and makes no event", timing(suite), async ({ service, events, time }) => {
    const { token, session } = await time.from(() => service.createSession({ userId: "ada" }))
    events.length = 0
    await time.after(11, async () => {
      for (const [name, { call, absent }] of Object.entries({ ...CALLS_BY_TOKEN, ...CALLS_BY_HANDLE })) {
        assert.equal(await call(service, { token, userId: "ada", sessionId: session.sessionId }), absent, name)
      }
      assert.deepEqual(await listAll(service, "ada"), [])
      assert.equal(await service.deleteUserSessions("ada"), 0)
      assert.deepEqual(events, [])
    })
  })

  suite.it("a pending session and a guest's end like any other", timing(suite), async ({ service, time }) => {
    const asked = { idleTimeout: suite.units(10), absoluteTimeout: suite.units(1_000) }
    const [guest, pending] = await time.from(
      async () => [await service.createSession(asked), await service.createSession({ ...asked, pendingUserId: "ada" })] as const,
    )
    await time.before(10, async () => {
      assert.ok(await service.getSession(guest.token, { touch: false }))
      assert.ok(await service.getSession(pending.token, { touch: false }))
    })
    await time.after(11, async () => {
      assert.equal(await service.getSession(guest.token), null)
      assert.equal(await service.getSession(pending.token), null)
    })
  })
}

function ownTimeouts(suite: Suite): void {
  suite.it("a session's own timeouts are judged, not the service's", timing(suite, { idleTimeout: suite.units(1_000) }), async ({ service, time }) => {
    const { token } = await time.from(() => service.createSession({ userId: "ada", idleTimeout: suite.units(10) }))
    await time.before(10, async () => assert.ok(await service.getSession(token, { touch: false })))
    await time.after(11, async () => assert.equal(await service.getSession(token), null))
  })

  suite.itNeeds(
    "fakeClock",
    "by default a user's session ends after 24 idle hours and a minute, and after 30 days at the latest",
    {},
    async ({ service, advance }) => {
      const idle = await service.createSession({ userId: "ada" })
      await advance("23h")
      await advance("59m")
      assert.ok(await service.getSession(idle.token, { touch: false }))
      await advance("3m")
      assert.equal(await service.getSession(idle.token), null)

      const used = await service.createSession({ userId: "ada" })
      for (let halfDays = 1; halfDays < 60; halfDays += 1) {
        await advance("12h")
        assert.ok(await service.getSession(used.token), `after ${halfDays} half days`)
      }
      await advance("12h")
      assert.equal(await service.getSession(used.token), null)
    },
  )

  suite.itNeeds(
    "fakeClock",
    "by default a guest's session ends after 2 idle hours, a pending one after 5 minutes, or 10 in all",
    {},
    async ({ service, advance }) => {
      const guest = await service.createSession({})
      const pending = await service.createSession({ pendingUserId: "ada" })
      await advance("299s")
      assert.ok(await service.getSession(pending.token))
      await advance("240s")
      assert.ok(await service.getSession(pending.token))
      await advance("62s")
      assert.equal(await service.getSession(pending.token), null)
      await advance("6599s")
      assert.ok(await service.getSession(guest.token, { touch: false }))
      await advance("62s")
      assert.equal(await service.getSession(guest.token), null)
    },
  )
}
