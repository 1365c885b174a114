import { randomUUID } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { LimitedLogins } from "../../application/login-protection.js"
import type { LoginProtectionOptions } from "../../config/create-login-protection.js"
import { SessionError } from "../../domain/errors.js"
import type { RateLimitEvent } from "../../domain/interfaces/ports.js"
import { canonicalAccount } from "../../domain/rate-limit/accounts.js"
import { createLoginProtection } from "../../exports/rate-limit.js"
import { createFakeClock } from "../../exports/testing.js"
import { createDeviceTokens } from "../../infrastructure/services/rate-limit/device-tokens.js"
import { MemoryRateLimits } from "../../infrastructure/services/rate-limit/MemoryRateLimits.js"
import { RateLimitFront } from "../../infrastructure/services/rate-limit/RateLimitFront.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"

const SECRET = "cG9sJ3pQmz8wTj5vR1yKqL0nXe7dHb4a"
const ADA = { account: "ada@example.org", address: "192.0.2.1" }
const wrong = async () => null
const right = async () => ({ id: "ada" })

async function open(options: Partial<LoginProtectionOptions> = {}) {
  const clock = createFakeClock()
  const events: RateLimitEvent[] = []
  const logins = await createLoginProtection({ store: "memory:", clock, onEvent: (event) => events.push(event), ...options })
  onTestFinished(() => logins.close())
  const fail = async (times: number, who: { account?: string; address?: string; deviceToken?: string } = {}) => {
    const outcomes = []
    for (let time = 0; time < times; time += 1) outcomes.push(await logins.attempt({ ...ADA, ...who }, wrong))
    return outcomes
  }
  return { logins, clock, events, fail }
}

describe("a sign-in", () => {
  it("runs its verification and says whom it found", async () => {
    const { logins } = await open()
    expect(await logins.attempt(ADA, right)).toEqual({ allowed: true, user: { id: "ada" } })
    expect(await logins.attempt(ADA, wrong)).toEqual({ allowed: true, user: null })
  })

  it.each([false, 0, "", undefined])("has failed when its verification answers %j: it counts, finds nobody, and gives the browser no token", async (nobody) => {
    const { logins } = await open({ secrets: [SECRET] })
    const verify = vi.fn(async () => nobody)
    for (let time = 0; time < 5; time += 1) expect(await logins.attempt(ADA, verify)).toEqual({ allowed: true, user: null })
    expect(await logins.attempt(ADA, verify)).toMatchObject({ allowed: false })
    expect(verify).toHaveBeenCalledTimes(5)
  })

  it("is not verified once too many failed for its account from its address, and for its account from anywhere", async () => {
    const { logins, fail, clock } = await open()
    expect((await fail(5)).every(({ allowed }) => allowed)).toBe(true)
    const verify = vi.fn(right)
    expect(await logins.attempt(ADA, verify)).toMatchObject({ allowed: false })
    for (let from = 2; from <= 6; from += 1) await fail(1, { address: `192.0.2.${from}` })
    expect(await logins.attempt({ ...ADA, address: "192.0.2.99" }, verify)).toMatchObject({ allowed: false })
    expect(verify).not.toHaveBeenCalled()
    expect(await logins.attempt({ ...ADA, account: "bob" }, verify)).toMatchObject({ allowed: true })
    clock.advance("16m")
    expect(await logins.attempt(ADA, verify)).toMatchObject({ allowed: true, user: { id: "ada" } })
  })

  it("is not verified once too many failed from its address, whatever their accounts", async () => {
    const { logins, fail } = await open()
    for (let account = 0; account < 50; account += 1) await fail(1, { account: `user${account}`, address: "2001:db8::1" })
    expect(await logins.attempt({ account: "ada", address: "2001:db8::ffff" }, right)).toMatchObject({ allowed: false, reason: "limit" })
    expect(await logins.attempt({ account: "ada", address: "2001:db8:0:1::1" }, right)).toMatchObject({ allowed: true })
  })

  it("is counted before it is verified: a thousand at once are no more than the limit", async () => {
    const { logins } = await open()
    const verify = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return null
    })
    const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => logins.attempt(ADA, verify)))
    expect(verify).toHaveBeenCalledTimes(5)
    expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(5)
  })

  it("gives back its own unit when it succeeds, and nobody else's", async () => {
    const { logins, fail } = await open()
    await fail(4)
    for (let times = 0; times < 10; times += 1) expect(await logins.attempt(ADA, right)).toMatchObject({ allowed: true, user: { id: "ada" } })
    expect((await fail(2)).map(({ allowed }) => allowed)).toEqual([true, false])
  })

  it("stays counted when its verification throws", async () => {
    const { logins, fail } = await open()
    const broken = new Error("the database is away")
    for (let times = 0; times < 5; times += 1) await expect(logins.attempt(ADA, () => Promise.reject(broken))).rejects.toBe(broken)
    // Blocked, and for longer the next time, as where the password was wrong.
    expect((await fail(1))[0]).toMatchObject({ allowed: false, reason: "blocked" })
  })

  it("tells nobody whether an account exists", async () => {
    const { logins } = await open()
    const outcomesOf = async (account: string) => {
      const outcomes = []
      for (let times = 0; times < 12; times += 1) outcomes.push(await logins.attempt({ account, address: `192.0.2.${times}` }, wrong))
      return outcomes
    }
    expect(await outcomesOf("exists")).toEqual(await outcomesOf("nobody"))
  })
})

