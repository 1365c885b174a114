import { type Finding, UNDECIDED } from "./checks/Findings.js"
import type { Mistake } from "./mistakes.js"
import { describeOptions, type SeedOptions } from "./seed-options.js"
import type { SeedResult } from "./simulate-seed.js"

/** Seeds for one process to go through. */
export interface SimulationTask {
  readonly seeds: readonly number[]
  readonly operations?: number
  readonly mistake?: Mistake
}

/** A seed under which something happened that must not. */
export interface FailedSeed {
  readonly seed: number
  readonly options: string
  readonly findings: readonly Finding[]
}

/** What many seeds came to. */
export interface Tally {
  readonly seeds: number
  readonly calls: number
  readonly virtualMs: number
  readonly seen: Readonly<Record<string, number>>
  readonly failed: readonly FailedSeed[]
  /** Seeds with histories that could not be decided in time. */
  readonly undecided: readonly number[]
}

export const EMPTY_TALLY: Tally = { seeds: 0, calls: 0, virtualMs: 0, seen: {}, failed: [], undecided: [] }

const KEPT_FINDINGS = 5

export function addResult(tally: Tally, options: SeedOptions, { calls, virtualMs, seen, findings }: SeedResult): Tally {
  const failed = findings.length === 0 ? [] : [{ seed: options.seed, options: describeOptions(options), findings: findings.slice(0, KEPT_FINDINGS) }]
  const undecided = (seen[UNDECIDED] ?? 0) > 0 ? [options.seed] : []
  return addTallies(tally, { seeds: 1, calls, virtualMs, seen, failed, undecided })
}

export function addTallies(a: Tally, b: Tally): Tally {
  const seen: Record<string, number> = { ...a.seen }
  for (const [name, times] of Object.entries(b.seen)) seen[name] = (seen[name] ?? 0) + times
  return {
    seeds: a.seeds + b.seeds,
    calls: a.calls + b.calls,
    virtualMs: a.virtualMs + b.virtualMs,
    seen,
    failed: [...a.failed, ...b.failed],
    undecided: [...a.undecided, ...b.undecided],
  }
}

/** What a large set of seeds must have met, or it proves little. */
export const MUST_BE_SEEN = [
  "unknown outcomes",
  "replayed steps",
  "lost replies repeated",
  "late copies refused",
  "failovers",
  "sign-outs that were lost",
  "TRYAGAIN",
  "LOADING",
  "READONLY",
  "OOM",
  "NOSCRIPT",
  "breaker refusals",
  "lists healed",
  "conflicts",
  "limit evictions",
  "limit refusals",
  "touches that failed",
  "sessions that may have expired",
] as const

/** What was not seen though the set is large enough. @param least seeds from which on it must be */
export function neverSeen({ seeds, seen }: Tally, least = 200): readonly string[] {
  return seeds < least ? [] : MUST_BE_SEEN.filter((name) => (seen[name] ?? 0) === 0)
}
