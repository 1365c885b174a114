import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it, onTestFinished } from "vitest"
import type { ConcurrencyRule, CountingRule } from "../../exports/rate-limit.js"
import { most, runTogether, type Span } from "../support/rate-limit-workers.js"
import { sharedServer } from "../support/servers.js"

// Four processes call one rule of one subject with 64 calls in flight each. Whatever order their calls come in, no span of time holds more
// admissions than the algorithm's formula allows; and a limiter that denies more than it must fails as well.

const WORKER = fileURLToPath(new URL("../support/rate-limit-worker.mjs", import.meta.url))
const PROCESSES = 4
const IN_FLIGHT = 64
/** How long they go on, in microseconds, once all are up. */
const LENGTH = 2_000_000
const WINDOW = 500_000
const LIMIT = 40
/** How far the stores' clocks may be off within a window: SQLite's counts milliseconds, and both may be slewed. */
const CLOCK = 2_000

interface Seen {
  readonly admitted: readonly Span[]
  readonly denied: number
}

async function callTogether(store: string, rule: CountingRule | ConcurrencyRule): Promise<Seen> {
  const settings = { store, keyPrefix: `p:${randomUUID().slice(0, 13)}:`, rule, inFlight: IN_FLIGHT, length: LENGTH }
  const all = await runTogether<Seen>(WORKER, PROCESSES, settings)
  const admitted = all.flatMap((one) => one.admitted).sort((a, b) => a[0] - b[0])
  return { admitted, denied: all.reduce((sum, one) => sum + one.denied, 0) }
}

/** Spans in microseconds, and the most that each may hold. */
const RULES: Readonly<Record<string, { readonly rule: CountingRule; readonly bounds: readonly Span[]; readonly least: number }>> = {
  "sliding log": {
    rule: { algorithm: "sliding-log", limit: LIMIT, window: "500ms" },
    bounds: [
      [WINDOW - 1, LIMIT],
      [2 * WINDOW - 1, 2 * LIMIT],
    ],
    least: (LIMIT * LENGTH) / WINDOW,
  },
  GCRA: {
    rule: { limit: LIMIT, window: "500ms", burst: 10 },
    bounds: [0, 0.1, 0.5, 1, 2].map((windows) => [windows * WINDOW, 10 + Math.floor(windows * LIMIT)] as const),
    least: 10 + (LENGTH * LIMIT) / WINDOW,
  },
  "fixed window": {
    rule: { algorithm: "fixed-window", limit: LIMIT, window: "500ms" },
    bounds: [
      [WINDOW - 1, 2 * LIMIT],
      [2 * WINDOW - 1, 3 * LIMIT],
    ],
    least: (LIMIT * LENGTH) / WINDOW,
  },
  "sliding counter": {
    rule: { algorithm: "sliding-counter", limit: LIMIT, window: "500ms" },
    bounds: [
      [WINDOW - 1, 2 * LIMIT - 1],
      [2 * WINDOW - 1, 3 * LIMIT],
    ],
    least: (LIMIT * LENGTH) / WINDOW / 2,
  },
}

const STORES: Readonly<Record<string, () => string>> = {
  redis: () => sharedServer("redis").url,
  valkey: () => sharedServer("valkey").url,
  sqlite: () => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-limits-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    return `sqlite:${join(folder, "limits.db")}`
  },
}

describe.each(Object.entries(STORES))("on %s", (_name, store) => {
  it.each(Object.entries(RULES))(
    "%s: no span holds more than the formula, and all of them not much less",
    async (_algorithm, { rule, bounds, least }) => {
      const { admitted, denied } = await callTogether(store(), rule)
      for (const [span, bound] of bounds) expect(most(admitted, Math.max(0, span - CLOCK)), `within ${span} µs`).toBeLessThanOrEqual(bound)
      expect(admitted.length).toBeGreaterThanOrEqual(least / 2)
      expect(denied).toBeGreaterThan(0)
    },
    120_000,
  )

  it("concurrency: at no instant more leases than the limit, and a place that is free is given", async () => {
    const { admitted, denied } = await callTogether(store(), { algorithm: "concurrency", limit: 3, lease: "1m" })
    const changes = admitted.flatMap(([from, to]) => [[from, 1] as const, [to, -1] as const]).sort((a, b) => a[0] - b[0] || a[1] - b[1])
    let [held, highest] = [0, 0]
    for (const [, change] of changes) {
      held += change
      highest = Math.max(highest, held)
    }
    expect(highest).toBeLessThanOrEqual(3)
    expect(admitted.length).toBeGreaterThan(20)
    expect(denied).toBeGreaterThan(0)
  }, 120_000)
})
