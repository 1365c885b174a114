import { connect } from "node:net"
import { SessionError, type SessionErrorCode } from "coatcheck"
import { describe, expect, it } from "vitest"
import { SCOPES } from "../http/api-keys.js"
import { SESSION_STATUS } from "../http/problem.js"
import type { RouteDependencies } from "../routes/dependencies.js"
import { rawRequest } from "./support/raw-request.js"
import { KEYS, testService } from "./support/test-service.js"

const ROUTES = [
  ["create", "POST", "/v1/sessions", {}],
  ["read", "GET", "/v1/session", undefined],
  ["manage", "PATCH", "/v1/session", { attributes: {} }],
  ["manage", "DELETE", "/v1/session", undefined],
  ["manage", "POST", "/v1/session/extend", {}],
  ["manage", "POST", "/v1/session/rotate", {}],
  ["read", "GET", "/v1/users/ada/sessions", undefined],
  ["manage", "DELETE", "/v1/users/ada/sessions/x", undefined],
  ["manage", "POST", "/v1/users/ada/sign-out", {}],
  ["limit", "POST", "/v1/rate-limits/check", { checks: [{ rule: "api", subject: { userId: "ada" } }] }],
  ["limit", "POST", "/v1/rate-limits/api/check", { subject: { userId: "ada" } }],
  ["read", "POST", "/v1/rate-limits/api/status", { subject: { userId: "ada" } }],
  ["limit", "POST", "/v1/rate-limits/api/reward", { subject: { userId: "ada" } }],
  ["limit", "POST", "/v1/rate-limits/api/penalize", { subject: { userId: "ada" } }],
  ["manage", "POST", "/v1/rate-limits/api/block", { subject: { userId: "ada" }, duration: "1h" }],
  ["manage", "POST", "/v1/rate-limits/api/reset", { subject: { userId: "ada" } }],
] as const
/** Routes that need no store. */
const WITHOUT_STORE = [
  ["read", "GET", "/v1/rate-limits", undefined],
  ["metrics", "GET", "/metrics", undefined],
] as const
const rules = { api: { limit: 100, window: "1m" } } as const
const DONE = [200, 201, 204, 404]

/** A store that answers everything with one error. */
function failing(error: unknown): RouteDependencies["sessions"] & RouteDependencies["limits"] {
  return new Proxy({ rules }, { get: (own, name) => (name === "rules" ? own.rules : async () => Promise.reject(error)) }) as never
}

describe.each([...ROUTES, ...WITHOUT_STORE])("a key with the scope %s, for %s %s", (scope, method, path, json) => {
  it("is needed: 401 without, 403 with another scope only", async () => {
    const { call } = await testService({ rules })
    const wrong = ["", "x", KEYS.all.slice(1), `${KEYS.all}A`, KEYS.all.toLowerCase(), `${KEYS.all},${KEYS.read}`]
    for (const key of [null, ...wrong]) {
      const answer = await call(method, path, { key, json, token: "x" })
      expect([key, answer]).toMatchObject([key, { status: 401, body: { code: "ERR_API_KEY" } }])
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="coatcheck"')
    }
    const basic = await call(method, path, { key: null, json, token: "x", headers: { Authorization: `Basic ${KEYS.all}` } })
    expect(basic.status).toBe(401)
    for (const name of SCOPES) {
      const answer = await call(method, path, { key: KEYS[name], json, token: "x" })
      if (name === scope) expect(DONE).toContain(answer.status)
      else expect(answer).toMatchObject({ status: 403, body: { code: "ERR_SCOPE", detail: `Expected an API key with the scope ${scope}.` } })
    }
  })
})

describe.each(ROUTES.filter(([, , , json]) => json !== undefined))("the body, key %s, %s %s", (_, method, path, json) => {
  it("must say that it is JSON, and be it", async () => {
    const { call } = await testService({ bodyLimit: 1_024, rules })
    const send = async (raw: string | Uint8Array<ArrayBuffer>, type: string) =>
      (await call(method, path, { raw, token: "x", headers: type === "" ? {} : { "content-type": type } })).status
    const good = JSON.stringify(json)
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/jsonx",
      "application/merge-patch+json",
      "application/json; charset=latin1",
    ]) {
      expect([type, await send(good, type)]).toEqual([type, 415])
    }
    expect(await send(new TextEncoder().encode(good), "")).toBe(415)
    for (const raw of ["{", "[", '{"a":1}}', "undefined", "{'a':1}", '{"a":01}']) expect([raw, await send(raw, "application/json")]).toEqual([raw, 400])
    expect(await send(" ".repeat(1_025), "application/json")).toBe(413)
    for (const type of ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]) expect(DONE).toContain(await send(good, type))
  })
})

