import { describe, expect, it } from "vitest"
import { type Answer, testService } from "./support/test-service.js"

const rules = {
  api: { limit: 100, window: "1h", burst: 3 },
  codes: { algorithm: "sliding-log", limit: 2, window: "15m" },
  tried: { algorithm: "fixed-window", limit: 1, window: "1d", shadow: true, onOutage: "open" },
  exports: { algorithm: "concurrency", limit: 2, lease: "5m", onOutage: "local" },
} as const
const ada = { userId: "ada" }

async function service() {
  const made = await testService({ rules })
  const ask = (rule: string, verb: string, json: unknown): Promise<Answer> => made.call("POST", `/v1/rate-limits/${rule}/${verb}`, { json })
  const taken = async (subject: unknown = ada, rule = "api") => (await ask(rule, "status", { subject })).body.totalRequests
  return { ...made, ask, taken }
}

describe("rules", () => {
  it("are listed with their policies in the words of the draft", async () => {
    const { call } = await service()
    const answer = await call("GET", "/v1/rate-limits")
    const common = { burst: null, onOutage: "closed", shadow: false }
    expect([answer.status, answer.body.rules]).toEqual([
      200,
      [
        { ...common, rule: "api", policy: '"api";q=100;w=3600', q: 100, qu: "requests", w: 3600, burst: 3, algorithm: "gcra" },
        { ...common, rule: "codes", policy: '"codes";q=2;w=900', q: 2, qu: "requests", w: 900, algorithm: "sliding-log" },
        { ...common, rule: "tried", policy: '"tried";q=1;w=86400', q: 1, qu: "requests", w: 86_400, algorithm: "fixed-window", shadow: true, onOutage: "open" },
        {
          ...common,
          rule: "exports",
          policy: '"exports";q=2;qu="concurrent-requests"',
          q: 2,
          qu: "concurrent-requests",
          w: null,
          algorithm: "concurrency",
          onOutage: "local",
        },
      ],
    ])
  })

  it("are none without the setting: an empty list, and 404 that names it", async () => {
    const { call } = await testService()
    expect((await call("GET", "/v1/rate-limits")).body).toEqual({ rules: [] })
    for (const verb of ["check", "status", "reward", "penalize", "block", "reset"]) {
      const answer = await call("POST", `/v1/rate-limits/api/${verb}`, { json: { subject: ada, ...(verb === "block" && { duration: "1h" }) } })
      expect([verb, answer]).toMatchObject([
        verb,
        { status: 404, body: { code: "ERR_RULE_NOT_FOUND", detail: expect.stringContaining("COATCHECK_RATE_LIMITS") } },
      ])
    }
    const answer = await call("POST", "/v1/rate-limits/check", { json: { checks: [{ rule: "api", subject: ada }] } })
    expect(answer).toMatchObject({ status: 404, body: { detail: expect.stringContaining("COATCHECK_RATE_LIMITS") } })
  })

  it.each(["constructor", "__proto__", "toString", "hasOwnProperty", "API", "api%20", "%61pi%00", "a".repeat(600), "*", ":rule", "{rule}"])(
    "%s is none of them: 404",
    async (name) => {
      const { ask, call } = await service()
      expect(await ask(name, "check", { subject: ada })).toMatchObject({ status: 404, body: { code: "ERR_RULE_NOT_FOUND" } })
      const several = await call("POST", "/v1/rate-limits/check", { json: { checks: [{ rule: name, subject: ada }] } })
      expect(several).toMatchObject({ status: 404, body: { code: "ERR_RULE_NOT_FOUND" } })
    },
  )

  it("of leases count nothing: 400, but can be looked at, blocked and reset", async () => {
    const { ask, limits } = await service()
    for (const verb of ["check", "reward", "penalize"]) {
      const answer = await ask("exports", verb, { subject: ada })
      expect([verb, answer]).toMatchObject([verb, { status: 400, body: { code: "ERR_INVALID_ARGUMENT", detail: expect.stringContaining("leases") } }])
    }
    await limits.acquireLease(ada, "exports")
    const seen = await ask("exports", "status", { subject: ada })
    expect([seen.body.allowed, seen.body.totalRequests, seen.headers.get("ratelimit-policy")]).toEqual([true, 1, '"exports";q=2;qu="concurrent-requests"'])
    expect((await ask("exports", "block", { subject: ada, duration: "1h" })).status).toBe(204)
    expect((await ask("exports", "status", { subject: ada })).body).toMatchObject({ allowed: false, reason: "blocked" })
    expect((await ask("exports", "reset", { subject: ada })).status).toBe(204)
    expect((await ask("exports", "status", { subject: ada })).body.totalRequests).toBe(0)
  })
})

