import Database from "libsql"
import { afterAll, describe, expect, test } from "vitest"
import { type BetterSqlite3Class, overBetterSqlite3 } from "../../infrastructure/sqlite/drivers.js"
import { DEFECTS } from "../support/defects.js"
import { memorySetup } from "../support/memory-store.js"
import { checkAgainstModel } from "../support/model-check.js"
import { redisSetup } from "../support/redis-store.js"
import { SERVER_KINDS } from "../support/servers.js"
import { sqliteSetup } from "../support/sqlite-store.js"

const ON_A_FAKE_CLOCK = { idleMs: 1_800_000, touchIntervalMs: 90_000, toleranceMs: 0, commands: 60 }
// Every read is written down, so that the model need not wait between two calls until it is sure whether one is.
const IN_REAL_TIME = { idleMs: 1_500, touchIntervalMs: 0, toleranceMs: 150, commands: 30 }
const EVERYTHING = ["absent", "conflict", "evicted", "expired", "full", "grace"]
/** A service that stays open is beyond what the model looks at. */
const VISIBLE_DEFECTS = Object.entries(DEFECTS).filter(([name]) => name !== "stays open")

describe("random calls on a service and on the model have the same visible results", () => {
  test("memory", async () => {
    const { met, judged } = await checkAgainstModel({ ...ON_A_FAKE_CLOCK, setup: memorySetup(), runs: 1_000 })
    expect([...met].sort()).toEqual(EVERYTHING)
    expect(judged).toBe(1_000)
  })

  test("sqlite through libsql", async () => {
    const setup = sqliteSetup(overBetterSqlite3("libsql", Database as unknown as BetterSqlite3Class))
    const met = new Set<string>()
    // A hundred runs miss the rarest case now and then; then there are more.
    for (let lane = 0; lane < 20 && met.size < EVERYTHING.length; lane++) {
      const round = await checkAgainstModel({ ...ON_A_FAKE_CLOCK, setup, runs: 100, lane })
      expect(round.judged).toBe(100)
      for (const one of round.met) met.add(one)
    }
    expect([...met].sort()).toEqual(EVERYTHING)
  })

  test.each(VISIBLE_DEFECTS)("a service that %s is found out", async (_, defect) => {
    await expect(checkAgainstModel({ ...ON_A_FAKE_CLOCK, setup: memorySetup(defect), runs: 500 })).rejects.toThrow("COATCHECK_MODEL_SEED=")
  })

  describe.each([...SERVER_KINDS])("%s, whose clock cannot be moved", (kind) => {
    const { setup, end } = redisSetup(kind, kind === "redis" ? "node-redis" : "iovalkey")
    afterAll(end)
    test("in lanes side by side", { timeout: 90_000 }, async () => {
      const met = new Set<string>()
      // Few runs meet few cases, by chance, one in a hundred times hardly any, and then there are more; the many on memory meet them all.
      for (let round = 0; round < 4 && met.size < 2; round++) {
        const lanes = await Promise.all([1, 2, 3, 4, 5].map((lane) => checkAgainstModel({ ...IN_REAL_TIME, setup, runs: 3, lane: 5 * round + lane })))
        const judged = lanes.reduce((sum, lane) => sum + lane.judged, 0)
        expect(judged, "runs of 15 in which every call was fast enough to be judged").toBeGreaterThanOrEqual(8)
        for (const one of lanes.flatMap((lane) => [...lane.met])) met.add(one)
      }
      expect(met.size).toBeGreaterThanOrEqual(2)
    })
  })
})