describe("an account that is tried again and again", () => {
  it("has to wait longer each time its tries are used up, up to an hour", async () => {
    const rule = { algorithm: "sliding-log", limit: 3, window: "1s" } as const
    const { fail, clock } = await open({ perAccount: rule, perPair: { limit: 1_000, window: "1s" }, perAddress: { limit: 1_000, window: "1s" } })
    const waits = []
    for (let times = 0; times < 10; times += 1) {
      const outcomes = await fail(4)
      expect(outcomes.map(({ allowed }) => allowed)).toEqual([true, true, true, false])
      const denied = outcomes[3]
      if (denied === undefined || denied.allowed) throw new Error("Expected a denial")
      expect(denied.reason).toBe("blocked")
      waits.push(denied.retryAfter)
      clock.advance(denied.retryAfter - 1)
      expect((await fail(1))[0]?.allowed).toBe(false)
      clock.advance(1)
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600])
  })

  it("is the same account however it is spelt", async () => {
    const { logins, fail } = await open()
    for (const account of ["ADA@EXAMPLE.ORG", " ada@example.org\t", "ａｄａ@example.org", "Ada@Example.Org", "ada@example.org"]) await fail(1, { account })
    expect(await logins.attempt(ADA, right)).toMatchObject({ allowed: false })
  })
})

describe("the one spelling of an account", () => {
  it("is its own, and that of each of its spellings", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
        fc.pre(text.isWellFormed() && text.normalize("NFKC").trim() !== "")
        const account = canonicalAccount(text)
        expect(canonicalAccount(account)).toBe(account)
        expect(canonicalAccount(`  ${text}\n`)).toBe(account)
      }),
    )
  })
})

describe("a browser that signed in before", () => {
  it("has a count of its own, so that strangers lock nobody out", async () => {
    const { logins, fail } = await open({ secrets: [SECRET] })
    const first = await logins.attempt(ADA, right)
    const { deviceToken = "" } = first.allowed ? first : {}
    expect(deviceToken).toMatch(/^[\w-]{22}\.\d{1,6}\.[\w-]{22}$/)
    for (let from = 10; from < 20; from += 1) await fail(1, { address: `192.0.2.${from}` })
    expect(await logins.attempt({ ...ADA, address: "192.0.2.2" }, right)).toMatchObject({ allowed: false })
    expect(await logins.attempt({ ...ADA, address: "192.0.2.3", deviceToken }, right)).toEqual({ allowed: true, user: { id: "ada" } })
    expect((await fail(11, { address: "192.0.2.3", deviceToken })).map(({ allowed }) => allowed)).toEqual([...Array(10).fill(true), false])
  })

  it("shares the count of its address with all who come from there", async () => {
    const { logins, fail } = await open({ secrets: [SECRET] })
    const first = await logins.attempt(ADA, right)
    const { deviceToken } = first.allowed ? first : {}
    for (let account = 0; account < 50; account += 1) await fail(1, { account: `user${account}` })
    expect(await logins.attempt({ ...ADA, deviceToken }, right)).toMatchObject({ allowed: false })
    expect(await logins.attempt({ ...ADA, address: "192.0.2.2", deviceToken }, right)).toMatchObject({ allowed: true })
  })

  it("has none with a token of another account, a made-up one, or none at all", async () => {
    const { logins, fail } = await open({ secrets: [SECRET] })
    const bobs = await logins.attempt({ ...ADA, account: "bob" }, right)
    const forged = createDeviceTokens(["another secret that is long enough, 1"], Date).issue(ADA.account)
    const { deviceToken = "" } = bobs.allowed ? bobs : {}
    await fail(5)
    for (const token of [deviceToken, forged, "", `${deviceToken}x`, deviceToken.replace(/.$/, ""), 1, null, undefined] as never[])
      expect(await logins.attempt({ ...ADA, deviceToken: token }, right)).toMatchObject({ allowed: false })
  })

  it("is known for 90 days, and by no other day than that of its issue", () => {
    const clock = createFakeClock()
    const tokens = createDeviceTokens([SECRET], clock)
    const token = tokens.issue("ada") ?? ""
    const [device = "", day = "", mark = ""] = token.split(".")
    for (const other of [-1, 1]) expect(tokens.deviceOf([device, Number(day) + other, mark].join("."), "ada")).toBeNull()
    clock.advance("89d")
    expect(tokens.deviceOf(token, "ada")).toBe(device)
    clock.advance("2d")
    expect(tokens.deviceOf(token, "ada")).toBeNull()
  })

  it("keeps its token after its secret was replaced, as long as it is listed", async () => {
    const newer = "m4VbQ2xW9tRfLhZc7NsYgUoKa1EiJ8dP"
    const token = createDeviceTokens([SECRET], Date).issue("ada") ?? ""
    expect(createDeviceTokens([newer, SECRET], Date).deviceOf(token, "ada")).toBe(token.slice(0, 22))
    expect(createDeviceTokens([newer], Date).deviceOf(token, "ada")).toBeNull()
    expect(createDeviceTokens(undefined, Date).deviceOf(token, "ada")).toBeNull()
  })
})

