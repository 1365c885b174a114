import { setTimeout as pause } from "node:timers/promises"
import type { FaultProxy } from "../faults/network/FaultProxy.js"
import { connectPlain, type PlainClient } from "../servers/plain-client.js"
import { askStore } from "../servers/SentinelGroup.js"
import type { StoreServer } from "../servers/StoreServer.js"
import type { ClientName } from "../workloads/store-clients.js"
import type { WorkerPool } from "../workloads/WorkerPool.js"
import type { NearToken } from "./near-job.js"
import type { NearLine } from "./near-line.js"
import { namesOf } from "./RecordedNear.js"

/**
 * What is done to the readers of a round while sessions are ended. `blocked`: their event loops hang; `killed`: their connections are reset every 100 ms; `cut`: their network is cut; `untold`:
 * every 100 ms the server closes each connection on which it tells of changes; `emptied`: it forgets everything, halfway.
 */
export type NearRound = "calm" | "blocked" | "killed" | "cut" | "untold" | "emptied"

export interface NearPlace {
  readonly pool: WorkerPool
  readonly client: ClientName
  readonly servers: readonly Pick<StoreServer, "url">[]
  /** Between the readers and the server, where a round has it act. */
  readonly proxy?: FaultProxy
  readonly seed: number
  readonly leaseMs: number
  /** For how long sessions are ended and changed. */
  readonly windowMs: number
  /** Three sessions each; 15 by default. */
  readonly users?: number
  /** By the common clock, in milliseconds. */
  now(): number
}

const REVOKER = 0
/** So that all that is read is kept before anything is ended, also where a cache was lost in the round before. */
const WARM_MS = 400
const KILLED_EVERY_MS = 100
/** Longer than a call may take: whoever waited in vain asks once more. */
const RECOVERS_MS = 3_000
const SESSIONS_PER_USER = 3

/** One process ends, replaces and changes sessions, which all others read meanwhile, and for longer than a lease after that. */
export async function runNearRound(place: NearPlace, round: NearRound): Promise<readonly NearLine[]> {
  const { pool, seed, leaseMs, windowMs, users: count = 15 } = place
  const users = Array.from({ length: count }, (_, i) => `near-${seed}-${i}`)
  const opened = await pool.near((process) => ({ role: "sign-in", users: process === REVOKER ? users : [], sessionsPerUser: SESSIONS_PER_USER }))
  const tokens = opened.flatMap((result) => result.tokens)
  const from = place.now() + WARM_MS
  const until = from + windowMs
  const afterwards = until + 2 * leaseMs
  const block = round === "blocked" ? { block: { at: from, ms: windowMs + 1.5 * leaseMs } } : {}
  const [results, done] = await Promise.all([
    pool.near((process) =>
      process === REVOKER
        ? { role: "revoker", seed, tokens, from, until }
        : { role: "reader", seed: seed + process, tokens, until: round === "cut" ? afterwards + RECOVERS_MS : afterwards, ...block },
    ),
    trouble(place, round, { from, until, tokens }),
  ])
  // On a machine that is busy the last change may come late, and readers may not get their turn after it.
  await pause(leaseMs)
  const looks = await pool.near((process) => ({ role: "look", tokens: process === REVOKER ? [] : tokens }))
  return [...[...results, ...looks].flatMap(({ lines }) => lines), ...done]
}

interface Course {
  readonly from: number
  readonly until: number
  readonly tokens: readonly NearToken[]
}

/** @returns what it did to sessions */
async function trouble(place: NearPlace, round: NearRound, { from, until, tokens }: Course): Promise<readonly NearLine[]> {
  const { proxy, client, servers, leaseMs, now } = place
  const wait = (at: number): Promise<void> => pause(Math.max(0, at - now()))
  const again = async (work: () => unknown): Promise<void> => {
    for (let at = from; at < until; at += KILLED_EVERY_MS) {
      await work()
      await wait(at + KILLED_EVERY_MS)
    }
  }
  await wait(from)
  switch (round) {
    case "calm":
    case "blocked":
      return []
    case "killed":
      await again(() => proxy?.reset())
      return []
    case "untold": {
      const raw = await Promise.all(servers.map(({ url }) => connectPlain(url)))
      let killed = 0
      const kill = async (): Promise<void> => {
        for (const one of raw) killed += await killTracking(one)
      }
      await again(kill).finally(() => {
        for (const one of raw) one.destroy()
      })
      if (killed === 0) throw new Error("Expected tracked connections to be closed, got none")
      return []
    }
    case "cut":
      proxy?.hang()
      await wait(until + 1.5 * leaseMs)
      // A client that was handed in waits for its line; the library's own leaves a dead one.
      proxy?.heal(client === "node-redis" ? "all" : "none")
      return []
    case "emptied": {
      await wait((from + until) / 2)
      const call = now()
      await Promise.all(servers.map((server) => askStore(server, [place.seed % 2 === 0 ? "FLUSHALL" : "FLUSHDB"])))
      const settled = now()
      return tokens.map(({ token }) => ({ process: -1, op: "end", ...namesOf(token), call, settled, version: null }))
    }
  }
}

/** Closes each connection on which the server tells of changes. @returns how many there were */
async function killTracking(raw: PlainClient): Promise<number> {
  const list = (await raw.sendCommand(["CLIENT", "LIST"])) as string
  const tracking = [...list.matchAll(/^id=(\d+) .*? flags=\w*t\w* /gm)].flatMap(([, id]) => id ?? [])
  await Promise.all(tracking.map((id) => raw.sendCommand(["CLIENT", "KILL", "ID", id]).catch(() => undefined)))
  return tracking.length
}
