import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { SessionError } from "../../../../../domain/errors.js"
import { limitRule, resolveSettings } from "../../../../../infrastructure/services/session/session-settings.js"
import { UnexpectedValue } from "../../../../../shared/assertions.js"
import { REDIS_CONFIG } from "../../../../../shared/constants.js"

describe("the settings", () => {
  it("are 24 h idle, 30 d at most, touched every 60 s, without a limit, unless asked otherwise", () => {
    expect(REDIS_CONFIG.TTL.SESSION).toBe(86_400)
    expect(resolveSettings({})).toMatchObject({
      timeouts: { idle: 86_400_000, absolute: 2_592_000_000 },
      touchInterval: 60_000,
      limit: null,
      onLimit: "evict-oldest",
      schema: null,
      schemaVersion: 1,
      upgrade: null,
      attributesBytes: 65_536,
      keyPrefix: "",
      onEvent: null,
      logger: null,
    })
  })

  it("take what is asked for, and undefined is not asking", () => {
    const onEvent = (): void => {}
    const asked = resolveSettings({
      idleTimeout: "30m",
      absoluteTimeout: 3600,
      touchInterval: 0,
      maxSessionsPerUser: 5,
      onLimit: "reject",
      schemaVersion: 7,
      keyPrefix: "a:b.c_d-9:",
      onEvent,
    })
    expect(asked).toMatchObject({
      timeouts: { idle: 1_800_000, absolute: 3_600_000 },
      touchInterval: 0,
      limit: { max: 5, onLimit: "reject" },
      schemaVersion: 7,
      keyPrefix: "a:b.c_d-9:",
      onEvent,
    })
    expect(
      resolveSettings({ idleTimeout: undefined, maxSessionsPerUser: undefined, secrets: undefined, schema: undefined, keyPrefix: undefined }),
    ).toMatchObject({ keyPrefix: "", limit: null })
  })

  it.each([
    ["idleTimeout", [0, -1, 0.5, "10", "soon", "9ms", "1001d", Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, null, true]],
    ["absoluteTimeout", [0, "9ms", "1001d", "30", null]],
    ["touchInterval", [-1, "2d", 1.5, "x", null]],
    ["maxSessionsPerUser", [0, -1, 1.5, 100_001, "5", "none", Number.POSITIVE_INFINITY, null]],
    ["onLimit", ["evict", "", 1, null]],
    ["schema", [{}, 5, "x", [], () => 1, { "~standard": {} }, { "~standard": { validate: 1 } }]],
    ["schemaVersion", [0, -1, 1.5, 65_536, "1", null]],
    ["upgrade", [5, "x", {}, null]],
    ["secrets", [[], ["short"], "x".repeat(40), ["sha256"], null]],
    ["keyPrefix", ["{", "}", "a{b}", "*", "?", "[", "a b", "ä", "\n", "a\u0000", "x".repeat(65), 5]],
    ["onEvent", [5, "x", {}, null]],
    ["logger", [5, "x", {}, { warn: 5 }, null, () => {}]],
  ] as const)("refuse a bad %s", (name, values) => {
    for (const value of values) {
      if (name !== "keyPrefix" && name !== "schema" && value === null && !["upgrade", "onEvent", "logger"].includes(name)) continue
      let refusal: unknown
      try {
        resolveSettings({ [name]: value } as never)
      } catch (error) {
        refusal = error
      }
      expect(SessionError.is(refusal, "ERR_CONFIG_INVALID"), `${name}: ${inspect(value)}`).toBe(true)
    }
  })

  it("a limit is a number of 1 to 100 000, or none", () => {
    expect(limitRule(1, "reject")).toEqual({ max: 1, onLimit: "reject" })
    expect(limitRule(100_000, "evict-oldest")).toEqual({ max: 100_000, onLimit: "evict-oldest" })
    expect(limitRule("unlimited", "reject")).toBeNull()
    expect(() => limitRule(0, "reject")).toThrow(UnexpectedValue)
  })
})
