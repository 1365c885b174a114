import { describe, expect, it } from "vitest"
import { checkRules } from "../../../../domain/rate-limit/rules.js"
import { createRateLimitingService } from "../../../../exports/rate-limit.js"

const rule = { limit: 1, window: "1m" } as const

describe("a table of rules", () => {
  it.each([
    ["gcra", { limit: 100, window: "1m", burst: 20 }, { capacity: 20, period: 600_000 }],
    ["gcra, rounded so that it is never more", { limit: 7, window: 1 }, { capacity: 7, period: 142_858 }],
    ["gcra, of the longest window, whatever the limit", { limit: 7, window: "365d" }, { capacity: 7, period: 4_505_142_857_143 }],
    ["sliding-log", { algorithm: "sliding-log", limit: 5, window: "15m" }, { capacity: 5, period: 900_000_000 }],
    ["sliding-counter", { algorithm: "sliding-counter", limit: 5, window: "500ms" }, { capacity: 5, period: 500_000 }],
    ["fixed-window", { algorithm: "fixed-window", limit: 1_000_000, window: "365d" }, { capacity: 1_000_000, period: 31_536_000_000_000 }],
    ["concurrency", { algorithm: "concurrency", limit: 2, lease: "5m" }, { capacity: 2, period: 300_000_000 }],
  ])("reads %s", (_name, given, limit) => {
    expect(checkRules({ api: given }).get("api")).toMatchObject({ name: "api", limit, onOutage: "closed", shadow: false })
  })

  it.each(["constructor", "toString", "hasOwnProperty", "", "1st", "a b", "a:b", "a{b}", "é", "x".repeat(65)])("has no rule of the name %j", (name) => {
    expect(() => checkRules({ [name]: rule })).toThrow("the name of a rule")
  })

  it("has no rule of the name __proto__", () => {
    expect(() => checkRules(JSON.parse('{"__proto__":{"limit":1,"window":60}}'))).toThrow("the name of a rule")
  })

  it.each([
    ["no rule", null],
    ["text", "100/m"],
    ["no limit", { window: "1m" }],
    ["no window", { limit: 1 }],
    ["a limit of 0", { ...rule, limit: 0 }],
    ["a limit of -1", { ...rule, limit: -1 }],
    ["half a unit", { ...rule, limit: 0.5 }],
    ["a limit of NaN", { ...rule, limit: Number.NaN }],
    ["too many units", { ...rule, limit: 1_000_001 }],
    ["a log of too many units", { ...rule, algorithm: "sliding-log", limit: 1_001 }],
    ["a window without a unit", { ...rule, window: "60" }],
    ["a window of 99 ms", { ...rule, window: "99ms" }],
    ["a window of 366 d", { ...rule, window: "366d" }],
    ["a burst of 0", { ...rule, burst: 0 }],
    ["a burst that takes centuries to come back", { limit: 1, window: "1d", burst: 1_000 }],
    ["a burst of a log", { ...rule, algorithm: "sliding-log", burst: 1 }],
    ["a lease of what counts", { ...rule, lease: "1m" }],
    ["a window of leases", { algorithm: "concurrency", limit: 1, lease: "1m", window: "1m" }],
    ["leases without a length", { algorithm: "concurrency", limit: 1 }],
    ["an algorithm that does not exist", { ...rule, algorithm: "leaky" }],
    ["a name of every object as the algorithm", { ...rule, algorithm: "constructor" }],
    ["a policy that does not exist", { ...rule, onOutage: "allow" }],
    ["shadow in words", { ...rule, shadow: "yes" }],
    ["a misspelt option", { ...rule, windw: "1m" }],
  ])("refuses %s", async (_name, given) => {
    await expect(createRateLimitingService({ store: "memory:", rules: { api: given } as never })).rejects.toMatchObject({ code: "ERR_CONFIG_INVALID" })
  })

  it.each([
    ["no rules", { rules: undefined }],
    ["a list of rules", { rules: [rule] }],
    ["a store that does not exist", { store: "mem:" }],
    ["an IPv6 network that is too wide", { ipv6Bits: 16 }],
    ["a prefix with braces", { keyPrefix: "{a}" }],
    ["a clock for Redis", { store: "redis://127.0.0.1:1", clock: { now: () => 0 } }],
    ["a listener that is none", { onEvent: {} }],
    ["a misspelt option", { timeOut: "1s" }],
  ])("options with %s are refused, before anything is opened", async (_name, given) => {
    const options = { store: "memory:", rules: { api: rule }, ...given } as never
    await expect(createRateLimitingService(options)).rejects.toMatchObject({ code: "ERR_CONFIG_INVALID" })
  })
})
