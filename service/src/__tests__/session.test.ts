import { describe, expect, it } from "vitest"
import { testService } from "./support/test-service.js"

const ROUTES = [
  ["GET", "/v1/session", undefined],
  ["PATCH", "/v1/session", { attributes: { a: 1 } }],
  ["DELETE", "/v1/session", undefined],
  ["POST", "/v1/session/extend", {}],
  ["POST", "/v1/session/rotate", {}],
] as const

it("GET /v1/session and the user's list name the session that an impersonation came from", async () => {
  const { call, create, sessions } = await testService()
  const { sessionId } = (await create({ userId: "root" })).session
  const { token } = await sessions.createSession({ userId: "ada", impersonatorId: "root", impersonatorSessionId: sessionId })
  const read = (await call("GET", "/v1/session", { token })).body.session
  const [listed] = (await call("GET", "/v1/users/ada/sessions")).body.sessions
  for (const shown of [read, listed]) expect(shown).toMatchObject({ impersonatorId: "root", impersonatorSessionId: sessionId })
})

describe.each(ROUTES)("%s %s", (method, path, json) => {
  it("without one token is 400", async () => {
    const { call } = await testService()
    for (const headers of [{}, { "x-session-token": "" }]) {
      expect(await call(method, path, { json, headers })).toMatchObject({ status: 400, body: { code: "ERR_INVALID_ARGUMENT" } })
    }
  })

  it("an unknown, expired, revoked, malformed, wrong or cut token is one and the same 404", async () => {
    const { call, create } = await testService()
    const live = await create()
    const other = await create()
    const revoked = await create()
    await call("DELETE", "/v1/session", { token: revoked.token })
    const expired = await create({ userId: "ada", idleTimeout: "10ms" })
    await expect.poll(async () => (await call("GET", "/v1/session", { token: expired.token })).status).toBe(404)
    const tokens = [
      revoked.token,
      expired.token,
      `${live.session.sessionId}.${other.token.split(".")[2]}`,
      live.session.sessionId,
      live.token.slice(0, -1),
      `${live.token}A`,
      live.token.toUpperCase(),
      `${live.token}, ${live.token}`,
      "x",
      "..",
      "{}",
      "x".repeat(4_000),
    ]
    const answers = await Promise.all(tokens.map((token) => call(method, path, { token, json })))
    for (const { status, body, headers } of answers) {
      expect(status).toBe(404)
      expect({ ...body, requestId: "" }).toEqual({
        type: "about:blank",
        title: "Not Found",
        status: 404,
        code: "ERR_SESSION_NOT_FOUND",
        detail: "There is no such session.",
        retryable: false,
        outcome: "not-applied",
        requestId: "",
      })
      expect([headers.get("content-type"), headers.get("etag")]).toEqual(["application/problem+json", null])
    }
    expect((await call("GET", "/v1/session", { token: live.token })).status).toBe(200)
  })
})

