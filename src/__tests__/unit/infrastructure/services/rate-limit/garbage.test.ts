import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished } from "vitest"
import { checkRules, findRule } from "../../../../../domain/rate-limit/rules.js"
import { Patrol } from "../../../../../infrastructure/services/Patrol.js"
import { MemoryRateLimits } from "../../../../../infrastructure/services/rate-limit/MemoryRateLimits.js"
import { SqliteRateLimits } from "../../../../../infrastructure/services/rate-limit/SqliteRateLimits.js"
import { SqliteFile } from "../../../../../infrastructure/sqlite/SqliteFile.js"

const rules = checkRules({ short: { limit: 1, window: "1s" }, long: { limit: 1, window: "1h" } })
const clock = { now: () => time }
let time = 1_800_000_000_000
let subjects = 0

/** As many claims of subjects that were never seen. */
function claims(howMany: number, rule: "short" | "long" = "short") {
  return Array.from({ length: howMany }, () => {
    subjects += 1
    return { subject: String(subjects).padStart(22, "0"), rule: findRule(rules, rule), cost: 1 }
  })
}

it("in a file garbage shrinks, however many subjects a step adds", async () => {
  const folder = mkdtempSync(join(tmpdir(), "garbage-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, "limits.db")
  const limits = await SqliteRateLimits.open(file, { clock, timeoutMs: 5_000, keyPrefix: "g:" })
  const beside = await SqliteFile.open(file, 5_000)
  onTestFinished(async () => {
    beside.close()
    await limits.close()
  })
  for (let round = 0; round < 6; round += 1) {
    time += 3_000
    if (round % 2 === 0) await limits.take(claims(8), {})
    else
      await limits.adjust(
        claims(8).map((claim) => ({ ...claim, until: null })),
        {},
      )
  }
  const [row] = await beside.read((db) => db.all<{ readonly rows: number }>("SELECT count(*) AS rows FROM rate_limits", []), {})
  expect(row?.rows).toBe(8)
})

it("a patrol looks at two entries for each that may be added", () => {
  const entries = new Map(Array.from({ length: 40 }, (_, at) => [String(at), at]))
  const patrol = new Patrol(entries, (key) => entries.delete(key))
  patrol.step(8)
  expect(entries.size).toBe(24)
  patrol.step()
  expect(entries.size).toBe(22)
})

it("in memory what has ended makes room before subjects share a count", async () => {
  const limits = new MemoryRateLimits(clock, 20)
  await limits.take(claims(16, "long"))
  await limits.take(claims(4))
  time += 3_000
  const judgements = [...(await limits.take(claims(1))), ...(await limits.take(claims(1)))]
  expect(judgements.map(({ taken }) => taken)).toEqual([true, true])
})

it("in memory each step that may add something removes garbage", async () => {
  const limits = new MemoryRateLimits(clock, 20)
  for (let round = 0; round < 4; round += 1) {
    await limits.take(claims(10))
    time += 900
    await limits.adjust(claims(10).map((claim) => ({ ...claim, until: null })))
    time += 900
    for (const place of claims(10)) await limits.block(place, 500_000)
    time += 900
  }
  const judgements = []
  for (const claim of claims(10)) judgements.push(...(await limits.take([claim])))
  expect(judgements.every(({ taken }) => taken)).toBe(true)
})
