import { type AuditReport, auditStore, emptyStore } from "./audit/state-audit.js"
import { checkHistory, type HistoryReport } from "./histories/check-history.js"
import type { Violation } from "./histories/violation.js"
import { SERVER_KINDS, StoreServer } from "./servers/StoreServer.js"
import type { Defect } from "./workloads/defects.js"
import { WORKLOADS, type Workload, type WorkloadName } from "./workloads/rounds.js"
import { CLIENT_NAMES, type ClientName } from "./workloads/store-clients.js"
import { WorkerPool } from "./workloads/WorkerPool.js"

export interface RunSettings {
  readonly seed: number
  /** Calls to make on all servers together, at least. */
  readonly operations: number
  readonly defect: Defect | undefined
  readonly signal: AbortSignal
  /** Told what is being done, several times a second at most. */
  onProgress(text: string): void
}

/** What was found on one server through one client. */
export interface TargetReport {
  readonly server: string
  readonly version: string
  readonly client: ClientName
  readonly operations: number
  readonly unknown: number
  readonly histories: number
  readonly violations: readonly (Violation & { readonly workload: WorkloadName })[]
  readonly undecided: readonly string[]
  readonly audit: AuditReport
}

const PROCESSES = 4
const SEARCH_MS = 30_000
const SEEDS_APART = 1_000_003

type Totals = { -readonly [K in keyof Omit<TargetReport, "server" | "version" | "client">]: Mutable<TargetReport[K]> }
type Mutable<T> = T extends readonly (infer E)[] ? E[] : T extends AuditReport ? { -readonly [K in keyof T]: T[K] } : T

/** Runs every workload on every server through every client, and checks all that was answered. Ends whatever it starts. */
export async function runReliability(settings: RunSettings): Promise<TargetReport[]> {
  const reports: TargetReport[] = []
  const share = Math.ceil(settings.operations / (SERVER_KINDS.length * CLIENT_NAMES.length))
  const origin = String(process.hrtime.bigint())
  await using pool = new WorkerPool(PROCESSES)
  for (const kind of SERVER_KINDS) {
    await using server = await StoreServer.start(kind)
    for (const client of CLIENT_NAMES) {
      await orAborted(pool.open({ url: server.url, client, origin, defect: settings.defect }), settings.signal)
      const totals = await runTarget({ ...settings, pool, url: server.url, share, name: `${kind} ${server.version} through ${client}` })
      reports.push({ server: kind, version: server.version, client, ...totals })
    }
  }
  return reports
}

interface Target extends RunSettings {
  readonly pool: WorkerPool
  readonly url: string
  readonly share: number
  readonly name: string
}

async function runTarget(target: Target): Promise<Totals> {
  const totals: Totals = {
    operations: 0,
    unknown: 0,
    histories: 0,
    violations: [],
    undecided: [],
    audit: { sessions: 0, lists: 0, withoutTtl: 0, unlisted: 0, corrupt: 0, stray: 0, remembered: 0, beyondLimit: 0 },
  }
  for (const workload of WORKLOADS) {
    await runWorkload(target, workload, totals)
    const audit = await orAborted(auditStore(target.url, workload.limit), target.signal)
    for (const name of Object.keys(audit) as (keyof AuditReport)[]) totals.audit[name] += audit[name]
    await emptyStore(target.url)
  }
  return totals
}

async function runWorkload(target: Target, workload: Workload, totals: Totals): Promise<void> {
  const planned = Math.ceil((target.share * workload.share) / 100)
  let made = 0
  for (let round = 1; made < planned; round++) {
    target.onProgress(`${target.name}: ${workload.name}, ${made} of ${planned} operations, ${totals.violations.length} violations`)
    const lines = await orAborted(workload.round(target.pool, target.seed + round * SEEDS_APART, planned - made), target.signal)
    if (lines.length === 0) throw new Error(`Expected a round of ${workload.name} to make calls, got none`)
    made += lines.length
    add(totals, workload.name, checkHistory(lines, SEARCH_MS))
  }
}

function add(totals: Totals, workload: WorkloadName, found: HistoryReport): void {
  totals.operations += found.operations
  totals.unknown += found.unknown
  totals.histories += found.histories
  for (const violation of found.violations) totals.violations.push({ workload, ...violation })
  totals.undecided.push(...found.undecided)
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener("abort", stop)
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop)
  }
}
