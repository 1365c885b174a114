import { describe, expect, it } from "vitest"
import { testService } from "./support/test-service.js"

const TOKEN = /^[\w-]{3}\.[\w-]+\.[\w-]+$/

describe("POST /v1/sessions", () => {
  it("opens a session with everything that the contract knows", async () => {
    const { call, sessions } = await testService()
    const authenticatedAt = "2026-01-01T10:00:00.000Z"
    const json = {
      userId: "ada",
      impersonatorId: "root",
      attributes: { list: [], deep: { n: Number.MAX_SAFE_INTEGER, text: "\u2028", none: null } },
      device: { ip: "::1", userAgent: "curl", label: "Laptop" },
      idleTimeout: "30m",
      absoluteTimeout: 7200,
      persistent: true,
      maxSessionsPerUser: "unlimited",
      onLimit: "reject",
    }
    const answer = await call("POST", "/v1/sessions", { json })
    expect(answer.status).toBe(201)
    expect(Object.keys(answer.body)).toEqual(["token", "session", "evicted"])
    expect(answer.body.token).toMatch(TOKEN)
    expect(answer.body.evicted).toEqual([])
    const { session } = answer.body
    expect(session).toMatchObject({ userId: "ada", pendingUserId: null, impersonatorId: "root", persistent: true, version: 1 })
    expect([session.attributes, session.device]).toEqual([json.attributes, json.device])
    expect(Date.parse(session.expiresAt) - Date.parse(session.createdAt)).toBe(30 * 60_000)
    expect(Date.parse(session.absoluteExpiresAt) - Date.parse(session.createdAt)).toBe(2 * 60 * 60_000)
    // Over HTTP an impersonated session has no session that it came from: it ends by its own timeouts.
    expect(session.impersonatorSessionId).toBeNull()
    const held = await sessions.getSession(answer.body.token)
    expect(session).toEqual(JSON.parse(JSON.stringify(held)))

    const later = await call("POST", "/v1/sessions", { json: { userId: "eve", authenticatedAt } })
    expect(later.body.session.authenticatedAt).toBe(authenticatedAt)
    expect(answer.headers.get("cache-control")).toBe("no-store")
  })

  it("opens guests' and pending sessions, which sign nobody in", async () => {
    const { create } = await testService()
    expect((await create({})).session).toMatchObject({ userId: null, pendingUserId: null, authenticatedAt: null })
    expect((await create({ pendingUserId: "ada" })).session).toMatchObject({ userId: null, pendingUserId: "ada" })
  })

  it("at the limit evicts the oldest, or answers 409", async () => {
    const { call, create } = await testService()
    const first = await create({ userId: "ada", maxSessionsPerUser: 1 })
    const second = await create({ userId: "ada", maxSessionsPerUser: 1 })
    expect(second.evicted).toEqual([first.session.sessionId])
    const third = await call("POST", "/v1/sessions", { json: { userId: "ada", maxSessionsPerUser: 1, onLimit: "reject" } })
    expect(third).toMatchObject({ status: 409, body: { code: "ERR_SESSION_LIMIT", status: 409, outcome: "not-applied" } })
    expect((await call("GET", "/v1/session", { token: first.token })).status).toBe(404)
  })

  it.each([
    ["an unknown field", { userID: "ada" }],
    ["an unknown field of the device", { device: { os: "x" } }],
    ["a user id that is no text", { userId: 1 }],
    ["an empty user id", { userId: "" }],
    ["a user id that is too long", { userId: "x".repeat(513) }],
    ["a user id that is not well-formed", { userId: "\ud800" }],
    ["both kinds of user", { userId: "ada", pendingUserId: "ada" }],
    ["null for a user", { userId: null }],
    ["attributes that are an array", { attributes: [] }],
    ["attributes that are null", { attributes: null }],
    ["a duration without a unit", { idleTimeout: "10" }],
    ["a negative duration", { idleTimeout: -1 }],
    ["a fraction of seconds", { idleTimeout: 1.5 }],
    ["an instant without a zone", { userId: "ada", authenticatedAt: "2026-01-01T10:00:00" }],
    ["an instant that is no date", { userId: "ada", authenticatedAt: "yesterday" }],
    ["an instant in the future", { userId: "ada", authenticatedAt: "2999-01-01T10:00:00Z" }],
    ["a limit of none", { userId: "ada", maxSessionsPerUser: 0 }],
    ["an unknown limit policy", { userId: "ada", onLimit: "newest" }],
    ["persistence as text", { persistent: "true" }],
    ["an array", []],
    ["a text", "ada"],
    ["null", null],
  ])("%s is 400", async (_, json) => {
    const { call, logged } = await testService()
    const answer = await call("POST", "/v1/sessions", { json })
    expect(answer).toMatchObject({ status: 400, body: { code: "ERR_INVALID_ARGUMENT", outcome: "not-applied", retryable: false } })
    expect(answer.body.detail).toMatch(/expected/i)
    expect(logged.some((line) => line.includes("created"))).toBe(false)
  })

  it.each(['{"__proto__":{"a":1}}', '{"attributes":{"__proto__":{"a":1}}}', '{"attributes":{"a":[{"constructor":1}]}}', '{"device":{"__proto__":1}}'])(
    "%s is refused and pollutes nothing",
    async (raw) => {
      const { call } = await testService()
      const answer = await call("POST", "/v1/sessions", { raw, headers: { "content-type": "application/json" } })
      expect(answer.status).toBe(400)
      expect(({} as Record<string, unknown>).a).toBeUndefined()
    },
  )

  it("attributes that are nested too deep are 400, and too large 413", async () => {
    const { call } = await testService()
    const deep = `{"attributes":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`
    expect((await call("POST", "/v1/sessions", { raw: deep, headers: { "content-type": "application/json" } })).status).toBe(400)
    const large = await call("POST", "/v1/sessions", { json: { attributes: { a: "x".repeat(65_536) } } })
    expect(large).toMatchObject({ status: 413, body: { code: "ERR_SESSION_TOO_LARGE" } })
  })
})
