import { type Random, randomFrom } from "../workloads/random.js"

export const FAULTS = [
  "reset",
  "lost-reply",
  "delay",
  "silence",
  "script-flush",
  "loading",
  "readonly",
  "oom",
  "tryagain",
  "failover",
  "power-cut",
  "eviction",
  "server-clock",
  "app-clock",
  "stall",
  "kill",
  "pause",
  "slow-consumer",
] as const
export type Fault = (typeof FAULTS)[number]

/** What one run is like: all of it follows from the seed. */
export interface SeedOptions {
  readonly seed: number
  readonly faults: ReadonlySet<Fault>
  readonly nodes: number
  readonly actors: number
  readonly operations: number
  readonly timeoutMs: number
  readonly touchIntervalMs: number
  /** The longest pause of an actor between two calls. */
  readonly thinkMs: number
  /** Sessions that end by themselves within the run. */
  readonly expiring: boolean
  readonly idleMs: number
  readonly absoluteMs: number
  readonly offlineQueue: boolean
  readonly resends: boolean
}

const OPERATIONS = 500
const DAY_MS = 86_400_000

export function optionsOf(seed: number, operations = OPERATIONS): SeedOptions {
  const random = randomFrom(seed)
  // The first numbers of neighbouring seeds resemble each other.
  for (let skipped = 0; skipped < 8; skipped++) random(2)
  const faults = new Set(FAULTS.filter(() => random(4) === 0))
  // Where clocks are set nobody can say when a session ends.
  const expiring = random(4) === 0 && !["server-clock", "failover", "power-cut"].some((fault) => faults.has(fault as Fault))
  return {
    seed,
    faults,
    nodes: 2 + random(2),
    actors: 6 + random(9),
    operations,
    timeoutMs: pick(random, [100, 300, 1_000]),
    touchIntervalMs: pick(random, [20, 100, 1_000]),
    thinkMs: expiring ? 300 : pick(random, [20, 80, 400]),
    expiring,
    idleMs: expiring ? pick(random, [500, 2_000]) : DAY_MS,
    absoluteMs: expiring ? pick(random, [1_500, 5_000]) : 30 * DAY_MS,
    offlineQueue: random(2) === 0,
    resends: random(5) === 0,
  }
}

function pick<T>(random: Random, all: readonly [T, ...T[]]): T {
  return all[random(all.length)] ?? all[0]
}

export function describeOptions({ faults, ...rest }: SeedOptions): string {
  const options = Object.entries(rest).map(([name, value]) => `${name}=${value}`)
  return `${options.join(" ")} faults=${[...faults].join(",") || "none"}`
}