describe("the session of a token", () => {
  it("is read with its version as ETag", async () => {
    const { call, create } = await testService()
    const { token, session } = await create({ userId: "ada", attributes: { theme: "dark" } })
    const answer = await call("GET", "/v1/session", { token })
    expect(answer).toMatchObject({ status: 200, body: { session: { sessionId: session.sessionId, attributes: { theme: "dark" } } } })
    expect(Object.keys(answer.body)).toEqual(["session"])
    expect(answer.headers.get("etag")).toBe('"1"')
    expect((await call("HEAD", "/v1/session", { token })).headers.get("etag")).toBe('"1"')
  })

  it("is updated: a patch keeps what it does not name, unset removes", async () => {
    const { call, create } = await testService()
    const { token } = await create({ userId: "ada", attributes: { a: 1, b: 2, c: [] } })
    const answer = await call("PATCH", "/v1/session", { token, json: { attributes: { b: null, d: {} }, unset: ["a"] } })
    expect(answer).toMatchObject({ status: 200, body: { session: { version: 2 } } })
    expect(answer.body.session.attributes).toEqual({ b: null, c: [], d: {} })
    expect(answer.headers.get("etag")).toBe('"2"')
  })

  it("is updated only at the version of If-Match; 412 on a clash", async () => {
    const { call, create } = await testService()
    const { token } = await create()
    const patch = (etag: string, n: number) => call("PATCH", "/v1/session", { token, json: { attributes: { n } }, headers: { "if-match": etag } })
    expect((await patch('"1"', 1)).headers.get("etag")).toBe('"2"')
    expect(await patch('"1"', 2)).toMatchObject({
      status: 412,
      body: { status: 412, code: "ERR_SESSION_CONFLICT", title: "Precondition Failed", retryable: false },
    })
    expect((await patch('"7"', 2)).status).toBe(412)
    expect((await patch("*", 3)).status).toBe(200)
    for (const etag of ["1", '"0"', '"-1"', '"01"', 'W/"3"', '"2", "3"', '"x"', "3"]) expect([etag, (await patch(etag, 4)).status]).toEqual([etag, 400])
    expect((await call("GET", "/v1/session", { token })).body.session.attributes).toEqual({ n: 3 })
  })

  it.each([
    ["PATCH", "/v1/session", { unset: Array(100_000).fill(1) }],
    ["POST", "/v1/session/rotate", { unset: Array(1_001).fill("a") }],
    ["POST", "/v1/rate-limits/check", { checks: Array(50_000).fill({}) }],
    ["POST", "/v1/rate-limits/check", { checks: Array(16).fill({}) }],
  ])("is refused with a short answer, however much is wrong: %s %s", async (method, path, json) => {
    const { call } = await testService()
    const answer = await call(method, path, { token: "x", json, headers: { "if-match": '"1"' } })
    expect(answer).toMatchObject({ status: 400, body: { code: "ERR_INVALID_ARGUMENT" } })
    expect(answer.body.detail.length).toBeLessThan(1_000)
  })

  it.each([{}, { attributes: 1 }, { unset: "a" }, { unset: [1] }, { attributes: {}, userId: "eve" }, { attributes: { a: 1 }, unset: ["a"], version: 3 }])(
    "an update with %j is 400",
    async (json) => {
      const { call, create } = await testService()
      const { token } = await create()
      expect(await call("PATCH", "/v1/session", { token, json })).toMatchObject({ status: 400, body: { code: "ERR_INVALID_ARGUMENT" } })
    },
  )

  it("an update beyond the size is 413", async () => {
    const { call, create } = await testService()
    const { token } = await create()
    const answer = await call("PATCH", "/v1/session", { token, json: { attributes: { a: "x".repeat(65_536) } } })
    expect(answer).toMatchObject({ status: 413, body: { code: "ERR_SESSION_TOO_LARGE" } })
  })

  it("is extended, with a body or without", async () => {
    const { call, create } = await testService()
    const { token } = await create()
    const shorter = await call("POST", "/v1/session/extend", { token, json: { idleTimeout: "10m" } })
    const { lastAccessedAt, expiresAt, version } = shorter.body.session
    expect([shorter.status, Date.parse(expiresAt) - Date.parse(lastAccessedAt), version]).toEqual([200, 600_000, 1])
    expect((await call("POST", "/v1/session/extend", { token })).status).toBe(200)
    for (const json of [{ idleTimeout: "10" }, { idleTimeout: 0 }, { absoluteTimeout: "1h" }]) {
      expect([json, (await call("POST", "/v1/session/extend", { token, json })).status]).toEqual([json, 400])
    }
  })

  it("is rotated: same handle, new token, the old one in grace may not rotate again", async () => {
    const { call, create } = await testService()
    const { token, session } = await create()
    const rotated = await call("POST", "/v1/session/rotate", { token })
    expect([rotated.status, Object.keys(rotated.body), rotated.body.session.sessionId]).toEqual([200, ["token", "session"], session.sessionId])
    expect(rotated.body.token).not.toBe(token)
    expect((await call("GET", "/v1/session", { token })).status).toBe(200)
    expect(await call("POST", "/v1/session/rotate", { token })).toMatchObject({ status: 409, body: { code: "ERR_SESSION_CONFLICT" } })
    const second = await call("POST", "/v1/session/rotate", { token: rotated.body.token, json: { grace: 0 } })
    expect(second.status).toBe(200)
    for (const old of [token, rotated.body.token]) expect((await call("GET", "/v1/session", { token: old })).status).toBe(404)
  })

  it("changes attributes in the step of a rotation, and proves who the user is", async () => {
    const { call, create } = await testService()
    const { token, session } = await create({ userId: "ada", attributes: { role: "user", step: 1 }, authenticatedAt: "2026-01-01T00:00:00Z" })
    const patched = await call("POST", "/v1/session/rotate", { token, json: { attributes: { role: "admin" } } })
    expect(patched.body.session).toMatchObject({ attributes: { role: "admin", step: 1 }, version: 2 })
    const removed = await call("POST", "/v1/session/rotate", {
      token: patched.body.token,
      json: { reauthenticated: true, attributes: { a: 1 }, unset: ["step"] },
    })
    expect(removed.body.session.attributes).toEqual({ role: "admin", a: 1 })
    expect(Date.parse(removed.body.session.authenticatedAt)).toBeGreaterThan(Date.parse(session.authenticatedAt))
    for (const json of [{ grace: "61s" }, { reauthenticated: "yes" }, { changes: {} }]) {
      expect([json, (await call("POST", "/v1/session/rotate", { token: removed.body.token, json })).status]).toEqual([json, 400])
    }
  })

  it("is signed out with 204, once", async () => {
    const { call, create } = await testService()
    const { token } = await create()
    const answer = await call("DELETE", "/v1/session", { token })
    expect([answer.status, answer.body]).toEqual([204, undefined])
    expect((await call("DELETE", "/v1/session", { token })).status).toBe(404)
  })
})
