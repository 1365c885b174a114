import { expect, it } from "vitest"
import { startServer } from "../../../src/__tests__/support/servers.js"
import { ask, startService, temporaryFolder } from "./support/service-process.js"

const KEY = "test-key-".repeat(5)

it.each([
  ["none", 204],
  ["replicas", 503],
] as const)("with COATCHECK_DURABILITY=%s and no replica, a sign-out is answered with %i", { timeout: 60_000 }, async (durability, status) => {
  const server = await startServer({ kind: "redis" })
  try {
    const env = { REDIS_URL: `redis://127.0.0.1:${server.port}`, COATCHECK_API_KEY: KEY, COATCHECK_DURABILITY: durability, COATCHECK_STORE_TIMEOUT: "500ms" }
    const { origin } = await startService({ cwd: temporaryFolder(), env })
    const { body } = await ask(origin, KEY, "POST", "/v1/sessions", { json: { userId: "ada" } })
    const signOut = await ask(origin, KEY, "DELETE", "/v1/session", { token: body.token })
    expect(signOut.status).toBe(status)
    if (status === 503) expect(signOut.body).toMatchObject({ code: "ERR_NOT_DURABLE", outcome: "applied", retryable: true })
    expect((await ask(origin, KEY, "GET", "/v1/session", { token: body.token })).status).toBe(404)
  } finally {
    await server.stop()
  }
})
