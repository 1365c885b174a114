import assert from "node:assert/strict"
import type { CleanupReport } from "../../../domain/interfaces/session/ISessionService.js"
import type { ServiceUnderTest } from "../conformance-setup.js"
import { assertUnchanged, failingListeners, listAll, refuses } from "../expectations.js"
import type { Suite } from "../suite.js"

/** As fast as it goes, since a server may hold others' keys too. */
const AT_ONCE = { maxPerSecond: 10_000_000 } as const
const COUNTS = ["scanned", "live", "idle", "orphaned", "pruned"] as const
const AGES = ["day", "hour", "month", "older", "week"]

export function cleanupPromises(suite: Suite): void {
  suite.group("cleanupExpiredSessions", () => {
    report(suite)
    overTime(suite)
    steps(suite)
  })
}

function assertReport(found: CleanupReport): void {
  for (const name of COUNTS) assert.ok(Number.isInteger(found[name]) && found[name] >= 0, name)
  assert.deepEqual(Object.keys(found.idleAges).sort(), AGES)
  const byAge = Object.values(found.idleAges).reduce((sum, count) => sum + count, 0)
  assert.equal(byAge, found.live, "the ages add up to the live sessions")
  assert.ok(found.idle <= found.live)
  assert.ok(found.scanned >= found.live)
}

async function fill(service: ServiceUnderTest, users: number): Promise<void> {
  await Promise.all(Array.from({ length: users }, (_, n) => service.createSession({ userId: `user-${n}` })))
}

function report(suite: Suite): void {
  suite.it("counts the sessions that live, whoever has them, and harms none", {}, async ({ service }) => {
    const made = [
      await service.createSession({ userId: "ada" }),
      await service.createSession({ userId: "ada" }),
      await service.createSession({ userId: "bob", impersonatorId: "root" }),
      await service.createSession({ pendingUserId: "ada" }),
      await service.createSession({}),
    ]
    const found = await service.cleanupExpiredSessions(AT_ONCE)
    assertReport(found)
    assert.equal(found.cursor, undefined)
    assert.deepEqual({ live: found.live, idle: found.idle, orphaned: found.orphaned, pruned: found.pruned }, { live: 5, idle: 0, orphaned: 0, pruned: 0 })
    assert.deepEqual(found.idleAges, { hour: 5, day: 0, week: 0, month: 0, older: 0 })
    for (const { token, session } of made) await assertUnchanged(service, token, session)
  })

  suite.it("reports nothing for an empty store", {}, async ({ service }) => {
    const found = await service.cleanupExpiredSessions(AT_ONCE)
    assertReport(found)
    assert.equal(found.live, 0)
  })

  suite.it("does not count what was deleted", {}, async ({ service }) => {
    const kept = await service.createSession({ userId: "ada" })
    for (let n = 0; n < 3; n += 1) await service.deleteSession((await service.createSession({ userId: "ada" })).token)
    const found = await service.cleanupExpiredSessions(AT_ONCE)
    assert.equal(found.live, 1)
    assert.equal(found.orphaned, 0)
    await assertUnchanged(service, kept.token, kept.session)
  })

  suite.it("makes no event", {}, async ({ service, events }) => {
    await fill(service, 3)
    events.length = 0
    await service.cleanupExpiredSessions(AT_ONCE)
    assert.deepEqual(events, [])
  })

  suite.it("refuses a cursor that is not its own", {}, async ({ service }) => {
    await service.createSession({ userId: "ada" })
    await service.createSession({ userId: "ada" })
    const { cursor } = await service.getUserSessions("ada", { limit: 1 })
    for (const foreign of [cursor, "", "x", 7] as never[]) {
      assert.notEqual(foreign, undefined)
      await refuses("ERR_INVALID_ARGUMENT", () => service.cleanupExpiredSessions({ cursor: foreign }))
    }
  })

  suite.it("refuses a rate that is none, and a listener that is no function", {}, async ({ service }) => {
    for (const maxPerSecond of [0, -1, 1.5, Number.NaN, "10"] as never[])
      await refuses("ERR_INVALID_ARGUMENT", () => service.cleanupExpiredSessions({ maxPerSecond }))
    for (const onProgress of ["no", {}] as never[]) await refuses("ERR_INVALID_ARGUMENT", () => service.cleanupExpiredSessions({ onProgress }))
  })

  suite.it("refuses a misspelt option, and a signal that is none", {}, async ({ service }) => {
    await refuses("ERR_INVALID_ARGUMENT", () => service.cleanupExpiredSessions({ rate: 10 } as never))
    await refuses("ERR_INVALID_ARGUMENT", () => service.cleanupExpiredSessions({ signal: {} as never }))
  })
}

