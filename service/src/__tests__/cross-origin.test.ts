import { expect, it } from "vitest"
import { testService } from "./support/test-service.js"

it.each(["https://evil.example", "http://127.0.0.1:8420", "null"])("no answer tells a browser that a page at %s may read it", async (origin) => {
  const { call } = await testService()
  const preflight = { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" }
  const answers = [
    await call("GET", "/v1/users/ada/sessions", { headers: { origin } }),
    await call("POST", "/v1/sessions", { headers: { origin }, json: { userId: "ada" } }),
    await call("GET", "/metrics", { headers: { origin } }),
    await call("GET", "/livez", { headers: { origin }, key: null }),
    await call("GET", "/readyz", { headers: { origin }, key: null }),
    await call("GET", "/v1/users/ada/sessions", { headers: { origin }, key: null }),
    await call("GET", "/nowhere", { headers: { origin } }),
    await call("OPTIONS", "/v1/sessions", { headers: preflight }),
    await call("OPTIONS", "/v1/sessions", { headers: preflight, key: null }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 201, 200, 200, 200, 401, 404, 405, 401])
  for (const { headers } of answers) expect([...headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([])
})