describe("a check", () => {
  it("takes what is left, and is then denied, with 200 and the headers of the draft", async () => {
    const { ask } = await service()
    for (const remaining of [1, 0]) {
      const { status, body, headers } = await ask("codes", "check", { subject: ada })
      const { resetAt, resetAfter, ...others } = body
      const counts = { rule: "codes", limit: 2, remaining, totalRequests: 2 - remaining, judgedBy: "store" }
      expect([status, others]).toEqual([200, { ...counts, allowed: true, reason: null, retryAfter: null, shadowDenied: false }])
      expect(new Date(resetAt).getTime() - Date.now()).toBeGreaterThan(890_000)
      expect(resetAfter).toBeGreaterThan(890)
      expect(resetAfter).toBeLessThanOrEqual(900)
      expect(headers.get("ratelimit-policy")).toBe('"codes";q=2;w=900')
      expect(headers.get("ratelimit")).toMatch(new RegExp(`^"codes";r=${remaining};t=(900|89\\d)$`))
      expect(headers.get("retry-after")).toBeNull()
    }
    const denied = await ask("codes", "check", { subject: ada })
    expect([denied.status, denied.body]).toMatchObject([200, { allowed: false, reason: "limit", remaining: 0, totalRequests: 2, shadowDenied: false }])
    expect(denied.body.retryAfter).toBeGreaterThan(890)
    expect(denied.headers.get("retry-after")).toBe(String(denied.body.retryAfter))
    expect(denied.headers.get("ratelimit")).toBe(`"codes";r=0;t=${denied.body.retryAfter}`)
    expect((await ask("codes", "check", { subject: { userId: "bob" } })).body.allowed).toBe(true)
  })

  it("takes several units or none", async () => {
    const { ask, taken } = await service()
    expect((await ask("api", "check", { subject: ada, cost: 2 })).body).toMatchObject({ allowed: true, remaining: 1, limit: 3 })
    expect((await ask("api", "check", { subject: ada, cost: 2 })).body).toMatchObject({ allowed: false, remaining: 1 })
    expect(await taken()).toBe(2)
  })

  it("in shadow mode denies nothing and says what it would have", async () => {
    const { ask } = await service()
    const seen = [await ask("tried", "check", { subject: ada }), await ask("tried", "check", { subject: ada })]
    expect(seen.map(({ body }) => [body.allowed, body.shadowDenied, body.remaining])).toEqual([
      [true, false, 0],
      [true, true, 0],
    ])
  })

  it("knows an address in all its spellings, and tells kinds of subjects apart", async () => {
    const { ask, taken } = await service()
    for (const address of ["192.0.2.7", "::ffff:192.0.2.7", "[::ffff:c000:207]"]) await ask("api", "check", { subject: { address } })
    expect(await taken({ address: "192.0.2.7" })).toBe(3)
    for (const kind of ["userId", "sessionId", "device", "key"]) expect([kind, await taken({ [kind]: "192.0.2.7" })]).toEqual([kind, 0])
    for (const address of [null, "unknown"]) await ask("api", "check", { subject: { address } })
    expect([await taken({ address: null }), await taken({ address: "" })]).toEqual([2, 2])
  })
})

