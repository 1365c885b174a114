import { FaultProxy } from "../faults/network/FaultProxy.js"
import { isWanted, type LayerSettings, type Row } from "../layer.js"
import { SERVER_KINDS, type ServerKind, StoreServer } from "../servers/StoreServer.js"
import type { Defect } from "../workloads/defects.js"
import { CLIENT_NAMES, type ClientName } from "../workloads/store-clients.js"
import type { WorkerPool } from "../workloads/WorkerPool.js"
import { checkNear, type NearFinding } from "./check-near.js"
import { type NearRound, runNearRound } from "./near-round.js"

const NEAR = "near-cache"

const NEAR_ROUNDS: readonly NearRound[] = ["calm", "blocked", "killed", "cut"]
/** The shorter lease, so that a quick run is quick; in a full one that which services have by default. */
const LEASE_MS = { quick: 250, full: 1_000 } as const
const WINDOW_MS = { quick: 400, full: 1_500 } as const
const TIMES = { quick: 1, full: 5 } as const
/** A reader whose network is cut waits no longer for what it does not have, and on a busy machine a service opens in less. */
const TIMEOUT_MS = 2_000
const SEEDS_APART = 1_000_003
const NANOSECONDS = 1_000_000

interface Found {
  readonly round: NearRound
  readonly finding: NearFinding
}

/** W7: three processes read through their near-caches what a fourth ends and changes. One row for each server and client. */
export async function runNear(settings: LayerSettings & { readonly defect: Defect | undefined }, pool: WorkerPool): Promise<Row[]> {
  const rows: Row[] = []
  const places = SERVER_KINDS.flatMap((kind) => CLIENT_NAMES.map((client) => ({ kind, client })))
  for (const { kind, client } of settings.scale === "quick" && settings.rows.length === 0 ? places.slice(0, 1) : places)
    if (isWanted(nameOf(kind, client), settings)) rows.push(await runPlace(kind, client, settings, pool))
  return rows
}

function nameOf(kind: ServerKind, client: ClientName): string {
  return `${kind}, one server, ${client}, ${NEAR}`
}

async function runPlace(
  kind: ServerKind,
  client: ClientName,
  { seed, scale, signal, defect, onProgress }: LayerSettings & { readonly defect: Defect | undefined },
  pool: WorkerPool,
): Promise<Row> {
  await using server = await StoreServer.start(kind)
  await using proxy = await FaultProxy.start(server.port)
  const origin = process.hrtime.bigint()
  const now = (): number => Number(process.hrtime.bigint() - origin) / NANOSECONDS
  const leaseMs = LEASE_MS[scale]
  const found: Found[] = []
  for (let time = 0; time < TIMES[scale]; time += 1)
    for (const [at, round] of NEAR_ROUNDS.entries()) {
      signal.throwIfAborted()
      onProgress(`histories, ${nameOf(kind, client)}: W7, ${round}, ${found.reduce((sum, { finding }) => sum + finding.violations.length, 0)} violations`)
      // Each round begins with a store and services that nothing was done to.
      await pool.open({ url: server.url, client, origin: String(origin), defect, leaseMs, timeoutMs: TIMEOUT_MS }, (process) =>
        process === 0 ? server.url : proxy.url,
      )
      const lines = await runNearRound(
        { pool, client, server, proxy, seed: seed + (time * NEAR_ROUNDS.length + at) * SEEDS_APART, leaseMs, windowMs: WINDOW_MS[scale], now },
        round,
      )
      found.push({ round, finding: checkNear(lines, leaseMs) })
    }
  return rowOf({ kind, client, version: server.version, leaseMs }, found)
}

interface Place {
  readonly kind: ServerKind
  readonly client: ClientName
  readonly version: string
  readonly leaseMs: number
}

function rowOf({ kind, client, version, leaseMs }: Place, found: readonly Found[]): Row {
  const sum = (value: (finding: NearFinding) => number, of = found): number => of.reduce((all, { finding }) => all + value(finding), 0)
  const violations = found.flatMap(({ round, finding }) => finding.violations.map((one) => ({ round, ...one })))
  const ofRule = (rule: string): number => violations.filter((one) => one.rule === rule).length
  const worst = (of: readonly Found[]): number => Math.max(0, ...of.map(({ finding }) => finding.worstStaleMs))
  const byRound = NEAR_ROUNDS.map((round) => [round, found.filter((one) => one.round === round)] as const)
  const calm = byRound.find(([round]) => round === "calm")?.[1] ?? []
  const why = [
    ...violations.map(({ round, rule, subject, what }) => `W7, ${round}, ${rule}, ${subject}: ${what}`),
    ...(sum(({ hits }) => hits, calm) === 0 ? ["Expected some reads to be answered by a near-cache, got none"] : []),
    ...byRound.flatMap(([round, of]) =>
      sum(({ late }) => late, of) === 0 ? [`Expected reads later than the lease after an end, got none in the round "${round}"`] : [],
    ),
  ]
  return {
    name: `${NEAR}, one server, ${client}`,
    where: `${kind} ${version}`,
    verdict: why.length === 0 ? "passed" : "failed",
    figures: {
      reads: sum(({ reads }) => reads),
      ...Object.fromEntries(byRound.map(([round, of]) => [`  hits, ${round}`, sum(({ hits }) => hits, of)])),
      "ends and replaced secrets": sum(({ revocations }) => revocations),
      "reads later than the lease after one": sum(({ late }) => late),
      "lease ms": leaseMs,
      "stale reads": sum(({ stale }) => stale),
      ...Object.fromEntries(byRound.map(([round, of]) => [`oldest, ${round} ms`, Number(worst(of).toFixed(1))])),
      "older than the lease": ofRule("N1"),
      "a process's own change not seen": ofRule("N2"),
      "went back for a client": ofRule("N3"),
    },
    summary: {
      "operations checked": sum(({ reads }) => reads),
      violations: violations.length,
      "reads through a near-cache": sum(({ reads }) => reads),
      "  older than the lease": ofRule("N1"),
      "  oldest (ms)": Number(worst(found).toFixed(1)),
    },
    why,
    replayAs: nameOf(kind, client),
  }
}
