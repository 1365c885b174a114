import { describe, expect, it } from "vitest"
import { isAddressable, refuseTarget } from "../http/request-target.js"
import { rawRequest } from "./support/raw-request.js"
import { KEYS, testService } from "./support/test-service.js"

const USER = "/v1/users/ada"
const REFUSED = [
  "/v1/users/./sessions",
  "/v1/users/../sessions",
  "/v1/users/ada/../bob/sessions",
  "/v1/users/%2e/sessions",
  "/v1/users/%2E%2E/sessions",
  "/v1/users/.%2e/sessions",
  "/v1/users/%2e./sessions",
  "/v1/users/%252e%252e/sessions",
  "/v1/users/%252E./sessions",
  "/v1/users/%25252e%25252e/sessions",
  "/v1/users/..%2fbob/sessions",
  "/v1/users/ada%2f..%2Fbob/sessions",
  "/v1/users/ada%252f%252e%252e%252fbob/sessions",
  "/v1/users/ada%2f.%2fbob/sessions",
  "/v1/users/ada/sessions/..",
  "/v1/users/ada/sessions/%2e%2e/%2e%2e/bob/sessions",
  "/v1/users/ada\\..\\bob/sessions",
  "\\v1\\users\\ada\\sessions",
  "/v1/users/ada%5cbob/sessions",
  "/v1/users/ada%5Cbob/sessions",
  "/v1/users/ada%255cbob/sessions",
  "//v1/users/ada/sessions",
  "/v1//users/ada/sessions",
  "/v1/users//sessions",
  "/v1/users/ada//sessions",
  "//",
  "/v1/users/%/sessions",
  "/v1/users/%2/sessions",
  "/v1/users/%zz/sessions",
  "/v1/users/%u0061da/sessions",
  "/v1/users/%ff/sessions",
  "/v1/users/%c0%ae%c0%ae/sessions",
  "/v1/users/%ed%a0%80/sessions",
  "/v1/users/\xe9/sessions",
  `${USER}/sessions#fragment`,
  `${USER}/sessions?`,
  `${USER}/sessions?limit`,
  `${USER}/sessions?limit=`,
  `${USER}/sessions?=5`,
  `${USER}/sessions?limit=5&`,
  `${USER}/sessions?limit=5&limit=6`,
  `${USER}/sessions?limit=5&lim%69t=6`,
  `${USER}/sessions?limit=%`,
  `${USER}/sessions?cursor=%ff`,
  `${USER}/sessions?other=1`,
  `${USER}/sessions?__proto__=1`,
  `${USER}/sessions?limit=0`,
  `${USER}/sessions?limit=201`,
  `${USER}/sessions?limit=5.0`,
  `${USER}/sessions?limit=+5`,
  "/v1/session?token=1",
  "/livez?x=1",
  "http://localhost/v1/users/ada/sessions",
  "http://localhost/v1/users/../bob/sessions",
  "*",
] as const

describe("request targets as they come over the wire", () => {
  it("a target that does not mean one thing to everybody is 400", async () => {
    const { port, create } = await testService()
    await create({ userId: "bob" })
    for (const target of REFUSED) {
      const answer = await rawRequest(port, [`GET ${target} HTTP/1.1`, `Authorization: Bearer ${KEYS.all}`, "X-Session-Token: x"])
      expect([target, answer.status]).toEqual([target, 400])
      // Node's own parser refuses these two before the service sees them.
      if (answer.body === "" && /^\\|\xe9/.test(target)) continue
      expect([target, JSON.parse(answer.body)]).toMatchObject([target, { status: 400, code: "ERR_INVALID_ARGUMENT" }])
      expect(answer.head.toLowerCase()).toContain("content-type: application/problem+json")
      expect(answer.head.toLowerCase()).toContain(`x-request-id: ${JSON.parse(answer.body).requestId}`)
    }
  })

  it("a path that only decodes to a route is not that route", async () => {
    const { port } = await testService()
    const answer = await rawRequest(port, ["GET /v1/%75sers/ada/sessions HTTP/1.1", `Authorization: Bearer ${KEYS.all}`])
    expect(answer.status).toBe(404)
  })
})