function overTime(suite: Suite): void {
  const timing = { idleTimeout: suite.units(10), touchInterval: suite.units(10), absoluteTimeout: suite.units(1_000) }

  suite.it("tells idle sessions from used ones: more than half of the idle timeout", timing, async ({ service, time }) => {
    await service.createSession({ userId: "bob", idleTimeout: suite.units(100) })
    const used = await time.from(async () => {
      await service.createSession({ userId: "ada" })
      return await service.createSession({ userId: "ada" })
    })
    await time.before(5, async () => {
      assert.equal((await service.cleanupExpiredSessions(AT_ONCE)).idle, 0)
      assert.ok(await service.getSession(used.token))
    })
    await time.before(8, async () => {
      const found = await service.cleanupExpiredSessions(AT_ONCE)
      assertReport(found)
      assert.equal(found.live, 3)
      assert.equal(found.idle, 1)
    })
  })

  suite.it("does not count what has expired, and leaves the rest", timing, async ({ service, time }) => {
    const lasting = await service.createSession({ userId: "ada", idleTimeout: suite.units(900) })
    await time.from(async () => {
      for (const options of [{ userId: "ada" }, { userId: "bob" }, {}, { pendingUserId: "ada" }])
        await service.createSession({ ...options, idleTimeout: suite.units(10) })
    })
    await time.after(11, async () => {
      const found = await service.cleanupExpiredSessions(AT_ONCE)
      assertReport(found)
      assert.equal(found.live, 1)
      assert.equal(found.cursor, undefined)
    })
    await assertUnchanged(service, lasting.token, lasting.session)
    assert.deepEqual(await listAll(service, "ada"), [lasting.session.sessionId])
  })

  suite.itNeeds("fakeClock", "removes what has expired, once", timing, async ({ service, time }) => {
    await time.from(async () => {
      for (let n = 0; n < 4; n += 1) await service.createSession({ userId: "ada" })
    })
    await time.after(11, async () => assert.ok((await service.cleanupExpiredSessions(AT_ONCE)).pruned >= 4))
    assert.equal((await service.cleanupExpiredSessions(AT_ONCE)).pruned, 0)
  })

  const long = { idleTimeout: "900d", absoluteTimeout: "1000d" } as const
  suite.itNeeds("fakeClock", "sorts live sessions by the time since they were last used", long, async ({ service, advance }) => {
    await service.createSession({ userId: "older" })
    await advance("40d")
    await service.createSession({ userId: "month" })
    await advance("10d")
    await service.createSession({ userId: "week" })
    await advance("3d")
    await service.createSession({ userId: "day" })
    await advance("2h")
    await service.createSession({ userId: "hour" })
    const found = await service.cleanupExpiredSessions(AT_ONCE)
    assertReport(found)
    assert.deepEqual(found.idleAges, { hour: 1, day: 1, week: 1, month: 1, older: 1 })
  })
}

function steps(suite: Suite): void {
  suite.it("reports progress, and the last report is the answer", {}, async ({ service }) => {
    await fill(service, 30)
    const reports: CleanupReport[] = []
    const found = await service.cleanupExpiredSessions({ onProgress: (report) => reports.push(report) })
    assert.ok(reports.length > 0)
    for (const report of reports) assertReport(report)
    for (const name of COUNTS) assert.equal(reports.at(-1)?.[name], found[name], name)
    assert.equal(found.live, 30)
  })

  suite.it("goes on when whoever hears of the progress throws or rejects", {}, async ({ service }) => {
    await fill(service, 3)
    for (const onProgress of failingListeners()) assert.equal((await service.cleanupExpiredSessions({ onProgress })).live, 3)
  })

  suite.it("two at once do no harm", {}, async ({ service }) => {
    await fill(service, 20)
    const reports = await Promise.all([service.cleanupExpiredSessions(AT_ONCE), service.cleanupExpiredSessions(AT_ONCE)])
    for (const found of reports) assert.equal(found.live, 20)
    for (let n = 0; n < 20; n += 1) assert.equal((await listAll(service, `user-${n}`)).length, 1)
  })

  suite.it("stops on its signal after the step under way, answers with a cursor, and goes on from there", {}, async ({ service }) => {
    await fill(service, 40)
    const first = new AbortController()
    // A step is at most a second's worth, so that a stop is never far.
    const stopped = await service.cleanupExpiredSessions({ maxPerSecond: 10, signal: first.signal, onProgress: () => first.abort() })
    assertReport(stopped)
    assert.ok(stopped.cursor !== undefined, "a stopped cleanup answers with a cursor")
    assert.ok(stopped.live < 40)
    let seen = stopped.live
    let cursor: string | undefined = stopped.cursor
    for (let runs = 0; cursor !== undefined && runs < 1_000; runs += 1) {
      const next = new AbortController()
      const report: CleanupReport = await service.cleanupExpiredSessions({ cursor, signal: next.signal, onProgress: () => next.abort() })
      seen += report.live
      cursor = report.cursor
    }
    assert.equal(cursor, undefined, "it comes to an end")
    assert.equal(seen, 40)
  })

  suite.it("a signal that was aborted before is no failure: the answer is a report", {}, async ({ service }) => {
    await fill(service, 5)
    assertReport(await service.cleanupExpiredSessions({ signal: AbortSignal.abort() }))
  })

  suite.it("keeps to the rate", {}, async ({ service }) => {
    await fill(service, 320)
    const startedAt = performance.now()
    const found = await service.cleanupExpiredSessions({ maxPerSecond: 300 })
    const seconds = (performance.now() - startedAt) / 1_000
    assert.equal(found.live, 320)
    // The first step is free of waiting, and holds 200 entries at most.
    assert.ok(seconds >= 0.5 && found.scanned <= 300 * (seconds + 1), `${found.scanned} entries in ${seconds} s`)
  })
}
