import { type AuditReport, auditStore, emptyStore } from "../audit/state-audit.js"
import { runExpiry } from "../expiry/run-expiry.js"
import { isWanted, type LayerReport, type LayerSettings, type Row } from "../layer.js"
import { isLimitDefect } from "../limits/limit-defects.js"
import { LIMITS, runLimits } from "../limits/run-limits.js"
import { isNearDefect } from "../near/near-defects.js"
import { WITH_NEAR_CACHE } from "../near/near-mode.js"
import { allowOlderReads } from "../near/older-reads.js"
import { runNear } from "../near/run-near.js"
import { SERVER_KINDS, type ServerKind } from "../servers/StoreServer.js"
import { type StoreTopology, startTopology } from "../servers/start-topology.js"
import { type Defect, isSessionDefect } from "../workloads/defects.js"
import { WORKLOADS, type Workload, type WorkloadName } from "../workloads/rounds.js"
import { CLIENT_NAMES, type ClientName } from "../workloads/store-clients.js"
import { WorkerPool } from "../workloads/WorkerPool.js"
import { checkHistory, type HistoryReport } from "./check-history.js"
import { runGiantUser } from "./giant-user.js"
import { NANOSECONDS } from "./history-line.js"
import { checkUsers, type UserReport } from "./user-histories.js"
import type { Rule, Violation } from "./violation.js"

export interface HistorySettings extends LayerSettings {
  /** Calls to make in all places together, at least. */
  readonly operations: number
  readonly defect: Defect | undefined
}

/** Servers, and the client through which they are used. */
interface Place {
  readonly topology: StoreTopology
  readonly kind: ServerKind
  readonly client: ClientName
  /** Of all operations, in hundredths. */
  readonly share: number
  /** Whether a quick run calls rate limits there: each topology, server and client once. */
  readonly hasQuickLimits: boolean
}

const PLACES: readonly Place[] = [
  ...SERVER_KINDS.flatMap((kind) =>
    CLIENT_NAMES.map((client, at): Place => ({ topology: "one server", kind, client, share: 15, hasQuickLimits: (kind === "redis") === (at === 0) })),
  ),
  { topology: "sentinel", kind: "redis", client: "node-redis", share: 10, hasQuickLimits: false },
  { topology: "sentinel", kind: "valkey", client: "ioredis", share: 10, hasQuickLimits: true },
  { topology: "cluster", kind: "redis", client: "node-redis", share: 10, hasQuickLimits: true },
  { topology: "cluster", kind: "valkey", client: "ioredis", share: 10, hasQuickLimits: false },
]
const PROCESSES = 4
const SEARCH_MS = 30_000
const SEEDS_APART = 1_000_003
const LOST_UPDATE_RULES: readonly Rule[] = ["V1", "V3"]

interface Found {
  operations: number
  unknown: number
  refused: number
  /** Answers that a record could not be read. */
  unreadable: number
  histories: number
  users: number
  usersLeftOut: number
  longestCall: number
  readonly violations: (Violation & { readonly workload: WorkloadName })[]
  readonly undecided: string[]
  readonly audit: { -readonly [K in keyof AuditReport]: number }
}

/** Runs every workload in every place, and checks all that was answered. Ends whatever it starts. */
export async function runHistories(settings: HistorySettings): Promise<LayerReport> {
  const { mode, seed, scale, signal, defect, onProgress } = settings
  const hasNear = mode === WITH_NEAR_CACHE
  const rows: Row[] = []
  const limits: Row[] = []
  await using pool = new WorkerPool(PROCESSES)
  for (const place of PLACES) {
    const name = nameOf(place)
    // A mistake that was built in is looked for by the checkers that it is for.
    const wantsSessions = (defect === undefined || isSessionDefect(defect)) && isWanted(name, settings)
    // Rate limits and deadlines know of no near-cache, and W7 makes its own: each runs in one mode.
    const hasLimits = !hasNear && (scale === "full" || settings.rows.length > 0 || place.hasQuickLimits)
    const wantsLimits = hasLimits && (defect === undefined || isLimitDefect(defect)) && isWanted(`${name}, ${LIMITS}`, settings)
    if (!wantsSessions && !wantsLimits) continue
    await using store = await startTopology(place.topology, place.kind)
    const origin = process.hrtime.bigint()
    await orAborted(pool.open({ url: store.url, client: place.client, origin: String(origin), defect }), signal)
    if (wantsSessions) rows.push(rowOf(name, store.version, await searchPlace(place, { settings, pool, primaryUrls: () => store.primaryUrls() })))
    const note = (text: string): void => onProgress(`histories, ${name}: ${text}`)
    if (wantsLimits) limits.push(await orAborted(runLimits({ name, version: store.version, pool, scale, seed, origin, note }), signal))
    await orAborted(pool.close(), signal)
  }
  rows.push(...limits)
  if (hasNear && (defect === undefined || isNearDefect(defect))) rows.push(...(await orAborted(runNear(settings, pool), signal)))
  if (defect === undefined) rows.push(...(await orAborted(runGiantUser(settings, pool), signal)))
  if (defect === undefined && !hasNear) rows.push(...(await runExpiry(settings)))
  return rows
}

function nameOf({ topology, kind, client }: Place): string {
  return `${kind}, ${topology}, ${client}`
}

