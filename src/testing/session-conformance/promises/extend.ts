import assert from "node:assert/strict"
import type { SessionData } from "../../../domain/interfaces/session/ISessionService.js"
import { assertUnchanged, lifetimes, ms, present, refuses } from "../expectations.js"
import type { Suite } from "../suite.js"

const HOUR = 3_600_000

export function extendPromises(suite: Suite): void {
  suite.group("extendSession", () => {
    suite.it("moves the idle deadline now, whatever the touch interval says, and nothing else", { touchInterval: "1h" }, async ({ service, advance }) => {
      const { token, session } = await service.createSession({ userId: "ada", attributes: { a: 1 } })
      await advance("20ms")
      const extended = present(await service.extendSession(token))
      assert.ok(ms(extended.lastAccessedAt) > ms(session.lastAccessedAt))
      assert.equal(lifetimes(extended).idle, 24 * HOUR)
      const moved = { lastAccessedAt: null, expiresAt: null }
      assert.deepEqual({ ...extended, ...moved }, { ...session, ...moved })
      assert.deepEqual(await service.getSession(token, { touch: false }), extended)
    })

    suite.it("a new timeout is kept for all later accesses, longer or shorter", { touchInterval: 0 }, async ({ service, advance }) => {
      let { token } = await service.createSession({ userId: "ada" })
      for (const [given, hours] of [
        ["2d", 48],
        [3_600, 1],
        ["90m", 1.5],
      ] as const) {
        const idleOf = (session: SessionData | null): number => lifetimes(present(session)).idle / HOUR
        assert.equal(idleOf(await service.extendSession(token, given)), hours)
        await advance("5ms")
        assert.equal(idleOf(await service.getSession(token)), hours)
        assert.equal(idleOf(await service.updateSession(token, { n: 1 })), hours)
        assert.equal(idleOf(await service.extendSession(token, undefined)), hours)
        const rotated = present(await service.rotateSession(token))
        assert.equal(idleOf(rotated.session), hours)
        token = rotated.token
      }
    })

    const timing = { idleTimeout: suite.units(10), absoluteTimeout: suite.units(1_000), touchInterval: suite.units(10) }
    suite.it("a longer timeout lets the session live longer", timing, async ({ service, time }) => {
      const { token } = await service.createSession({ userId: "ada" })
      await time.from(async () => assert.ok(await service.extendSession(token, suite.units(20))))
      await time.before(20, async () => assert.ok(await service.getSession(token, { touch: false })))
      await time.after(22, async () => assert.equal(await service.getSession(token), null))
    })

    suite.it(
      "a shorter timeout lets it end sooner, with the slack of the new timeout",
      { ...timing, idleTimeout: suite.units(100) },
      async ({ service, time }) => {
        const { token } = await service.createSession({ userId: "ada" })
        await time.from(async () => assert.ok(await service.extendSession(token, suite.units(10))))
        await time.before(10, async () => assert.ok(await service.getSession(token, { touch: false })))
        await time.after(11, async () => assert.equal(await service.getSession(token), null))
      },
    )

    suite.it("a session with a shorter timeout lives on while it is used", { ...timing, idleTimeout: suite.units(100) }, async ({ service, time }) => {
      const { token } = await service.createSession({ userId: "ada" })
      await time.from(async () => assert.ok(await service.extendSession(token, suite.units(10))))
      for (let round = 0; round < 2; round += 1) await time.before(8, () => time.from(async () => assert.ok(await service.getSession(token))))
    })

    suite.it("refuses a timeout outside 10 ms to 1000 d, and text without a unit", {}, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada" })
      const bad = [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "10", "9ms", "1001d", "soon", "", null, true, {}, []]
      for (const idleTimeout of bad as never[]) await refuses("ERR_INVALID_ARGUMENT", () => service.extendSession(token, idleTimeout))
      await assertUnchanged(service, token, session)
    })
  })
}
