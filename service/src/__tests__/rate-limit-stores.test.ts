import { describe, expect, it } from "vitest"
import { askServer, SERVER_KINDS, startServer } from "../../../src/__tests__/support/servers.js"
import { ask, startService, temporaryFolder } from "./support/service-process.js"

const KEY = "test-key-".repeat(5)
const RULES = {
  codes: { algorithm: "sliding-log", limit: 20, window: "1h" },
  shut: { limit: 3, window: "1h" },
  wide: { limit: 3, window: "1h", onOutage: "open" },
  near: { limit: 3, window: "1h", onOutage: "local" },
} as const
const env = { COATCHECK_API_KEY: KEY, COATCHECK_RATE_LIMITS: JSON.stringify(RULES) }
const subject = { userId: "ada" }

type Service = Awaited<ReturnType<typeof startService>>
const post = ({ origin }: Service, rule: string, verb: string, json: object = { subject }) =>
  ask(origin, KEY, "POST", `/v1/rate-limits/${rule}/${verb}`, { json })

/** Two services on one store, one of which is killed: together they allow as much as one rule says. */
async function countTogether(start: () => Promise<Service>): Promise<void> {
  const [one, two] = await Promise.all([start(), start()])
  const answers = await Promise.all(Array.from({ length: 32 }, (_unused, n) => post(n % 2 === 0 ? one : two, "codes", "check")))
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  expect(answers.filter(({ body }) => body.allowed)).toHaveLength(20)
  one.child.kill("SIGKILL")
  await one.ended
  const next = await start()
  expect((await post(next, "codes", "check")).body).toMatchObject({ allowed: false, reason: "limit", totalRequests: 20, judgedBy: "store" })
  expect((await post(next, "codes", "reset")).status).toBe(204)
  expect((await post(next, "codes", "check")).body).toMatchObject({ allowed: true, totalRequests: 1 })
  // What another service was told is seen by this one at once, for looking asks the store.
  expect((await post(two, "codes", "status")).body).toMatchObject({ allowed: true, totalRequests: 1 })
}

it("services on one SQLite file count together, beside its sessions", async () => {
  const cwd = temporaryFolder()
  await countTogether(() => startService({ cwd, env }))
})

describe.each(SERVER_KINDS)("on %s", (kind) => {
  it("services count together, each over the one connection that its sessions have", async () => {
    await using server = await startServer({ kind })
    const connected = async () => Number(/connected_clients:(\d+)/.exec(await askServer(server.port, "INFO clients"))?.[1])
    const start = () => startService({ cwd: temporaryFolder(), env: { ...env, REDIS_URL: server.url } })
    await countTogether(start)
    const { COATCHECK_API_KEY } = env
    const before = await connected()
    const plain = await startService({ cwd: temporaryFolder(), env: { COATCHECK_API_KEY, REDIS_URL: server.url } })
    const without = (await connected()) - before
    plain.child.kill("SIGKILL")
    await plain.ended
    await expect.poll(connected, { timeout: 10_000 }).toBe(before)
    await post(await start(), "codes", "check")
    expect((await connected()) - before).toBe(without)
  })

  it("without its server each rule decides as it says, and what no rule decides is 503", async () => {
    await using server = await startServer({ kind, args: ["--appendonly", "yes", "--appendfsync", "always"] })
    const service = await startService({ cwd: temporaryFolder(), env: { ...env, REDIS_URL: server.url } })
    expect((await post(service, "shut", "check")).body).toMatchObject({ allowed: true, judgedBy: "store" })
    await server.kill9()
    const shut = await post(service, "shut", "check")
    expect([shut.status, shut.body]).toMatchObject([200, { allowed: false, reason: "unavailable", retryAfter: 1, judgedBy: "policy" }])
    expect((await post(service, "shut", "status")).body).toMatchObject({ allowed: false, reason: "unavailable" })
    expect((await post(service, "wide", "check")).body).toMatchObject({ allowed: true, judgedBy: "policy" })
    for (const allowed of [true, true, true, false]) expect((await post(service, "near", "check")).body).toMatchObject({ allowed, judgedBy: "local" })
    const checks = [
      { rule: "wide", subject },
      { rule: "shut", subject },
    ]
    expect((await ask(service.origin, KEY, "POST", "/v1/rate-limits/check", { json: { checks } })).body).toMatchObject({ allowed: false, rule: "shut" })
    for (const verb of ["reset", "reward", "penalize", "block"]) {
      const answer = await post(service, "shut", verb, { subject, ...(verb === "block" && { duration: "1h" }) })
      expect([verb, answer]).toMatchObject([verb, { status: 503, body: { code: expect.stringMatching(/^ERR_STORE_/), retryable: true } }])
    }
    const { text } = await metricsOf(service)
    for (const [rule, outages] of Object.entries({ codes: 0, shut: 2, wide: 2, near: 4 })) {
      expect(text).toContain(`coatcheck_rate_limit_outages_total{rule="${rule}"} ${outages}\n`)
    }
    expect(text).toContain('coatcheck_rate_limit_decisions_total{rule="shut",outcome="unavailable",judged_by="policy"} 2\n')
    expect(text).toContain('coatcheck_rate_limit_decisions_total{rule="near",outcome="limit",judged_by="local"} 1\n')
    await server.restart()
    await expect.poll(async () => (await post(service, "shut", "check")).body.judgedBy, { timeout: 15_000 }).toBe("store")
    expect((await post(service, "shut", "status")).body.totalRequests).toBeGreaterThanOrEqual(1)
  })
})

async function metricsOf({ origin }: Service): Promise<{ readonly text: string }> {
  return { text: await (await fetch(`${origin}/metrics`, { headers: { Authorization: `Bearer ${KEY}` } })).text() }
}
