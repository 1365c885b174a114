import { describe, expect, it } from "vitest"
import { cookieRule, koaRule } from "../../../drop-in/merge-rules.js"

const never = (): boolean => false

describe("the rule of sessions with a cookie", () => {
  const rule = cookieRule((field) => field === "lastSeen")

  const NOW = Date.now()
  const HOUR = 3_600_000
  /** A cookie of so long an age that was set, or used last, at a time. */
  const session = (age: number | null, at: number, more: object = {}) => ({
    cookie: { originalMaxAge: age, expires: age === null ? null : new Date(at + age).toISOString(), httpOnly: true, path: "/", ...more },
  })

  it("takes no notice of when the cookie expires, but of all else about it", () => {
    const { isChange } = rule.term
    expect(isChange(session(HOUR, NOW), session(HOUR, NOW + 9 * HOUR, { originalExpires: "2026-01-01T00:00:00.000Z" }))).toBe(false)
    expect(isChange(session(HOUR, NOW), { cookie: { path: "/", httpOnly: true, originalMaxAge: HOUR } })).toBe(false)
    expect(isChange(session(HOUR, NOW), session(HOUR, NOW, { path: "/admin" }))).toBe(true)
    expect(isChange(session(HOUR, NOW), session(30 * HOUR, NOW + 1))).toBe(true)
    expect(isChange(session(30 * HOUR, NOW), session(HOUR, NOW + 1))).toBe(true)
    expect(isChange(session(HOUR, NOW), session(null, NOW))).toBe(true)
    expect(isChange(session(HOUR, NOW), {})).toBe(true)
    expect(isChange({}, {})).toBe(false)
  })

  it("sees no change in an age that is told anew in each request of the same end", () => {
    const END = NOW + HOUR
    const told = (at: number, tookMs: number) => session(END - at, at + tookMs)
    expect(rule.term.isChange(told(NOW, 5_000), told(NOW + 9_000, 10))).toBe(false)
    expect(rule.term.isChange(told(NOW, 5), told(NOW + 2 * HOUR, 10))).toBe(false)
  })

  it.each([1, 999])("takes ages that differ by the clock's steps for the same, whichever is longer (%i ms)", (ms) => {
    const { isChange, isSet } = rule.term
    const [exact, short] = [session(HOUR, NOW - 600_000), session(HOUR - ms, NOW - 600_000)]
    for (const [base, mine] of [
      [exact, session(HOUR - ms, NOW + ms)],
      [short, session(HOUR, NOW)],
    ] as const) {
      expect(isChange(base, mine)).toBe(false)
      expect(isSet(base, mine, NOW)).toBe(false)
    }
    // An end that is over is one, however short the session was.
    expect(isSet(session(ms, NOW), session(0, NOW), NOW)).toBe(true)
    expect([isChange, isSet].map((differ) => differ(exact, session(HOUR + 1_000, NOW), NOW))).toEqual([true, true])
    expect([isChange, isSet].map((differ) => differ(session(null, NOW), session(ms, NOW), NOW))).toEqual([true, true])
  })

  it("tells an end that the application set from one that the library moved", () => {
    const { isSet } = rule.term
    const base = session(HOUR, NOW - 600_000)
    const ending = (ms: number) => ({ cookie: { ...base.cookie, expires: new Date(ms).toISOString() } })
    expect(isSet(base, base, NOW)).toBe(false)
    expect(isSet(base, session(HOUR, NOW), NOW)).toBe(false)
    expect(isSet(base, session(HOUR, NOW + 5), NOW)).toBe(false)
    expect(isSet(base, ending(NOW + HOUR - 1), NOW)).toBe(true)
    expect(isSet(base, ending(0), NOW)).toBe(true)
    expect(isSet(base, session(2 * HOUR, NOW), NOW)).toBe(true)
    expect(isSet(base, session(null, NOW), NOW)).toBe(true)
    expect(isSet(session(null, NOW), session(null, NOW), NOW)).toBe(false)
    expect(isSet(session(null, NOW), session(null, NOW, { expires: new Date(NOW) }), NOW)).toBe(true)
  })

  it("compares other fields as JSON", () => {
    expect(rule.same("cart", { a: [1] }, { a: [1] })).toBe(true)
    expect(rule.same("cart", { a: [1] }, { a: [2] })).toBe(false)
    expect(rule.same("cart", null, undefined)).toBe(false)
    expect(rule.same("expires", 1, 2)).toBe(false)
  })

  it("lets the last one win where the application says so", () => {
    expect(["lastSeen", "role"].map(rule.lastWins)).toEqual([true, false])
  })
})

it("koa-session's own fields are settings of the cookie, and its expiry is no change", () => {
  const { term } = koaRule(never)
  const [day, month] = [
    { _maxAge: 1, _expire: 5 },
    { _maxAge: 30, _expire: 34 },
  ]
  expect(term.fields).toEqual(["_expire", "_maxAge", "_session"])
  for (const differ of [term.isChange, term.isSet]) {
    expect(differ(day, { ...day, _expire: 6 }, 0)).toBe(false)
    expect(differ(day, month, 0)).toBe(true)
    expect(differ(day, { _session: true }, 0)).toBe(true)
  }
  expect([day, { _session: true }].map(term.endOf)).toEqual([5, Number.POSITIVE_INFINITY])
})
