import { randomUUID } from "node:crypto"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { createRateLimitingService } from "../../exports/rate-limit.js"
import { keySlot } from "../../infrastructure/redis/clients/key-slot.js"
import { subjectName, subjectText } from "../../infrastructure/services/rate-limit/subjects.js"
import { CACHE_KEYS_PATTERNS } from "../../shared/constants.js"
import { clusterClient } from "../support/rate-limit-cluster-clients.mjs"
import { describeRateLimitsThrough } from "../support/rate-limit-stores.js"
import { most, runTogether, type Span } from "../support/rate-limit-workers.js"
import { askServer, startCluster, type TestCluster } from "../support/servers.js"

const WORKER = fileURLToPath(new URL("../support/rate-limit-cluster-worker.mjs", import.meta.url))
const SUBJECTS = 6
/** Microseconds. */
const LENGTH = 1_000_000
const WINDOW = 500_000
const LIMIT = 40
/** How far the nodes' clocks may be off within a window. */
const CLOCK = 2_000

const rules = {
  log: { algorithm: "sliding-log", limit: 300, window: "1h" },
  bucket: { limit: 600, window: "10h" },
  shared: { algorithm: "sliding-log", limit: LIMIT, window: "500ms" },
} as const

interface Seen {
  readonly admitted: readonly (readonly [from: number, to: number, subject: string])[]
  readonly denied: number
}

describe.each([
  ["redis", "node-redis"],
  ["valkey", "ioredis"],
] as const)("on a cluster of %s through %s", (kind, library) => {
  let cluster: TestCluster
  let own: Awaited<ReturnType<typeof clusterClient>>
  beforeAll(async () => {
    cluster = await startCluster(kind)
    own = await clusterClient(library, cluster.ports)
  })
  afterAll(async () => {
    await own?.end()
    await cluster?.stop()
  })

  describeRateLimitsThrough("the suite", async () => own.client)

  it("four processes take of many subjects on all nodes no more than each rule admits, and what is denied is given back to the unit", async () => {
    const keyPrefix = `c:${randomUUID().slice(0, 13)}:`
    const keys = Array.from({ length: SUBJECTS }, (_, at) => `subject ${at}`)
    const slots = [...keys, "all"].map((key) => keySlot(keyPrefix + CACHE_KEYS_PATTERNS.RATE_LIMIT(subjectName(subjectText({ key }, 64)), "log")))
    expect(new Set(slots).size).toBe(SUBJECTS + 1)
    expect(new Set(slots.map((slot) => Math.floor((slot * 3) / 16_384))).size, "nodes").toBeGreaterThan(1)

    const flush = async () => {
      for (let times = 0; times < 8; times += 1) {
        for (const port of cluster.ports) expect(await askServer(port, "SCRIPT FLUSH")).toMatch(/^\+OK/)
        await pause(100)
      }
    }
    const settings = { library, ports: cluster.ports, keyPrefix, rules, subjects: SUBJECTS, inFlight: 64, length: LENGTH }
    const seen = await runTogether<Seen>(WORKER, 4, settings, flush)
    const admitted = seen.flatMap((one) => one.admitted)
    const spans = admitted.map(([from, to]): Span => [from, to])
    expect(most(spans, WINDOW - 1 - CLOCK)).toBeLessThanOrEqual(LIMIT)
    expect(admitted.length).toBeGreaterThanOrEqual((LIMIT * LENGTH) / WINDOW / 2)
    expect(seen.reduce((sum, one) => sum + one.denied, 0)).toBeGreaterThan(200)

    const limits = await createRateLimitingService({ store: own.client, keyPrefix, rules })
    onTestFinished(() => limits.close())
    for (const key of keys) {
      const units = admitted.filter(([, , subject]) => subject === key).length
      const [log, bucket] = [await limits.getRateLimitStatus({ key }, "log"), await limits.getRateLimitStatus({ key }, "bucket")]
      expect([log.totalRequests, bucket.totalRequests], key).toEqual([units, 2 * units])
    }
  }, 60_000)
})