describe("user ids in paths", () => {
  const IDS = [
    "ada",
    "a/b",
    "/",
    "//",
    "https://issuer.example//1",
    "100%",
    "%2F",
    "a%2Fb",
    "a b",
    "a+b",
    "?",
    "#",
    "é",
    "e\u0301",
    "日本",
    "...",
    ".a",
    "a:b{c}",
    "__proto__",
    "\u0000",
    "\u2028",
  ]

  it.each(IDS)("%j is decoded exactly once: its sessions are found, and nobody else's", async (userId) => {
    const { call, create } = await testService()
    const made = await create({ userId })
    await create({ userId: `${userId}x` })
    const listed = await call("GET", `/v1/users/${encodeURIComponent(userId)}/sessions`)
    expect(listed.body.sessions.map((found: { sessionId: string }) => found.sessionId)).toEqual([made.session.sessionId])
    const ended = await call("DELETE", `/v1/users/${encodeURIComponent(userId)}/sessions/${made.session.sessionId}`)
    expect(ended.status).toBe(204)
  })

  it.each([".", "..", "a/..", "../a", "a/./b", "\\", "a\\b", "%2e%2e", "%2E", "..%2fa", "%252e", "%5c", "a%2f..%2fb"])(
    "%j could not be told from another path, and is refused at creation",
    async (userId) => {
      const { call } = await testService()
      for (const field of ["userId", "pendingUserId"]) {
        const answer = await call("POST", "/v1/sessions", { json: { [field]: userId } })
        expect(answer).toMatchObject({ status: 400, body: { code: "ERR_INVALID_ARGUMENT" } })
      }
      expect(refuseTarget(`/v1/users/${encodeURIComponent(userId)}/sessions`)).toBeTypeOf("string")
    },
  )

  it("whatever is refused at creation is refused in a path, and the other way round", () => {
    const parts = [".", "..", "%2e", "%2f", "/", "\\", "%5c", "%", "a", "%25", "%252e"]
    const ids = parts.flatMap((first) => parts.flatMap((second) => parts.map((third) => first + second + third)))
    const differing = ids.filter((id) => isAddressable(id) !== (refuseTarget(`/v1/users/${encodeURIComponent(id)}/sessions`) === null))
    expect(differing).toEqual([])
    expect(ids.filter(isAddressable).length).toBeGreaterThan(100)
  })

  it("is refused where it can be decoded again and again, by looking at it a few times", () => {
    expect(isAddressable(`a%${"25".repeat(6)}41`)).toBe(true)
    expect(isAddressable(`a%${"25".repeat(8)}41`)).toBe(false)
    expect(refuseTarget(`/v1/users/${encodeURIComponent(`a%${"25".repeat(8)}41`)}/sessions`)).toBeTypeOf("string")
  })
})

it("a refused target is logged and counted like any other request, by the id that its caller gave", async () => {
  const { port, call, logged } = await testService()
  await rawRequest(port, ["GET /v1/users/../sessions HTTP/1.1", "X-Request-Id: mine-1"])
  await rawRequest(port, ["GET //secret HTTP/1.1", "X-Request-Id: a.secret.token"])
  const lines = logged.map((line) => JSON.parse(line) as { readonly requestId?: string; readonly route?: string; readonly status?: number })
  const refused = lines.filter(({ status }) => status === 400)
  expect(refused.map(({ requestId, route }) => [requestId === "mine-1", route])).toEqual([
    [true, "/*"],
    [false, "/*"],
  ])
  expect(logged.join("")).not.toContain("secret")
  expect((await call("GET", "/metrics")).body).toContain('http_request_duration_seconds_count{method="GET",route="/*",status="400"} 2')
})