interface Search {
  readonly settings: HistorySettings
  readonly pool: WorkerPool
  primaryUrls(): Promise<readonly string[]>
}

async function searchPlace(place: Place, search: Search): Promise<Found> {
  const found: Found = {
    operations: 0,
    unknown: 0,
    refused: 0,
    unreadable: 0,
    histories: 0,
    users: 0,
    usersLeftOut: 0,
    longestCall: 0,
    violations: [],
    undecided: [],
    audit: { sessions: 0, lists: 0, withoutTtl: 0, unlisted: 0, corrupt: 0, stray: 0, remembered: 0, beyondLimit: 0 },
  }
  for (const workload of WORKLOADS) {
    await runWorkload(place, workload, search, found)
    for (const url of await search.primaryUrls()) {
      const audit = await orAborted(auditStore(url, workload.limit), search.settings.signal)
      for (const name of Object.keys(audit) as (keyof AuditReport)[]) found.audit[name] += audit[name]
      await emptyStore(url)
    }
  }
  return found
}

async function runWorkload(place: Place, workload: Workload, { settings, pool }: Search, found: Found): Promise<void> {
  const planned = Math.ceil((settings.operations * place.share * workload.share) / 10_000)
  let made = 0
  for (let round = 1; made < planned; round++) {
    settings.onProgress(`histories, ${nameOf(place)}: ${workload.name}, ${made} of ${planned} operations, ${found.violations.length} violations`)
    const lines = await orAborted(workload.round(pool, settings.seed + round * SEEDS_APART, planned - made), settings.signal)
    if (lines.length === 0) throw new Error(`Expected a round of ${workload.name} to make calls, got none`)
    made += lines.length
    found.refused += lines.filter(({ outcome }) => outcome === "fail").length
    found.unreadable += lines.filter(({ value }) => value.code === "ERR_SESSION_CORRUPT").length
    found.longestCall = lines.reduce((longest, { call, settled }) => Math.max(longest, settled - call), found.longestCall)
    const judged = allowOlderReads(lines)
    add(found, workload.name, checkHistory(judged, SEARCH_MS), checkUsers(judged, SEARCH_MS))
  }
}

function add(found: Found, workload: WorkloadName, report: HistoryReport, together: UserReport): void {
  found.operations += report.operations
  found.unknown += report.unknown
  found.histories += report.histories
  found.users += together.users
  found.usersLeftOut += together.leftOut
  for (const violation of [...report.violations, ...together.violations]) found.violations.push({ workload, ...violation })
  found.undecided.push(...report.undecided, ...together.undecided)
}

function rowOf(name: string, version: string, found: Found): Row {
  const { operations, unknown, refused, unreadable, histories, users, usersLeftOut, violations, undecided, audit } = found
  const ofRules = (...rules: readonly Rule[]): number => violations.filter(({ rule }) => rules.includes(rule)).length
  const auditFaults = audit.withoutTtl + audit.unlisted + audit.corrupt + audit.stray + audit.beyondLimit
  const empty = Object.entries({ operations, histories, users, "sessions for the audit": audit.sessions }).filter(([, count]) => count === 0)
  // Nothing is broken here, so every call can be answered; one that is refused is a call that no checker can judge.
  const clean = violations.length === 0 && undecided.length === 0 && auditFaults === 0 && empty.length === 0 && refused === 0 && unreadable === 0
  return {
    name: name.split(", ").slice(1).join(", "),
    where: `${name.split(", ")[0]} ${version}`,
    verdict: clean ? "passed" : "failed",
    figures: {
      "operations checked": operations,
      "  outcome unknown to the caller": unknown,
      "  refused": refused,
      "session histories searched": histories,
      "users searched as a whole": users,
      "  left out: one session, or more than eight": usersLeftOut,
      violations: violations.length,
      "  sessions that came back (V5)": ofRules("V5"),
      "  lost or repeated updates (V1, V3)": ofRules(...LOST_UPDATE_RULES),
      "  limit exceeded (V8)": ofRules("V8"),
      "  other rules (V2, V4, V6, V7)": ofRules("V2", "V4", "V6", "V7"),
      "  no order explains the answers": ofRules("search", "user search"),
      undecided: undecided.length,
      "audit: sessions looked at": audit.sessions,
      "  keys without a time to live": audit.withoutTtl,
      "  sessions missing in their list": audit.unlisted,
      "  corrupt records": audit.corrupt,
      "  keys that do not belong there": audit.stray,
      "  sessions beyond the limit": audit.beyondLimit,
      "longest call (ms)": Math.round(found.longestCall / NANOSECONDS),
    },
    summary: {
      "operations checked": operations,
      "  outcome unknown to the caller": unknown,
      violations: violations.length,
      undecided: undecided.length,
      "reads older than what had been acknowledged": ofRules("V3"),
      "partial records": audit.corrupt + unreadable,
    },
    replayAs: name,
    why: [
      ...violations.map(({ workload, rule, subject, what }) => `${workload}, ${rule}, ${subject}: ${what}`),
      ...undecided.map((one) => `${one}: undecided`),
      ...empty.map(([what]) => `Expected ${what}, got none`),
      ...(refused > 0 ? [`Expected every call to be answered where nothing is broken, got ${refused} that were refused`] : []),
      ...(unreadable > 0 ? [`Expected every record to be read, got ${unreadable} answers that one could not`] : []),
    ],
  }
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
