import { describe, expect, it } from "vitest"
import { cookieRule, koaRule } from "../../../drop-in/merge-rules.js"

const never = (): boolean => false

describe("the rule of sessions with a cookie", () => {
  const rule = cookieRule((field) => field === "lastSeen")

  it("takes no notice of when the cookie expires, but of all else about it", () => {
    const cookie = { originalMaxAge: 60_000, expires: "2026-01-01T00:00:00.000Z", httpOnly: true, path: "/" }
    expect(rule.same("cookie", cookie, { ...cookie, expires: "2027-01-01T00:00:00.000Z", originalExpires: "2026-01-01T00:00:00.000Z" })).toBe(true)
    expect(rule.same("cookie", cookie, { path: "/", httpOnly: true, originalMaxAge: 60_000 })).toBe(true)
    expect(rule.same("cookie", cookie, { ...cookie, originalMaxAge: 1 })).toBe(false)
    expect(rule.same("cookie", cookie, undefined)).toBe(false)
  })

  it("compares other fields as JSON", () => {
    expect(rule.same("cart", { a: [1] }, { a: [1] })).toBe(true)
    expect(rule.same("cart", { a: [1] }, { a: [2] })).toBe(false)
    expect(rule.same("cart", null, undefined)).toBe(false)
    expect(rule.same("expires", 1, 2)).toBe(false)
  })

  it("lets the last one win for the cookie, and where the application says so", () => {
    expect(["cookie", "lastSeen", "role"].map(rule.lastWins)).toEqual([true, true, false])
  })
})

it("koa-session's own fields are settings of the cookie, and its expiry is no change", () => {
  const rule = koaRule(never)
  expect(rule.same("_expire", 1, 2)).toBe(true)
  expect(rule.same("_maxAge", 1, 2)).toBe(false)
  expect(["_expire", "_maxAge", "_session", "role"].map(rule.lastWins)).toEqual([false, true, true, false])
})
