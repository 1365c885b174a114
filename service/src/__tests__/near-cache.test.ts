import { expect, it } from "vitest"
import { SERVER_KINDS, startServer } from "../../../src/__tests__/support/servers.js"
import { startService, temporaryFolder } from "./support/service-process.js"

const KEY = "k".repeat(40)

it.each(SERVER_KINDS)("answers from memory with COATCHECK_NEAR_CACHE on %s, and its gauge tells of it", async (kind) => {
  await using server = await startServer({ kind })
  const { origin } = await startService({ cwd: temporaryFolder(), env: { REDIS_URL: server.url, COATCHECK_API_KEY: KEY, COATCHECK_NEAR_CACHE: "true" } })
  const headers = { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" }
  const gauge = async (): Promise<string | undefined> => {
    const text = await (await fetch(`${origin}/metrics`, { headers })).text()
    return /^coatcheck_near_cache_serving (\d)$/m.exec(text)?.[1]
  }
  await expect.poll(gauge, { timeout: 20_000 }).toBe("1")
  const made = await fetch(`${origin}/v1/sessions`, { method: "POST", headers, body: JSON.stringify({ userId: "ada" }) })
  const { token } = (await made.json()) as { readonly token: string }
  const read = async (): Promise<number> => (await fetch(`${origin}/v1/session`, { headers: { ...headers, "X-Session-Token": token } })).status
  for (let n = 0; n < 10; n += 1) expect(await read()).toBe(200)
  server.pause()
  // Whatever comes of the requests meanwhile, it is not that nobody is signed in.
  await expect.poll(gauge, { timeout: 20_000 }).toBe("0")
  expect(await read()).toBe(503)
  server.resume()
  await expect.poll(gauge, { timeout: 20_000 }).toBe("1")
  await expect.poll(read, { timeout: 20_000 }).toBe(200)
})
