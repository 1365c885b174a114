import { setTimeout as pause } from "node:timers/promises"
import type { FaultProxy } from "../faults/network/FaultProxy.js"
import type { ClientName } from "../workloads/store-clients.js"
import type { WorkerPool } from "../workloads/WorkerPool.js"
import type { NearLine } from "./near-line.js"

/** What is done to the readers of a round while sessions are ended: nothing; their event loops hang; their connections are reset every 100 ms; their network is cut. */
export const NEAR_ROUNDS = ["calm", "blocked", "killed", "cut"] as const
export type NearRound = (typeof NEAR_ROUNDS)[number]

export interface NearPlace {
  readonly pool: WorkerPool
  readonly client: ClientName
  /** Between the readers and the server. */
  readonly proxy: FaultProxy
  readonly seed: number
  readonly leaseMs: number
  /** For how long sessions are ended and changed. */
  readonly windowMs: number
  /** By the common clock, in milliseconds. */
  now(): number
}

const REVOKER = 0
/** So that all that is read is kept before anything is ended, also where a cache was lost in the round before. */
const WARM_MS = 600
const KILLED_EVERY_MS = 100
const RECOVERS_MS = 700
const USERS = 15
const SESSIONS_PER_USER = 3

/** One process ends, replaces and changes sessions, which all others read meanwhile, and for longer than a lease after that. */
export async function runNearRound(place: NearPlace, round: NearRound): Promise<readonly NearLine[]> {
  const { pool, seed, leaseMs, windowMs } = place
  const users = Array.from({ length: USERS }, (_, i) => `near-${seed}-${i}`)
  const opened = await pool.near((process) => ({ role: "sign-in", users: process === REVOKER ? users : [], sessionsPerUser: SESSIONS_PER_USER }))
  const tokens = opened.flatMap((result) => result.tokens)
  const from = place.now() + WARM_MS
  const until = from + windowMs
  const afterwards = until + 2 * leaseMs
  const block = round === "blocked" ? { block: { at: from, ms: windowMs + 1.5 * leaseMs } } : {}
  const [results] = await Promise.all([
    pool.near((process) =>
      process === REVOKER
        ? { role: "revoker", seed, tokens, from, until }
        : { role: "reader", seed: seed + process, tokens, until: round === "cut" ? afterwards + RECOVERS_MS : afterwards, ...block },
    ),
    trouble(place, round, { from, until }),
  ])
  return results.flatMap(({ lines }) => lines)
}

async function trouble(
  { proxy, client, leaseMs, now }: NearPlace,
  round: NearRound,
  { from, until }: { readonly from: number; readonly until: number },
): Promise<void> {
  const wait = (at: number): Promise<void> => pause(Math.max(0, at - now()))
  await wait(from)
  if (round === "killed")
    for (let at = from; at < until; at += KILLED_EVERY_MS) {
      proxy.reset()
      await wait(at + KILLED_EVERY_MS)
    }
  if (round !== "cut") return
  proxy.hang()
  await wait(until + 1.5 * leaseMs)
  // A client that was handed in waits for its line; the library's own leaves a dead one.
  proxy.heal(client === "node-redis" ? "all" : "none")
}