it("too many tries of everybody are told, and deny nobody", async () => {
  const { logins, events } = await open({ global: { algorithm: "fixed-window", limit: 3, window: "1h" } })
  for (let account = 0; account < 6; account += 1)
    expect(await logins.attempt({ account: `user${account}`, address: `192.0.2.${account}` }, wrong)).toMatchObject({ allowed: true })
  const alarming = events.filter(({ type }) => type !== "allowed")
  expect(alarming).toEqual(Array(3).fill({ type: "shadow-denied", rule: "login-everybody", judgedBy: "store" }))
})

it("while the store is away tries are counted in the process, as far as their rules do not say otherwise", async () => {
  const away = () => Promise.reject(new SessionError("ERR_STORE_UNAVAILABLE", "Expected a connection, got none."))
  const store = new Proxy(new MemoryRateLimits(Date), { get: (_target, name) => (name === "takeAtOnce" ? () => null : away) })
  const rule = { algorithm: "sliding-log", limit: 3, window: "1h", onOutage: "local" } as const
  const rules = {
    "login-account": rule,
    "login-pair": rule,
    "login-address": rule,
    "login-device": rule,
    "login-used-up": rule,
    "login-everybody": { ...rule, shadow: true },
  } as const
  const logins = new LimitedLogins(new RateLimitFront(store, { rules }), createDeviceTokens(undefined, Date), 64)
  expect(await logins.attempt(ADA, right)).toMatchObject({ allowed: true, user: { id: "ada" } })
  const allowed = []
  for (let times = 0; times < 5; times += 1) allowed.push((await logins.attempt(ADA, wrong)).allowed)
  expect(allowed).toEqual([true, true, true, false, false])
})

describe.each(SERVER_KINDS)("on %s", (kind) => {
  it("several services protect an account together", async () => {
    const keyPrefix = `logins:${randomUUID()}:`
    const services = await Promise.all([1, 2, 3].map(() => createLoginProtection({ store: sharedServer(kind).url, keyPrefix, secrets: [SECRET] })))
    onTestFinished(async () => {
      for (const service of services) await service.close()
    })
    const [first, ...others] = services
    const before = await first?.attempt(ADA, right)
    const deviceToken = before?.allowed ? before.deviceToken : undefined
    const verify = vi.fn(wrong)
    await Promise.all(services.flatMap((one) => Array.from({ length: 20 }, () => one.attempt(ADA, verify))))
    expect(verify).toHaveBeenCalledTimes(5)
    for (const one of others) expect(await one.attempt(ADA, right)).toMatchObject({ allowed: false })
    expect(await others[0]?.attempt({ ...ADA, deviceToken }, right)).toMatchObject({ allowed: true, user: { id: "ada" } })
  })
})

describe("bad input", () => {
  it("is refused before anything is counted or verified", async () => {
    const { logins, fail } = await open()
    const verify = vi.fn(right)
    const accounts = [undefined, null, 1, "", "  ", "\u00a0", "\ud800", "x".repeat(321), "é".repeat(161), "ﬃ".repeat(200)]
    const cases = [
      ...accounts.map((account) => ({ ...ADA, account })),
      { ...ADA, address: 1 },
      { ...ADA, address: null },
      { ...ADA, adress: "::1" },
      null,
      "ada",
    ]
    for (const who of cases as never[]) await expect(logins.attempt(who, verify)).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
    expect(verify).not.toHaveBeenCalled()
    expect((await fail(5)).every(({ allowed }) => allowed)).toBe(true)
  })

  it("in options is refused before anything is opened", async () => {
    const options = [
      { perAccount: { algorithm: "concurrency", limit: 1, lease: "1m" } },
      { perPair: null },
      { global: { limit: 0, window: "1m" } },
      { secrets: ["short"] },
      { secrets: [SECRET, "sha256"] },
      { rules: {} },
      { perUser: {} },
    ]
    for (const given of options as never[])
      await expect(createLoginProtection({ store: "memory:", ...(given as object) })).rejects.toMatchObject({ code: "ERR_CONFIG_INVALID" })
  })
})
