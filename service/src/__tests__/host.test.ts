import { expect, it } from "vitest"
import { rawRequest } from "./support/raw-request.js"
import { testService } from "./support/test-service.js"

it.each([
  ["1.0", []],
  ["1.0", ["Host:"]],
  ["1.1", ["Host:"]],
  ["1.1", ["host: localhost:"]],
  ["1.1", ["Host: EXAMPLE.org:8420"]],
  ["1.1", ["Host: a_b.example"]],
  ["1.1", ["Host: %C3%A9.example"]],
  ["1.1", ["Host: 127.1"]],
  ["1.1", ["Host: [::1]:8420"]],
  ["1.1", ["Host: [v1.fe80::a+en1]"]],
])("HTTP/%s with %j is answered", async (version, hosts) => {
  const { port } = await testService()
  expect(await rawRequest(port, [`GET /livez HTTP/${version}`], "", hosts)).toMatchObject({ status: 200, body: '{"status":"alive"}' })
})

it.each([
  ["1.1", []],
  ["1.1", ["Host: localhost", "Host: localhost"]],
  ["1.0", ["Host: localhost", "hOST: other"]],
  ["1.0", ["Host: a b"]],
  ["1.1", ["Host: a/b"]],
  ["1.1", ["Host: user@localhost"]],
  ["1.1", ["Host: localhost:http"]],
  ["1.1", ["Host: a:1:2"]],
  ["1.1", ["Host: a%zz"]],
  ["1.1", ["Host: [::1"]],
  ["1.1", ["Host: []"]],
  ["1.1", ["Host: \xe9.example"]],
])("HTTP/%s with %j is refused as a bad target is: 400, logged and counted", async (version, hosts) => {
  const { port, call, logged } = await testService()
  const answer = await rawRequest(port, [`GET /livez HTTP/${version}`, "X-Request-Id: mine-1"], "", hosts)
  expect([answer.status, JSON.parse(answer.body)]).toMatchObject([400, { code: "ERR_INVALID_ARGUMENT", requestId: "mine-1" }])
  expect(answer.head.toLowerCase()).toMatch(/^x-request-id: mine-1\r?$/m)
  expect(answer.head.toLowerCase()).toMatch(/^cache-control: no-store\r?$/m)
  expect(logged.map((line) => JSON.parse(line))).toContainEqual(expect.objectContaining({ requestId: "mine-1", method: "GET", route: "/*", status: 400 }))
  expect((await call("GET", "/metrics")).body).toContain('http_request_duration_seconds_count{method="GET",route="/*",status="400"} 1')
})

it("an Expect that nobody knows is 417, in the same form; the known one is met", async () => {
  const { port, logged } = await testService()
  const answer = await rawRequest(port, ["GET /livez HTTP/1.1", "X-Request-Id: mine-1", "Expect: 200-maybe"])
  expect([answer.status, JSON.parse(answer.body)]).toMatchObject([417, { title: "Expectation Failed", code: "ERR_INVALID_ARGUMENT", requestId: "mine-1" }])
  expect(logged.map((line) => JSON.parse(line))).toContainEqual(expect.objectContaining({ requestId: "mine-1", status: 417 }))
  expect((await rawRequest(port, ["GET /livez HTTP/1.1", "Expect: 100-continue"])).head).toMatch(/^HTTP\/1.1 100 /)
})
