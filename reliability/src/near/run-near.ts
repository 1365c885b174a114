import { FaultProxy } from "../faults/network/FaultProxy.js"
import { NANOSECONDS } from "../histories/history-line.js"
import { isWanted, type LayerSettings, type Row } from "../layer.js"
import { SERVER_KINDS, type ServerKind } from "../servers/StoreServer.js"
import { startTopology } from "../servers/start-topology.js"
import type { Defect } from "../workloads/defects.js"
import { CLIENT_NAMES, type ClientName } from "../workloads/store-clients.js"
import type { WorkerPool } from "../workloads/WorkerPool.js"
import { checkNear, type NearFinding } from "./check-near.js"
import { type NearRound, runNearRound } from "./near-round.js"

const NEAR = "near-cache"

type NearTopology = "one server" | "cluster"

interface NearPlaceName {
  readonly topology: NearTopology
  readonly kind: ServerKind
  readonly client: ClientName
}

/** On a cluster the readers' connections are closed by its nodes: it names them by their own addresses, so nothing can stand in between. */
const ROUNDS: Readonly<Record<NearTopology, readonly NearRound[]>> = {
  "one server": ["calm", "blocked", "killed", "cut"],
  cluster: ["calm", "blocked", "untold"],
}
/** The shorter lease, so that a quick run is quick; in a full one that which services have by default. */
const LEASE_MS = { quick: 250, full: 1_000 } as const
const WINDOW_MS = { quick: 400, full: 1_500 } as const
const TIMES = { quick: 1, full: 5 } as const
/** A reader whose network is cut waits no longer for what it does not have, and on a busy machine a service opens in less. */
const TIMEOUT_MS = 2_000
const SEEDS_APART = 1_000_003

interface Found {
  readonly round: NearRound
  readonly finding: NearFinding
}

/** W7: three processes read through their near-caches what a fourth ends and changes. One row for each server and client, and two on clusters. */
export async function runNear(settings: LayerSettings & { readonly defect: Defect | undefined }, pool: WorkerPool): Promise<Row[]> {
  const rows: Row[] = []
  const places: readonly NearPlaceName[] = [
    ...SERVER_KINDS.flatMap((kind) => CLIENT_NAMES.map((client) => ({ topology: "one server" as const, kind, client }))),
    { topology: "cluster", kind: "redis", client: "node-redis" },
    { topology: "cluster", kind: "valkey", client: "ioredis" },
  ]
  for (const place of settings.scale === "quick" && settings.rows.length === 0 ? places.slice(0, 1) : places)
    if (isWanted(nameOf(place), settings)) rows.push(await runPlace(place, settings, pool))
  return rows
}

function nameOf({ topology, kind, client }: NearPlaceName): string {
  return `${kind}, ${topology}, ${client}, ${NEAR}`
}

async function runPlace(
  place: NearPlaceName,
  { seed, scale, signal, defect, onProgress }: LayerSettings & { readonly defect: Defect | undefined },
  pool: WorkerPool,
): Promise<Row> {
  const { topology, kind, client } = place
  await using store = await startTopology(topology, kind)
  const servers = (await store.primaryUrls()).map((url) => ({ url }))
  await using proxy = topology === "one server" ? await FaultProxy.start(Number(new URL(store.url).port)) : undefined
  const origin = process.hrtime.bigint()
  const now = (): number => Number(process.hrtime.bigint() - origin) / NANOSECONDS
  const leaseMs = LEASE_MS[scale]
  // A cache that forgets by a timer listens to nobody, so nobody can be kept from telling it.
  const isLeftOut = (round: NearRound): boolean => round === "untold" && defect === "lease-by-timer"
  const rounds = ROUNDS[topology].filter((round) => !isLeftOut(round))
  const found: Found[] = []
  for (let time = 0; time < TIMES[scale]; time += 1)
    for (const [at, round] of rounds.entries()) {
      signal.throwIfAborted()
      onProgress(`histories, ${nameOf(place)}: W7, ${round}, ${found.reduce((sum, { finding }) => sum + finding.violations.length, 0)} violations`)
      // Each round begins with a store and services that nothing was done to.
      await pool.open({ url: store.url, client, origin: String(origin), defect, leaseMs, timeoutMs: TIMEOUT_MS }, (process) =>
        process === 0 || proxy === undefined ? store.url : proxy.url,
      )
      const lines = await runNearRound(
        {
          pool,
          client,
          servers,
          ...(proxy === undefined ? {} : { proxy }),
          seed: seed + (time * rounds.length + at) * SEEDS_APART,
          leaseMs,
          windowMs: WINDOW_MS[scale],
          now,
        },
        round,
      )
      found.push({ round, finding: checkNear(lines, leaseMs) })
    }
  await pool.close()
  return rowOf({ ...place, version: store.version, leaseMs, rounds, leftOut: ROUNDS[topology].filter(isLeftOut) }, found)
}

interface Place extends NearPlaceName {
  readonly version: string
  readonly leaseMs: number
  readonly rounds: readonly NearRound[]
  readonly leftOut: readonly NearRound[]
}

function rowOf(place: Place, found: readonly Found[]): Row {
  const { topology, kind, client, version, leaseMs, rounds, leftOut } = place
  const sum = (value: (finding: NearFinding) => number, of = found): number => of.reduce((all, { finding }) => all + value(finding), 0)
  const violations = found.flatMap(({ round, finding }) => finding.violations.map((one) => ({ round, ...one })))
  const ofRule = (rule: string): number => violations.filter((one) => one.rule === rule).length
  const worst = (of: readonly Found[]): number => Math.max(0, ...of.map(({ finding }) => finding.worstStaleMs))
  const byRound = rounds.map((round) => [round, found.filter((one) => one.round === round)] as const)
  const calm = byRound.find(([round]) => round === "calm")?.[1] ?? []
  const why = [
    ...violations.map(({ round, rule, subject, what }) => `W7, ${round}, ${rule}, ${subject}: ${what}`),
    ...(sum(({ hits }) => hits, calm) === 0 ? ["Expected some reads to be answered by a near-cache, got none"] : []),
    ...byRound.flatMap(([round, of]) =>
      sum(({ late }) => late, of) === 0 ? [`Expected reads later than the lease after an end, got none in the round "${round}"`] : [],
    ),
  ]
  return {
    name: `${NEAR}, ${topology}, ${client}`,
    where: `${kind} ${version}`,
    verdict: why.length === 0 ? "passed" : "failed",
    figures: {
      reads: sum(({ reads }) => reads),
      ...Object.fromEntries(byRound.map(([round, of]) => [`  hits, ${round}`, sum(({ hits }) => hits, of)])),
      ...Object.fromEntries(leftOut.map((round) => [`  hits, ${round}`, "left out"])),
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
    replayAs: nameOf(place),
  }
}
