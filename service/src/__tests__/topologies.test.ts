import { expect, it } from "vitest"
import { askServer, startCluster, startSentinels } from "../../../src/__tests__/support/servers.js"
import { ask, startService, temporaryFolder } from "./support/service-process.js"

const KEY = "test-key-".repeat(5)

const RULES = JSON.stringify({ once: { algorithm: "sliding-log", limit: 1, window: "1h" } })

async function serves(redisUrl: string): Promise<void> {
  const { origin } = await startService({
    cwd: temporaryFolder(),
    env: { REDIS_URL: redisUrl, COATCHECK_API_KEY: KEY, COATCHECK_RATE_LIMITS: RULES },
  })
  await limits(origin)
  const made = await Promise.all(Array.from({ length: 12 }, (_unused, n) => ask(origin, KEY, "POST", "/v1/sessions", { json: { userId: `user ${n}` } })))
  expect(made.map(({ status }) => status)).toEqual(made.map(() => 201))
  for (const [n, { body }] of made.entries()) {
    const { status, body: read } = await ask(origin, KEY, "GET", "/v1/session", { token: body.token })
    expect([status, read.session.userId]).toEqual([200, `user ${n}`])
  }
  expect((await ask(origin, KEY, "DELETE", "/v1/session", { token: made[0]?.body.token })).status).toBeLessThan(300)
  expect((await ask(origin, KEY, "GET", "/v1/session", { token: made[0]?.body.token })).status).toBeGreaterThanOrEqual(400)
}

async function limits(origin: string): Promise<void> {
  const check = async (...subjects: readonly object[]) => {
    const checks = subjects.map((subject) => ({ rule: "once", subject }))
    return (await ask(origin, KEY, "POST", "/v1/rate-limits/check", { json: { checks } })).body
  }
  const users = Array.from({ length: 12 }, (_unused, n) => ({ userId: `user ${n}` }))
  const [last = {}] = users.slice(-1)
  for (const allowed of [true, false]) {
    const decided = await Promise.all(users.slice(0, -1).map((user) => check(user)))
    expect(decided.map((decision) => [decision.allowed, decision.judgedBy])).toEqual(decided.map(() => [allowed, "store"]))
  }
  // Denied for the second, so nothing is taken of the first.
  expect((await check(last, { userId: "user 0" })).allowed).toBe(false)
  expect((await check(last)).allowed).toBe(true)
}

it("serves sessions and rate limits of a cluster that REDIS_URL names", { timeout: 60_000 }, async () => {
  await using cluster = await startCluster("redis")
  await serves(`redis+cluster://${cluster.ports.map((port) => `127.0.0.1:${port}`).join(",")}`)
  const held = await Promise.all(cluster.nodes.map(({ port }) => keysOf(port)))
  // Twelve users fall into the slots of more than one node.
  expect(held.filter((keys) => keys > 0).length).toBeGreaterThan(1)
})

it("serves sessions and rate limits of the primary that the Sentinels of REDIS_URL name", { timeout: 60_000 }, async () => {
  await using group = await startSentinels("valkey")
  await serves(`redis+sentinel://${group.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${group.primaryName}`)
  expect(await keysOf(group.primary.port)).toBeGreaterThan(0)
})

async function keysOf(port: number): Promise<number> {
  return Number((await askServer(port, "DBSIZE")).slice(1))
}
