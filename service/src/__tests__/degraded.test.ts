import { type DoctorFinding, SessionError } from "coatcheck"
import { describe, expect, it } from "vitest"
import { SERVER_KINDS, startServer } from "../../../src/__tests__/support/servers.js"
import { rawClient } from "../../../src/__tests__/support/services-under-watch.js"
import { spawnService, startService, temporaryFolder } from "./support/service-process.js"
import { testService } from "./support/test-service.js"

const KEY = "k".repeat(40)
const EVICTS: DoctorFinding = { check: "eviction", level: "problem", found: "maxmemory-policy allkeys-lru", remedy: "Set maxmemory-policy noeviction." }

const ready = async (origin: string): Promise<unknown> => (await fetch(`${origin}/readyz`)).json()

describe("a store with problems", () => {
  it("is examined once for requests of one moment, and told in the log once", async () => {
    let examined = 0
    const doctor = async () => {
      examined += 1
      return {
        healthy: false,
        findings: [
          { ...EVICTS, node: "primary 1 of 2" },
          { ...EVICTS, node: "primary 2 of 2" },
        ],
      }
    }
    const { call, logged } = await testService({ doctor })
    const answers = await Promise.all(Array.from({ length: 5 }, () => call("GET", "/readyz", { key: null })))
    for (const { status, body } of answers) expect([status, body]).toEqual([200, { status: "degraded", problems: ["eviction"] }])
    expect(examined).toBe(1)
    await expect.poll(async () => (await call("GET", "/readyz", { key: null })) && examined, { timeout: 5_000 }).toBe(2)
    expect(logged.filter((line) => line.includes("the store has a problem"))).toHaveLength(2)
  })

  it("is told in a line whose level is the logger's, once more when it gets worse", async () => {
    let level: DoctorFinding["level"] = "warning"
    const doctor = async () => ({ healthy: false, findings: [{ ...EVICTS, level }] })
    const { call, logged } = await testService({ doctor })
    const told = () => logged.filter((line) => line.includes("the store has a"))
    await call("GET", "/readyz", { key: null })
    level = "problem"
    await expect.poll(async () => (await call("GET", "/readyz", { key: null })) && told().length, { timeout: 5_000 }).toBe(2)
    expect(told().map((line) => line.match(/"(?:level|severity)":[^,]+/g))).toEqual([
      ['"level":40', '"severity":"warning"'],
      ['"level":40', '"severity":"problem"'],
    ])
  })

  it("that answers and cannot be examined is degraded, and told once", async () => {
    let isGone = true
    const doctor = async () => {
      if (isGone) throw new SessionError("ERR_STORE_UNAVAILABLE", "A primary is gone.")
      return { healthy: true, findings: [] }
    }
    const { call, logged } = await testService({ doctor })
    for (let n = 0; n < 3; n++) {
      const { status, body } = await call("GET", "/readyz", { key: null })
      expect([status, body]).toEqual([200, { status: "degraded", problems: ["examination"] }])
    }
    const told = logged.filter((line) => line.includes("the store has a problem: examination"))
    expect(told).toEqual([expect.stringMatching(/"found":"ERR_STORE_UNAVAILABLE","remedy":"See whether the servers/)])
    isGone = false
    await expect.poll(async () => (await call("GET", "/readyz", { key: null })).body, { timeout: 5_000 }).toEqual({ status: "ready", problems: [] })
  })

  describe.each(SERVER_KINDS)("on %s", (kind) => {
    it("is degraded as soon as it is examined, and ready again afterwards", async () => {
      await using server = await startServer({ kind })
      const raw = await rawClient(server.url)
      const { origin, stderr } = await startService({ cwd: temporaryFolder(), env: { REDIS_URL: server.url, COATCHECK_API_KEY: KEY } })
      expect(await ready(origin)).toEqual({ status: "ready", problems: [] })
      // At the start already.
      expect(stderr()).toContain("the store has a warning: persistence")
      await raw.send("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
      await expect.poll(() => ready(origin), { timeout: 10_000 }).toEqual({ status: "degraded", problems: ["eviction"] })
      await expect.poll(stderr, { timeout: 5_000 }).toMatch(/"remedy":"Set maxmemory-policy noeviction[^\n]*the store has a problem: eviction"/)
      await raw.send("CONFIG", "SET", "maxmemory-policy", "noeviction")
      await expect.poll(() => ready(origin), { timeout: 10_000 }).toEqual({ status: "ready", problems: [] })
      raw.close()
    })

    it("keeps a strict service from starting: 78, with what to do", async () => {
      await using server = await startServer({ kind, args: ["--maxmemory-policy", "volatile-lru"] })
      const service = spawnService({ cwd: temporaryFolder(), env: { REDIS_URL: server.url, COATCHECK_API_KEY: KEY, COATCHECK_STRICT: "true" } })
      expect((await service.ended).code).toBe(78)
      expect(service.stderr()).toMatch(
        /^coatcheck: COATCHECK_STRICT .*eviction: maxmemory-policy volatile-lru.*Set maxmemory-policy noeviction.*, or unset COATCHECK_STRICT\.\n$/,
      )
      expect(service.stdout()).toBe("")
    })
  })
})