describe("several checks", () => {
  const several = [
    { rule: "api", subject: ada, cost: 2 },
    { rule: "codes", subject: { address: "192.0.2.7" } },
  ]

  it("take all or nothing, and answer for the rule that decided", async () => {
    const { call, taken } = await service()
    const first = await call("POST", "/v1/rate-limits/check", { json: { checks: several } })
    expect([first.status, first.body.allowed]).toEqual([200, true])
    const denied = await call("POST", "/v1/rate-limits/check", { json: { checks: several } })
    expect([denied.status, denied.body]).toMatchObject([200, { allowed: false, rule: "api", reason: "limit" }])
    expect(denied.headers.get("ratelimit-policy")).toBe('"api";q=100;w=3600')
    expect([await taken(), await taken({ address: "192.0.2.7" }, "codes")]).toEqual([2, 1])
  })

  it("are 1 to 16, each as one alone would be", async () => {
    const { call, taken } = await service()
    const one = { rule: "api", subject: ada }
    for (const checks of [
      [],
      Array(17).fill(one),
      [one, { ...one, cost: 3 }],
      [one, { ...one, cost: 0 }],
      [one, { rule: "api" }],
      [one, null],
      [{ ...one, x: 1 }],
      one,
    ]) {
      expect([checks, await call("POST", "/v1/rate-limits/check", { json: { checks } })]).toMatchObject([
        checks,
        { status: 400, body: { code: "ERR_INVALID_ARGUMENT" } },
      ])
    }
    const missing = await call("POST", "/v1/rate-limits/check", { json: { checks: [one, { ...one, rule: "apy" }] } })
    expect(missing).toMatchObject({ status: 404, body: { code: "ERR_RULE_NOT_FOUND" } })
    expect(await taken()).toBe(0)
  })
})

describe("what counts", () => {
  it("is seen without taking any", async () => {
    const { ask } = await service()
    for (let looks = 0; looks < 5; looks++) {
      const { status, body, headers } = await ask("api", "status", { subject: ada })
      expect([status, body.remaining, headers.get("ratelimit")]).toEqual([200, 3, '"api";r=3;t=0'])
    }
  })

  it("is changed by reward, penalty, block and reset", async () => {
    const { ask, taken } = await service()
    const done = async (verb: string, more: object = {}) => {
      const answer = await ask("api", verb, { subject: ada, ...more })
      expect([verb, answer.status, answer.body]).toEqual([verb, 204, undefined])
    }
    await done("penalize", { cost: 3 })
    expect((await ask("api", "check", { subject: ada })).body).toMatchObject({ allowed: false, reason: "limit", remaining: 0 })
    await done("reward")
    expect(await taken()).toBe(2)
    await done("block", { duration: 60 })
    const blocked = await ask("api", "check", { subject: ada })
    expect(blocked.body).toMatchObject({ allowed: false, reason: "blocked", remaining: 0 })
    expect([59, 60]).toContain(blocked.body.retryAfter)
    await done("reset")
    expect((await ask("api", "check", { subject: ada })).body).toMatchObject({ allowed: true, remaining: 2 })
  })
})

