import { describe, expect, it } from "vitest"
import { UNDECIDED } from "../simulation/checks/Findings.js"
import { MISTAKES, type Mistake } from "../simulation/mistakes.js"
import { REGRESSION_SEEDS } from "../simulation/regressions.js"
import { describeOptions, type Fault, optionsOf, type SeedOptions } from "../simulation/seed-options.js"
import { simulateSeed } from "../simulation/simulate-seed.js"
import { addResult, addTallies, EMPTY_TALLY, MUST_BE_SEEN, neverSeen } from "../simulation/tally.js"

/** A seed's run with faults of our choice, and sessions that outlive it. */
function withFaults(seed: number, ...faults: readonly Fault[]): SeedOptions {
  return { ...optionsOf(seed), faults: new Set(faults), expiring: false, idleMs: 86_400_000, absoluteMs: 30 * 86_400_000, timeoutMs: 300, touchIntervalMs: 20 }
}

it("the same seed gives the same run, event by event, and another seed another one", async () => {
  for (const seed of [3, 4, 5]) {
    const first = await simulateSeed(optionsOf(seed))
    const second = await simulateSeed(optionsOf(seed))
    expect({ seed, ...second }).toEqual({ seed, ...first })
    expect((await simulateSeed(optionsOf(seed + 100))).trace).not.toBe(first.trace)
  }
})

it("clocks and timers are real again after a run", async () => {
  const before = [globalThis.setTimeout, globalThis.setImmediate, Math.random, Date.now, AbortSignal.timeout]
  const wallClock = Date.now()
  await simulateSeed(optionsOf(7, 50))
  expect([globalThis.setTimeout, globalThis.setImmediate, Math.random, Date.now, AbortSignal.timeout]).toEqual(before)
  expect(Date.now() - wallClock).toBeLessThan(60_000)
  expect(performance.now()).toBeGreaterThan(0)
})

it("explains every answer of a dozen seeds, each with faults of its own", { timeout: 600_000 }, async () => {
  let tally = EMPTY_TALLY
  for (let seed = 1; seed <= 12; seed++) tally = addResult(tally, optionsOf(seed), await simulateSeed(optionsOf(seed)))
  expect(tally.failed).toEqual([])
  expect(tally.seeds).toBe(12)
  expect(tally.calls).toBeGreaterThan(4_000)
  expect(tally.virtualMs).toBeGreaterThan(10_000)
  expect(tally.seen["histories searched"]).toBeGreaterThan(200)
})

it.each(REGRESSION_SEEDS)("seed %i, which once found a mistake, finds nothing any more", { timeout: 600_000 }, async (seed) => {
  expect((await simulateSeed(optionsOf(seed))).findings).toEqual([])
})

it("without faults every call is answered, and no outcome is unknown", { timeout: 600_000 }, async () => {
  for (const seed of [1, 2]) {
    // A client that may send again without telling leaves a refusal at the limit in doubt.
    const { findings, seen, calls } = await simulateSeed({ ...withFaults(seed), resends: false })
    expect(findings).toEqual([])
    expect(calls).toBeGreaterThan(400)
    expect(seen["unknown outcomes"]).toBeUndefined()
    expect(seen["breaker refusals"]).toBeUndefined()
  }
})

/** Under which faults a mistake shows. */
const SHOWS: Readonly<Record<Mistake, readonly Fault[]>> = {
  "touch-brings-back": ["delay"],
  "update-without-compare": ["delay"],
  "not-after-ignored": ["pause"],
  "operation-forgotten": ["lost-reply"],
  "limit-checked-before": [],
  "sign-out-without-cutoff": ["delay"],
  "sign-out-from-the-past": [],
  "delete-does-nothing": [],
  "list-key-never-dies": ["eviction"],
  "absolute-deadline-moves": [],
}
/** The rarest shows in one of 25. */
const SEEDS = 150

describe("a mistake is found within some seeds, and nothing is found without it:", () => {
  it.each(MISTAKES)("%s", { timeout: 600_000 }, async (mistake) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const options = withFaults(seed, ...SHOWS[mistake])
      const { findings } = await simulateSeed(options, mistake)
      if (findings.length === 0) continue
      const { findings: without } = await simulateSeed(options)
      expect(without).toEqual([])
      return
    }
    expect.unreachable(`${SEEDS} seeds found nothing wrong with ${mistake}`)
  })
})

describe("a set of seeds", () => {
  it("fails when it is large and something was never met", () => {
    const large = { ...EMPTY_TALLY, seeds: 200, seen: Object.fromEntries(MUST_BE_SEEN.map((name) => [name, 1])) }
    expect(neverSeen(large)).toEqual([])
    const { failovers: _, ...rest } = large.seen
    expect(neverSeen({ ...large, seen: rest })).toEqual(["failovers"])
    expect(neverSeen({ ...large, seeds: 199, seen: rest })).toEqual([])
  })

  it("adds up, and names each seed that failed with its options, and each that was not decided", () => {
    const options = optionsOf(9)
    const result = { findings: [{ rule: "I9", what: "too many" }], seen: { failovers: 2 }, calls: 3, virtualMs: 4, trace: "" }
    const slow = { ...result, findings: [], seen: { failovers: 2, [UNDECIDED]: 1 } }
    const tally = addTallies(addResult(EMPTY_TALLY, options, result), addResult(EMPTY_TALLY, { ...options, seed: 10 }, slow))
    expect(tally).toEqual({
      seeds: 2,
      calls: 6,
      virtualMs: 8,
      seen: { failovers: 4, [UNDECIDED]: 1 },
      failed: [{ seed: 9, options: describeOptions(options), findings: result.findings }],
      undecided: [10],
    })
  })
})