it("a body that breaks off is the caller's fault, not the service's", async () => {
  const { port, logged } = await testService()
  const socket = connect(port, "127.0.0.1")
  socket.write(`POST /v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEYS.all}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`)
  await expect.poll(() => fetch(`http://127.0.0.1:${port}/livez`).then((answer) => answer.status)).toBe(200)
  socket.destroy()
  await expect.poll(() => logged.find((line) => line.includes("/v1/sessions"))).toContain('"status":400')
})

it("bytes that are not UTF-8 are refused, not replaced", async () => {
  const { call } = await testService()
  const bytes = new Uint8Array(Buffer.concat([Buffer.from('{"attributes":{"a":"'), Buffer.from([0xff]), Buffer.from('"}}')]))
  expect(await call("POST", "/v1/sessions", { raw: bytes, headers: { "content-type": "application/json" } })).toMatchObject({ status: 400 })
})

describe("a body of unknown length", () => {
  it("is read up to the limit, and refused beyond it", async () => {
    const { port, call } = await testService({ bodyLimit: 1_024 })
    const send = (chunks: readonly string[]) =>
      fetch(`http://127.0.0.1:${port}/v1/sessions`, {
        method: "POST",
        headers: { Authorization: `Bearer ${KEYS.all}`, "Content-Type": "application/json" },
        body: new Blob([...chunks]).stream(),
        duplex: "half",
      } as RequestInit)
    const answer = await send(['{"userId":', '"ada"}'])
    expect([answer.status, await answer.json()]).toMatchObject([201, { session: { userId: "ada" } }])
    for (const size of [1_024, 1_025, 300_000]) expect([size, (await send([" ".repeat(size)])).status]).toEqual([size, size > 1_024 ? 413 : 400])
    expect((await call("GET", "/livez")).status).toBe(200)
  })

  it("is refused before it ends, so that it need not end", async () => {
    const { port } = await testService({ bodyLimit: 1_024 })
    const head = ["POST /v1/sessions HTTP/1.1", `Authorization: Bearer ${KEYS.all}`, "Content-Type: application/json", "Transfer-Encoding: chunked"]
    expect((await rawRequest(port, head, `800\r\n${" ".repeat(0x800)}\r\n`)).status).toBe(413)
  })

  it("may be none at all where a route needs none, whatever the headers say", async () => {
    const { port, create } = await testService()
    const { token } = await create()
    const head = ["POST /v1/session/extend HTTP/1.1", `Authorization: Bearer ${KEYS.all}`, `X-Session-Token: ${token}`]
    for (const more of [[], ["Content-Length: 0"], ["Content-Type: application/json"], ["Content-Type: application/json", "Content-Length: 0"]]) {
      expect([more, (await rawRequest(port, [...head, ...more])).status]).toEqual([more, 200])
    }
    const opening = ["POST /v1/sessions HTTP/1.1", `Authorization: Bearer ${KEYS.all}`]
    expect((await rawRequest(port, opening)).status).toBe(415)
    expect((await rawRequest(port, [...opening, "Content-Type: application/json"])).status).toBe(400)
  })
})

