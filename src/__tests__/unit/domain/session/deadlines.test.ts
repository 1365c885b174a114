import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Deadlines, defaultTimeouts, endsAt, expiresAt, isAlive, needsTouch, slackFor, timeToLive } from "../../../../domain/session/deadlines.js"

const NOW = 1_800_000_000_000
const times = fc.integer({ min: 10, max: 86_400_000_000 })
const records: fc.Arbitrary<Deadlines> = fc
  .record({ idleTimeout: times, touchInterval: fc.integer({ min: 0, max: 86_400_000 }), absolute: times })
  .map(({ idleTimeout, touchInterval, absolute }) => ({
    lastAccessedAt: NOW,
    idleTimeout,
    slack: slackFor(touchInterval, idleTimeout),
    absoluteDeadline: NOW + absolute,
  }))

describe("the defaults", () => {
  const service = { idle: 86_400_000, absolute: 2_592_000_000 }

  it("are the service's for users, and shorter for guests and pending sessions", () => {
    expect(defaultTimeouts(service, "user")).toEqual(service)
    expect(defaultTimeouts(service, "guest")).toEqual({ idle: 7_200_000, absolute: 86_400_000 })
    expect(defaultTimeouts(service, "pending")).toEqual({ idle: 300_000, absolute: 600_000 })
  })

  it("are never longer than the service's", () => {
    for (const standing of ["user", "guest", "pending"] as const)
      expect(defaultTimeouts({ idle: 1_000, absolute: 2_000 }, standing)).toEqual({ idle: 1_000, absolute: 2_000 })
  })
})

describe("the slack", () => {
  it("is the touch interval, but at most a tenth of the idle timeout, in whole milliseconds", () => {
    expect(slackFor(60_000, 86_400_000)).toBe(60_000)
    expect(slackFor(60_000, 300_000)).toBe(30_000)
    expect(slackFor(60_000, 19)).toBe(1)
    expect(slackFor(0, 86_400_000)).toBe(0)
  })
})

describe("a session", () => {
  it("never ends before its idle timeout, and at most the slack later", () => {
    fc.assert(
      fc.property(records, (record) => {
        const end = endsAt(record)
        if (record.absoluteDeadline - NOW > record.idleTimeout + record.slack) expect(end).toBe(NOW + record.idleTimeout + record.slack)
        expect(end).toBeLessThanOrEqual(NOW + record.idleTimeout + record.slack)
      }),
    )
  })

  it("never lives to its absolute deadline, however often it is used", () => {
    fc.assert(
      fc.property(records, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }), (record, uses) => {
        let current = record
        for (const use of uses) {
          const now = current.lastAccessedAt + Math.floor(use * (endsAt(current) - current.lastAccessedAt))
          if (timeToLive(current, now) > 0) current = { ...current, lastAccessedAt: now }
        }
        expect(endsAt(current)).toBeLessThan(current.absoluteDeadline)
        expect(isAlive(current, current.absoluteDeadline)).toBe(false)
      }),
    )
  })

  it("is alive to its last millisecond, that one included", () => {
    const record = { lastAccessedAt: NOW, idleTimeout: 1_000, slack: 100, absoluteDeadline: NOW + 10_000 }
    expect(endsAt(record)).toBe(NOW + 1_100)
    expect([NOW, NOW + 1_100, NOW + 1_101].map((now) => isAlive(record, now))).toEqual([true, true, false])
    expect(isAlive({ ...record, absoluteDeadline: NOW + 500 }, NOW + 499)).toBe(true)
    expect(isAlive({ ...record, absoluteDeadline: NOW + 500 }, NOW + 500)).toBe(false)
  })

  it("shows the earlier of its deadlines, without slack", () => {
    const record = { lastAccessedAt: NOW, idleTimeout: 1_000, slack: 100, absoluteDeadline: NOW + 10_000 }
    expect(expiresAt(record)).toBe(NOW + 1_000)
    expect(expiresAt({ ...record, absoluteDeadline: NOW + 999 })).toBe(NOW + 999)
    expect(expiresAt({ ...record, lastAccessedAt: NOW + 500 })).toBe(NOW + 1_500)
  })

  it("is over when nothing is left to live", () => {
    expect(timeToLive({ idleTimeout: 1_000, slack: 0, absoluteDeadline: NOW + 1 }, NOW)).toBe(0)
    expect(timeToLive({ idleTimeout: 1_000, slack: 0, absoluteDeadline: NOW }, NOW)).toBe(-1)
  })
})

describe("a touch", () => {
  const record = { lastAccessedAt: NOW, idleTimeout: 100_000, slack: 10_000, absoluteDeadline: NOW + 1_000_000 }

  it("is due after the shorter of own interval and stored slack", () => {
    expect([9_999, 10_000].map((age) => needsTouch(record, 60_000, NOW + age))).toEqual([false, true])
    expect([999, 1_000].map((age) => needsTouch(record, 1_000, NOW + age))).toEqual([false, true])
    expect(needsTouch(record, 0, NOW)).toBe(true)
  })

  it("in time keeps a session that is used at least once in its idle timeout", () => {
    fc.assert(
      fc.property(records, fc.integer({ min: 0, max: 86_400_000 }), (one, interval) => {
        // The last use that was not written down came just before a touch was due; from there the idle timeout must still fit.
        const unwritten = Math.max(0, Math.min(interval, one.slack) - 1)
        const end = Math.min(one.lastAccessedAt + one.idleTimeout + one.slack, one.absoluteDeadline - 1)
        expect(end).toBeGreaterThanOrEqual(Math.min(one.lastAccessedAt + unwritten + one.idleTimeout, one.absoluteDeadline - 1))
        expect(needsTouch(one, interval, one.lastAccessedAt + unwritten)).toBe(Math.min(interval, one.slack) === 0)
      }),
    )
  })
})