describe("bad input", () => {
  const SUBJECTS: readonly unknown[] = [
    undefined,
    null,
    "ada",
    [],
    {},
    { userId: "ada", key: "k" },
    { address: null, userId: "ada" },
    { userId: "" },
    { userId: null },
    { userId: 5 },
    { userId: ["ada"] },
    { userId: "\ud800" },
    { key: "k".repeat(513) },
    { device: "é".repeat(257) },
    { address: 7 },
    { user: "ada" },
    { userId: "ada", user: "bob" },
    { constructor: "ada" },
  ]
  const COSTS = [
    "-1",
    "0",
    "-0",
    "0.5",
    "1e-3",
    "4",
    "1e6",
    "1e999",
    "-1e999",
    "9007199254740993",
    "NaN",
    "Infinity",
    '"1"',
    "null",
    "true",
    "[1]",
    "{}",
    "0x1",
    "1n",
  ]

  it("is 400, whoever is asked for, and nothing is counted", async () => {
    const { ask, taken } = await service()
    for (const subject of SUBJECTS) {
      for (const verb of ["check", "status", "reset"]) {
        const { status, body } = await ask("api", verb, { subject })
        expect([verb, subject, status, body.code]).toEqual([verb, subject, 400, "ERR_INVALID_ARGUMENT"])
        expect(body.detail).toMatch(/subject/)
      }
    }
    expect([await taken(), await taken({ key: "k" })]).toEqual([0, 0])
  })

  it("is 400 for a cost that is no number of units, and nothing is counted", async () => {
    const { call, taken } = await service()
    for (const cost of COSTS) {
      for (const verb of ["check", "reward", "penalize"]) {
        const raw = `{"subject":{"userId":"ada"},"cost":${cost}}`
        const { status, body } = await call("POST", `/v1/rate-limits/api/${verb}`, { raw, headers: { "content-type": "application/json" } })
        expect([verb, cost, status, body.code]).toEqual([verb, cost, 400, "ERR_INVALID_ARGUMENT"])
      }
    }
    expect(await taken()).toBe(0)
  })

  it.each(["{}", "null", "[]", '"ada"', "5", '{"__proto__":{"userId":"ada"}}'])("is 400 for the body or subject %s", async (raw) => {
    const { call } = await service()
    const headers = { "content-type": "application/json" }
    for (const text of [raw, `{"subject":${raw}}`]) expect((await call("POST", "/v1/rate-limits/api/check", { raw: text, headers })).status).toBe(400)
  })

  it("is 400 for fields that do not exist, a block without an end, or one out of range", async () => {
    const { ask, taken } = await service()
    expect((await ask("api", "check", { subject: ada, costs: 2 })).status).toBe(400)
    expect((await ask("api", "status", { subject: ada, cost: 2 })).status).toBe(400)
    for (const duration of [undefined, null, 0, -1, 0.5, "", "soon", "99ms", "366d", {}]) {
      expect([duration, (await ask("api", "block", { subject: ada, duration })).status]).toEqual([duration, 400])
    }
    expect((await ask("api", "status", { subject: ada })).body.allowed).toBe(true)
    expect(await taken()).toBe(0)
  })

  it("is 413 for a body of 10 MB, and the service goes on", async () => {
    const { ask, taken } = await service()
    expect(await ask("api", "check", { subject: { userId: "a".repeat(10_000_000) } })).toMatchObject({ status: 413, body: { code: "ERR_BODY_TOO_LARGE" } })
    expect((await ask("api", "check", { subject: { key: "k".repeat(200_000) } })).status).toBe(400)
    expect(await taken()).toBe(0)
  })

  it("is never repeated, and no subject stands in the log", async () => {
    const { ask, call, logged } = await service()
    const secret = "s3cret-in-the-wrong-place"
    const answers = [
      await ask("api", "check", { subject: { userId: secret } }),
      await ask("api", "check", { subject: { [secret]: "x" } }),
      await ask("api", "check", { subject: { userId: secret, key: secret } }),
      await ask("api", "check", { subject: ada, cost: secret }),
      await ask("api", "check", { subject: ada, [secret]: 1 }),
      await ask("api", "block", { subject: ada, duration: secret }),
      await ask(secret, "check", { subject: ada }),
      await call("POST", "/v1/rate-limits/check", { json: { checks: [{ rule: secret, subject: ada }] } }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 400, 400, 400, 400, 400, 404, 404])
    expect(JSON.stringify(answers.map(({ body }) => body)) + logged.join("")).not.toContain(secret)
    expect(logged.join("")).toContain("/v1/rate-limits/:rule/check")
  })
})