describe("problem documents", () => {
  it.each(Object.entries(SESSION_STATUS))("%s is %i, with what the error says of itself", async (code, status) => {
    const error = new SessionError(code as SessionErrorCode, "Said by the library.")
    const { call } = await testService({ sessions: failing(error) })
    const answer = await call("GET", "/v1/users/ada/sessions")
    expect(answer.body).toEqual({
      type: "about:blank",
      title: answer.body.title,
      status,
      code,
      detail: "Said by the library.",
      retryable: error.retryable,
      outcome: error.outcome,
      requestId: answer.headers.get("x-request-id"),
    })
    expect([answer.status, answer.headers.get("content-type")]).toEqual([status, "application/problem+json"])
    expect(answer.headers.get("retry-after")).toBe(status === 503 && error.retryable ? "1" : null)
  })

  it.each(ROUTES.map(([, method, path, json]) => [method, path, json] as const))(
    "%s %s answers 503 when the store is away, never 404",
    async (method, path, json) => {
      const away = failing(new SessionError("ERR_STORE_UNAVAILABLE", "Away."))
      const { call } = await testService({ sessions: away, limits: away })
      expect(await call(method, path, { token: "x", json })).toMatchObject({ status: 503, body: { code: "ERR_STORE_UNAVAILABLE", retryable: true } })
    },
  )

  it("a record that cannot be read makes its holder a stranger", async () => {
    const { call } = await testService({ sessions: failing(new SessionError("ERR_SESSION_CORRUPT", "Broken.")) })
    for (const [method, path, json] of [
      ["GET", "/v1/session"],
      ["PATCH", "/v1/session", { attributes: {} }],
      ["POST", "/v1/session/extend"],
      ["POST", "/v1/session/rotate"],
    ] as const) {
      expect(await call(method, path, { token: "x", json })).toMatchObject({ status: 404, body: { code: "ERR_SESSION_NOT_FOUND" } })
    }
  })

  it("an error that nobody expected is 500, and neither its text nor its secrets are told or logged", async () => {
    const { call, logged } = await testService({ sessions: failing(new Error("redis://:hunter2@host SET session:x")) })
    const answer = await call("GET", "/v1/session", { token: "x" })
    expect(answer).toMatchObject({ status: 500, body: { code: "ERR_INTERNAL", outcome: "unknown" } })
    expect(logged.join("")).toContain(answer.body.requestId)
    expect(JSON.stringify(answer.body) + logged.join("")).not.toContain("hunter2")
  })

  it("an unknown route is 404, and a route with another method 405 with those it has", async () => {
    const { call } = await testService()
    for (const path of ["/", "/v1", "/v1/session/", "/V1/session", "/v1/sessions/x", "/v1/users/ada"]) {
      expect([path, await call("GET", path)]).toMatchObject([path, { status: 404, body: { code: "ERR_ROUTE_NOT_FOUND" } }])
      expect((await call("GET", path, { key: null })).status).toBe(401)
    }
    const answer = await call("PUT", "/v1/session")
    expect(answer).toMatchObject({ status: 405, body: { code: "ERR_METHOD_NOT_ALLOWED" } })
    expect(answer.headers.get("allow")?.split(", ").sort()).toEqual(["DELETE", "GET", "HEAD", "PATCH"])
  })

  it("carry the caller's request id when it looks like one, else one of their own", async () => {
    const { call, logged } = await testService()
    const id = "4bf92f3577b34da6a3ce929d0e0e4736"
    const answer = await call("GET", "/nowhere", { headers: { "x-request-id": id } })
    expect([answer.body.requestId, answer.headers.get("x-request-id")]).toEqual([id, id])
    for (const bad of ["a b", "x".repeat(37), "a.b.c", "<script>"]) {
      const other = await call("GET", "/nowhere", { headers: { "x-request-id": bad } })
      expect(other.body.requestId).toMatch(/^[0-9a-f-]{36}$/)
      expect(logged.join("")).not.toContain(bad)
    }
  })

  it("never repeat names or values that were sent", async () => {
    const { call, logged } = await testService()
    const secret = "s3cret-in-the-wrong-place"
    const answers = [
      await call("POST", "/v1/sessions", { json: { [secret]: 1 } }),
      await call("POST", "/v1/sessions", { json: { userId: secret.repeat(30) } }),
      await call("POST", "/v1/sessions", { json: { idleTimeout: secret } }),
      await call("POST", "/v1/sessions", { json: { onLimit: secret } }),
      await call("POST", "/v1/sessions", { raw: secret, headers: { "content-type": "application/json" } }),
      await call("GET", `/v1/users/ada/sessions?${secret}=1`),
      await call("GET", `/v1/users/ada/sessions?cursor=${secret}`),
      await call("GET", `/v1/users/ada/sessions?limit=${secret}`),
      await call("PATCH", "/v1/session", { token: "x", json: { unset: [] }, headers: { "if-match": secret } }),
      await call("GET", `/${secret}`),
      await call("GET", "/v1/session", { token: secret }),
      await call("GET", "/v1/session", { key: secret }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400, 400, 400, 400, 404, 404, 401])
    expect(JSON.stringify(answers.map(({ body }) => body)) + logged.join("")).not.toContain(secret)
  })
})

describe("health", () => {
  it("needs no key: alive without a store, ready with one only", async () => {
    const up = await testService()
    expect(await up.call("GET", "/livez", { key: null })).toMatchObject({ status: 200, body: { status: "alive" } })
    expect(await up.call("GET", "/readyz", { key: null })).toMatchObject({ status: 200, body: { status: "ready", problems: [] } })
    const down = await testService({ sessions: failing(new SessionError("ERR_STORE_UNAVAILABLE", "Away.")) })
    expect((await down.call("GET", "/livez", { key: null })).status).toBe(200)
    const answer = await down.call("GET", "/readyz", { key: null })
    expect([answer.status, answer.body.code, answer.headers.get("retry-after")]).toEqual([503, "ERR_STORE_UNAVAILABLE", "1"])
  })

  it("GET /openapi.json describes the API to whoever has a key", async () => {
    const { call } = await testService()
    expect((await call("GET", "/openapi.json", { key: null })).status).toBe(401)
    const answer = await call("GET", "/openapi.json")
    expect([answer.status, answer.body.openapi, Object.keys(answer.body.paths)]).toEqual([200, "3.1.0", expect.arrayContaining(["/v1/session", "/livez"])])
  })
})
