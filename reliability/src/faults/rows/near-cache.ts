import { NANOSECONDS } from "../../histories/history-line.js"
import { checkNear } from "../../near/check-near.js"
import { type NearRound, runNearRound } from "../../near/near-round.js"
import { type ServerOptions, StoreServer } from "../../servers/StoreServer.js"
import { WorkerPool } from "../../workloads/WorkerPool.js"
import type { FaultRow } from "../fault-row.js"
import { FaultProxy } from "../network/FaultProxy.js"

interface NearFault extends Pick<FaultRow, "number" | "name" | "onlyInFull"> {
  readonly round: NearRound
  readonly config?: ServerOptions["config"]
  readonly users?: number
  /** In milliseconds, for how long sessions are ended. */
  readonly windowMs?: number
  /** Whether reads must all be answered: nothing is done to the application's own connection. */
  readonly answersAll?: boolean
}

const LEASE_MS = 400
const TIMEOUT_MS = 2_000
const SEEDS_APART = 104_729
/** One that ends sessions, and two that read them. */
const PROCESSES = 3
const W7_DOES = "left to the full run; W7 does the same in a quick one"

function nearRow({ number, name, onlyInFull, round, config = {}, users = 15, windowMs = 800, answersAll = false }: NearFault): FaultRow {
  return {
    number,
    name: `near-cache: ${name}`,
    topologies: ["one server"],
    nearCache: "own",
    ...(onlyInFull === undefined ? {} : { onlyInFull }),
    async run({ kind, client, seed, signal, times, note }) {
      await using server = await StoreServer.start(kind, { config })
      await using proxy = await FaultProxy.start(server.port)
      await using pool = new WorkerPool(PROCESSES)
      const origin = process.hrtime.bigint()
      const now = (): number => Number(process.hrtime.bigint() - origin) / NANOSECONDS
      const tried = times(10, 1)
      const why: string[] = []
      const sum = { reads: 0, hits: 0, untold: 0, waited: 0, ends: 0, late: 0, stale: 0, violations: 0, oldest: 0 }
      for (let at = 0; at < tried; at += 1) {
        signal.throwIfAborted()
        note(`round ${at + 1} of ${tried}`)
        await pool.open({ url: server.url, client, origin: String(origin), defect: undefined, leaseMs: LEASE_MS, timeoutMs: TIMEOUT_MS }, (process) =>
          process === 0 ? server.url : proxy.url,
        )
        const place = { pool, client, servers: [server], proxy, seed: seed + at * SEEDS_APART, leaseMs: LEASE_MS, windowMs, users, now }
        const lines = await runNearRound(place, round)
        const found = checkNear(lines, LEASE_MS)
        sum.reads += found.reads
        sum.hits += found.hits
        sum.untold += lines.filter(({ op, version }) => op === "read" && version === undefined).length
        // A client that was handed in may get its answer, once the line goes on within the deadline.
        sum.waited += lines.filter(({ op, version, call, settled }) => op === "read" && (version === undefined || settled - call > LEASE_MS)).length
        sum.ends += found.revocations
        sum.late += found.late
        sum.stale += found.stale
        sum.violations += found.violations.length
        sum.oldest = Math.max(sum.oldest, found.worstStaleMs)
        why.push(...found.violations.map(({ rule, subject, what }) => `${rule}, ${subject}: ${what}`))
        if (found.late === 0) why.push("Expected reads later than the lease after an end, got none")
        if (found.hits === 0) why.push("Expected reads to be answered by a near-cache before the fault, got none")
      }
      const hitRate = Math.round((sum.hits / Math.max(1, sum.reads)) * 100)
      if (answersAll && sum.untold > 0) why.push(`Expected every read to be answered, got ${sum.untold} that were not`)
      if (round === "cut" && client === "node-redis" && sum.untold === 0) why.push("Expected reads to be left without an answer while the line hangs, got none")
      if (round === "cut" && sum.waited === 0) why.push("Expected reads to wait while the line hangs, got none that did")
      return {
        version: server.version,
        tried,
        figures: {
          reads: sum.reads,
          "hits %": hitRate,
          "not answered": sum.untold,
          ends: sum.ends,
          "reads later than the lease after one": sum.late,
          "stale reads": sum.stale,
          "oldest ms": Number(sum.oldest.toFixed(1)),
          "lease ms": LEASE_MS,
        },
        summary: { "reads through a near-cache": sum.reads, "  older than the lease": sum.violations, "  oldest (ms)": Number(sum.oldest.toFixed(1)) },
        why,
      }
    },
  }
}

/** Whatever its own connections say, what was acknowledged elsewhere is unknown to a process for no longer than a lease. */
export const NEAR_LINE_HANGS = nearRow({ number: 14, name: "line that hangs without a reset", round: "cut", onlyInFull: W7_DOES })

/** An operator empties the store: so is each near-cache, within the lease. */
export const NEAR_STORE_EMPTIED = nearRow({ number: 18, name: "FLUSHALL and FLUSHDB", round: "emptied", answersAll: true })

/** An application computes for more than 2 s, and is asked for a session before it has heard of anything. */
export const NEAR_BLOCKED_EVENT_LOOP = nearRow({ number: 30, name: "event loop that hangs for 2 s", round: "blocked", windowMs: 1_500, onlyInFull: W7_DOES })

/** The server can tell of a hundred keys at most, and forgets others: it says so, and they are read again. */
export const NEAR_FEW_KEYS_TRACKED = nearRow({
  number: 32,
  name: "server that tells of 100 keys at most",
  round: "calm",
  config: { "tracking-table-max-keys": 100 },
  users: 60,
  answersAll: true,
})

/** The connection on which changes are told is lost again and again: reads are answered, by the application's own. */
export const NEAR_TRACKING_KILLED = nearRow({
  number: 32,
  name: "tracking connection closed every 100 ms",
  round: "untold",
  answersAll: true,
  onlyInFull: W7_DOES,
})
