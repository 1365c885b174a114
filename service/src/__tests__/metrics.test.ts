import { expect, it } from "vitest"
import { type Environment, startService, temporaryFolder } from "./support/service-process.js"
import { KEYS, testService } from "./support/test-service.js"

const rules = {
  api: { limit: 2, window: "1h" },
  tried: { algorithm: "fixed-window", limit: 1, window: "1d", shadow: true },
} as const

/** The samples of a metric, without those of a histogram's buckets. */
function samples(text: string, name: string): Readonly<Record<string, number>> {
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`))
  return Object.fromEntries(lines.map((line) => [line.slice(name.length, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]))
}

it("count decisions by rule, outcome and judge, once for each rule of a call", async () => {
  const { call } = await testService({ rules })
  const ask = (rule: string, verb: string, more: object = {}) =>
    call("POST", `/v1/rate-limits/${rule}/${verb}`, { json: { subject: { userId: "ada" }, ...more } })
  for (let calls = 0; calls < 3; calls++) await ask("api", "check")
  for (let calls = 0; calls < 2; calls++) await ask("tried", "check")
  await ask("api", "block", { duration: "1h" })
  const checks = ["api", "tried"].map((rule) => ({ rule, subject: { userId: "ada" } }))
  await call("POST", "/v1/rate-limits/check", { json: { checks } })
  await ask("api", "status")
  await ask("api", "check", { cost: 0 })
  const { status, headers, body } = await call("GET", "/metrics", { key: KEYS.metrics })
  expect([status, headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"])
  expect(samples(body, "coatcheck_rate_limit_decisions_total")).toEqual({
    '{rule="api",outcome="allowed",judged_by="store"}': 2,
    '{rule="api",outcome="limit",judged_by="store"}': 1,
    '{rule="api",outcome="blocked",judged_by="store"}': 1,
    '{rule="tried",outcome="allowed",judged_by="store"}': 1,
    '{rule="tried",outcome="shadow-denied",judged_by="store"}': 2,
  })
  // From the start, so that the first outage is an increase.
  expect(samples(body, "coatcheck_rate_limit_outages_total")).toEqual({ '{rule="api"}': 0, '{rule="tried"}': 0 })
})

it("count requests by the pattern of their route, whatever was asked for", async () => {
  const { call } = await testService({ rules })
  for (const user of ["ada", "bob", "ada%2Fb"]) await call("GET", `/v1/users/${user}/sessions`)
  await call("GET", "/v1/users/ada/sessions", { key: null })
  for (const path of ["/nowhere", "/nowhere-else", "/v1/users/ada/sessions/x/y"]) await call("GET", path)
  await call("PUT", "/livez")
  const { body } = await call("GET", "/metrics")
  const counted = samples(body, "http_request_duration_seconds_count")
  expect(counted).toEqual({
    '{method="GET",route="/v1/users/:userId/sessions",status="200"}': 3,
    '{method="GET",route="/v1/users/:userId/sessions",status="401"}': 1,
    '{method="GET",route="/*",status="404"}': 3,
    '{method="PUT",route="/*",status="405"}': 1,
  })
  for (const sum of Object.values(samples(body, "http_request_duration_seconds_sum"))) expect(sum > 0 && sum < 60).toBe(true)
})

it("name nobody: no user, session, token, key or address, nor what was sent in their place", async () => {
  const { call, create } = await testService({ rules })
  const secret = "s3cret-in-the-wrong-place"
  const { token, session } = await create({ userId: secret })
  await call("GET", "/v1/session", { token })
  await call("GET", `/v1/users/${secret}/sessions?limit=${secret}`)
  await call("DELETE", `/v1/users/${secret}/sessions/${session.sessionId}`)
  await call("GET", `/${secret}`, { key: secret })
  for (const rule of ["api", secret, "__proto__"]) {
    for (const subject of [{ userId: secret }, { address: "192.0.2.77" }, { sessionId: session.sessionId }])
      await call("POST", `/v1/rate-limits/${rule}/check`, { json: { subject } })
  }
  const { body } = await call("GET", "/metrics")
  expect(samples(body, "coatcheck_rate_limit_decisions_total")).toEqual({ '{rule="api",outcome="allowed",judged_by="store"}': 3 })
  for (const told of [secret, session.sessionId, token, "192.0.2.77", "__proto__", ...Object.values(KEYS)]) expect(body).not.toContain(told)
})

it("are those of the process too, and of its sessions", async () => {
  const env: Environment = { COATCHECK_API_KEYS: `app:create:${KEYS.create} prometheus:metrics:${KEYS.metrics}` }
  const { origin } = await startService({ cwd: temporaryFolder(), env })
  const ask = async (key: string, path: string, init: RequestInit = {}) => {
    const answer = await fetch(origin + path, { ...init, headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" } })
    return [answer.status, await answer.text()] as const
  }
  await ask(KEYS.create, "/v1/sessions", { method: "POST", body: '{"userId":"ada"}' })
  expect((await ask(KEYS.create, "/metrics"))[0]).toBe(403)
  const [status, text] = await ask(KEYS.metrics, "/metrics")
  expect(status).toBe(200)
  expect(samples(text, "coatcheck_session_events_total")).toEqual({ '{type="created"}': 1 })
  expect(Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(1_000_000)
  expect((await ask(KEYS.metrics, "/v1/users/ada/sessions"))[0]).toBe(403)
})
