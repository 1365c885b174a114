import { expect, it } from "vitest"
import { SERVER_KINDS, startCluster, startServer } from "../../../src/__tests__/support/servers.js"
import { startService, temporaryFolder } from "./support/service-process.js"

const KEY = "k".repeat(40)
const headers = { Authorization: `Bearer ${KEY}`, "Content-Type": "application/json" }

async function startCaching(redisUrl: string) {
  const { origin } = await startService({ cwd: temporaryFolder(), env: { REDIS_URL: redisUrl, COATCHECK_API_KEY: KEY, COATCHECK_NEAR_CACHE: "true" } })
  return {
    async isServing(): Promise<string | undefined> {
      const text = await (await fetch(`${origin}/metrics`, { headers })).text()
      return /^coatcheck_near_cache_serving (\d)$/m.exec(text)?.[1]
    },
    async signIn(): Promise<string> {
      const made = await fetch(`${origin}/v1/sessions`, { method: "POST", headers, body: JSON.stringify({ userId: "ada" }) })
      return ((await made.json()) as { readonly token: string }).token
    },
    ask: async (token: string, method = "GET"): Promise<number> =>
      (await fetch(`${origin}/v1/session`, { method, headers: { ...headers, "X-Session-Token": token } })).status,
  }
}

it.each(SERVER_KINDS)("answers from memory with COATCHECK_NEAR_CACHE on %s, and its gauge tells of it", async (kind) => {
  await using server = await startServer({ kind })
  const { isServing, signIn, ask } = await startCaching(server.url)
  await expect.poll(isServing, { timeout: 20_000 }).toBe("1")
  const token = await signIn()
  for (let n = 0; n < 10; n += 1) expect(await ask(token)).toBe(200)
  server.pause()
  // Whatever comes of the requests meanwhile, it is not that nobody is signed in.
  await expect.poll(isServing, { timeout: 20_000 }).toBe("0")
  expect(await ask(token)).toBe(503)
  server.resume()
  await expect.poll(isServing, { timeout: 20_000 }).toBe("1")
  await expect.poll(() => ask(token), { timeout: 20_000 }).toBe(200)
})

it("answers from memory on a cluster, too", { timeout: 60_000 }, async () => {
  await using cluster = await startCluster("valkey")
  const { isServing, signIn, ask } = await startCaching(`redis+cluster://${cluster.ports.map((port) => `127.0.0.1:${port}`).join(",")}`)
  await expect.poll(isServing, { timeout: 20_000 }).toBe("1")
  const token = await signIn()
  for (let n = 0; n < 10; n += 1) expect(await ask(token)).toBe(200)
  expect(await ask(token, "DELETE")).toBeLessThan(300)
  expect(await ask(token)).toBe(404)
})
