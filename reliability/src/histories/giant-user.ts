import { createSessionService } from "coatcheck"
import { isWanted, type LayerSettings, type Row } from "../layer.js"
import { allowOlderReads } from "../near/older-reads.js"
import { connectPlain, type PlainClient } from "../servers/plain-client.js"
import { SERVER_KINDS, StoreServer } from "../servers/StoreServer.js"
import type { WorkerPool } from "../workloads/WorkerPool.js"
import { checkHistory } from "./check-history.js"
import { type HistoryLine, NANOSECONDS } from "./history-line.js"
import { MeteredRedis } from "./MeteredRedis.js"
import { percentile } from "./percentile.js"
import { type CommandCpu, dearest } from "./server-cpu.js"

const NAME = "giant user"
const GIANT = "giant"
/** Signs in right before all is ended: then the list remembers each of the sessions, and none is old enough to leave it. */
const YOUNG = "young giant"
const YOUNG_SESSIONS = { quick: 2_000, full: 20_000 } as const
const SESSIONS = { quick: 2_000, full: 100_000 } as const
const NEIGHBOURS = 1_000
const CALLS_BEFORE = { quick: 1_000, full: 20_000 } as const
const CALLS_A_ROUND = 200
/** Few enough that the processes themselves do not queue: otherwise the figure would be of them. */
const WIDTH = 2
const PAGE = 200
const SEARCH_MS = 30_000
const SLOW_MICROS = 500
const MICROSECONDS = 1_000
/** Of the server's processor, for one script: the time for which others wait for it where nothing else is in the way. */
const MOST_CPU_MS = 2
/**
 * By the clock on the wall, coarse, and in a full run alone: what others on the machine do is in it. A command that does no more than it may takes as long as
 * this where its server was not given the processor meanwhile.
 */
const MOST_RISE_MS = 25
const MOST_COMMAND_MS = 50

/** W5: all sessions of one user are ended while others go on, whose calls must hardly notice. One row a server. */
export async function runGiantUser(settings: LayerSettings, pool: WorkerPool): Promise<Row[]> {
  const rows: Row[] = []
  for (const kind of settings.scale === "quick" ? SERVER_KINDS.slice(0, 1) : SERVER_KINDS) {
    if (!isWanted(`${kind}, one server, ${NAME}`, settings)) continue
    await using server = await StoreServer.start(kind)
    rows.push(await endGiantOn(server, settings, pool))
  }
  return rows
}

async function endGiantOn(server: StoreServer, { scale, seed, signal, onProgress }: LayerSettings, pool: WorkerPool): Promise<Row> {
  const origin = process.hrtime.bigint()
  const now = (): number => Number(process.hrtime.bigint() - origin)
  const total = SESSIONS[scale]
  const lines: HistoryLine[] = []
  const raw = await connectPlain(server.url)
  await using service = await openGiantService(server.url)
  try {
    await pool.open({ url: server.url, client: "node-redis", origin: String(origin), defect: undefined })
    onProgress(`giant user on ${server.kind}: ${total} sign-ins`)
    const signInsBegan = performance.now()
    const giant = await pool.work(() => ({ kind: "sign-in", users: Array<string>(total / pool.size).fill(GIANT), width: 16, limit: undefined }))
    const signInSeconds = (performance.now() - signInsBegan) / 1_000
    const others = Array.from({ length: NEIGHBOURS }, (_, i) => `neighbour-${i}`)
    const { tokens, lines: opened } = await pool.work((process) => ({
      kind: "sign-in",
      users: others.filter((_, i) => i % pool.size === process),
      width: 8,
      limit: undefined,
    }))
    lines.push(...opened)
    const mix = async (round: number, calls: number): Promise<readonly HistoryLine[]> =>
      (await pool.work(() => ({ kind: "mix", seed: seed + round, tokens, width: WIDTH, calls: Math.ceil(calls / pool.size) }))).lines
    const before = await mix(0, CALLS_BEFORE[scale])
    lines.push(...before)
    const listed = await service.count(GIANT)
    const listing = dearest(await service.used())
    signal.throwIfAborted()
    onProgress(`giant user on ${server.kind}: ending ${total} sessions`)
    await watchSlowCommands(raw)
    let ending = true
    const began = now()
    const end = service
      .endAll(GIANT)
      .then((count) => ({ count, at: now() }))
      .finally(() => {
        ending = false
      })
    // Whoever waits for it below hears of its failure.
    end.catch(() => undefined)
    const during: HistoryLine[] = []
    for (let round = 1; ending; round++) {
      signal.throwIfAborted()
      during.push(...(await mix(round, CALLS_A_ROUND)))
    }
    const { count: ended, at: endedAt } = await end
    lines.push(...during)
    const longest = await longestCommand(raw)
    const endingCpu = dearest(await service.used())
    const young = await endYoungOn(server, { scale, signal, onProgress }, { pool, service })
    return rowOf(server, {
      total,
      signInSeconds,
      created: giant.tokens.length,
      listed,
      ended,
      left: await service.count(GIANT),
      endMs: (endedAt - began) / NANOSECONDS,
      before: latencies(before),
      during: latencies(during.filter(({ call, settled }) => settled > began && call < endedAt)),
      longest,
      cpu: { "pages of the list": listing, "the end": endingCpu, "the end of young ones": young.cpu },
      young,
      history: checkHistory(allowOlderReads(lines), SEARCH_MS),
      judgesTime: scale === "full",
    })
  } finally {
    raw.destroy()
  }
}

interface YoungEnd {
  readonly total: number
  readonly ended: number
  readonly left: number
  /** Also of the listing that meets members without sessions. */
  readonly cpu: CommandCpu
}

async function endYoungOn(
  { kind }: StoreServer,
  { scale, signal, onProgress }: Pick<LayerSettings, "scale" | "signal" | "onProgress">,
  { pool, service }: { readonly pool: WorkerPool; readonly service: GiantService },
): Promise<YoungEnd> {
  signal.throwIfAborted()
  const total = YOUNG_SESSIONS[scale]
  onProgress(`giant user on ${kind}: ending ${total} sessions right after their sign-ins`)
  await pool.work(() => ({ kind: "sign-in", users: Array<string>(total / pool.size).fill(YOUNG), width: 16, limit: undefined }))
  const ended = await service.endAll(YOUNG)
  const left = await service.count(YOUNG)
  return { total, ended, left, cpu: dearest(await service.used()) }
}

/** What one script used of the server's processor at most, by what was done. */
type CpuOf = Readonly<Record<"pages of the list" | "the end" | "the end of young ones", CommandCpu>>

interface Found {
  readonly total: number
  readonly signInSeconds: number
  readonly created: number
  readonly listed: number
  readonly ended: number
  readonly left: number
  readonly endMs: number
  readonly before: readonly number[]
  readonly during: readonly number[]
  readonly longest: SlowCommand
  readonly cpu: CpuOf
  readonly young: YoungEnd
  readonly history: ReturnType<typeof checkHistory>
  readonly judgesTime: boolean
}

function rowOf({ kind, version }: StoreServer, found: Found): Row {
  const { total, created, listed, ended, left, history, judgesTime, longest, cpu, young } = found
  const [before, during] = [percentile(found.before, 99), percentile(found.during, 99)]
  const rise = Math.max(0, during - before)
  const expected = (what: string, number: number, wanted: number): string[] => (number === wanted ? [] : [`Expected ${wanted} ${what}, got ${number}`])
  const why = [
    ...expected("sessions to be created", created, total),
    ...expected("sessions to be listed", listed, total),
    ...expected("sessions to be ended", ended, total),
    ...expected("sessions to be left", left, 0),
    ...expected("young sessions to be ended", young.ended, young.total),
    ...expected("young sessions to be left", young.left, 0),
    ...Object.entries(cpu).flatMap(([what, { ms, name }]) =>
      ms > MOST_CPU_MS ? [`Expected no script of ${what} to use more than ${MOST_CPU_MS} ms of the server's processor, got ${ms.toFixed(2)} by ${name}`] : [],
    ),
    ...history.violations.map(({ rule, subject, what }) => `${rule}, ${subject}: ${what}`),
    ...history.undecided.map((one) => `${one}: undecided`),
    ...(found.during.length === 0 ? ["Expected neighbours to make calls meanwhile, got none"] : []),
    ...(judgesTime && rise > MOST_RISE_MS ? [`Expected others' p99 to rise by at most ${MOST_RISE_MS} ms, got ${rise.toFixed(1)}`] : []),
    ...(judgesTime && longest.ms > MOST_COMMAND_MS ? [`Expected no command to take more than ${MOST_COMMAND_MS} ms, got ${longest.ms.toFixed(1)}`] : []),
  ]
  return {
    name: NAME,
    where: `${kind} ${version}, one server`,
    verdict: why.length === 0 ? "passed" : "failed",
    figures: {
      sessions: total,
      "sign-ins s": found.signInSeconds,
      "end-all ms": Math.round(found.endMs),
      "others' calls": found.during.length,
      "others' p99 before ms": before,
      "others' p99 meanwhile ms": during,
      ...Object.fromEntries(Object.entries(cpu).map(([what, { ms, name }]) => [`most CPU ms of a script, ${what}`, `${ms.toFixed(2)} (${name})`])),
      "longest command ms": longest.ms,
      "which was": longest.name,
      violations: history.violations.length,
    },
    summary: {
      "operations checked": history.operations,
      violations: history.violations.length,
      undecided: history.undecided.length,
      "most of the server's processor that a script took while a user's sessions were listed and ended (ms)": dearest(Object.values(cpu)).ms,
      ...(judgesTime ? { "longest rise of others' p99 while 100 000 sessions end (ms)": rise } : {}),
    },
    why,
    replayAs: `${kind}, one server, ${NAME}`,
  }
}

interface GiantService extends AsyncDisposable {
  /** Walks over all pages of the list. */
  count(user: string): Promise<number>
  endAll(user: string): Promise<number>
  /** What each script since the last time used of the server's processor. */
  used(): Promise<readonly CommandCpu[]>
}

async function openGiantService(store: string): Promise<GiantService> {
  const client = await MeteredRedis.open(store)
  const service = await createSessionService({ store: client, timeout: "60s" })
  return {
    count: async (user) => {
      let count = 0
      let cursor: string | undefined
      do {
        const page = await service.getUserSessions(user, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) })
        count += page.sessions.length
        cursor = page.cursor
      } while (cursor !== undefined)
      return count
    },
    endAll: (user) => service.deleteUserSessions(user),
    used: () => client.take(),
    [Symbol.asyncDispose]: async () => {
      await service.close()
      client.disconnect()
    },
  }
}

function latencies(lines: readonly HistoryLine[]): number[] {
  return lines.map(({ call, settled }) => (settled - call) / NANOSECONDS)
}

interface SlowCommand {
  readonly ms: number
  readonly name: string
}

async function watchSlowCommands(raw: PlainClient): Promise<void> {
  await raw.configSet({ "slowlog-log-slower-than": String(SLOW_MICROS), "slowlog-max-len": "10000" })
  await raw.sendCommand(["SLOWLOG", "RESET"])
}

/** The longest command since `watchSlowCommands`, by the server's own measure; 0 when none took half a millisecond. */
async function longestCommand(raw: PlainClient): Promise<SlowCommand> {
  const entries = (await raw.sendCommand(["SLOWLOG", "GET", "-1"])) as unknown as readonly (readonly [
    id: number,
    at: number,
    micros: number,
    command: string[],
  ])[]
  const [slowest] = [...entries].sort((a, b) => b[2] - a[2])
  if (slowest === undefined) return { ms: 0, name: `none above ${SLOW_MICROS / MICROSECONDS} ms` }
  return { ms: slowest[2] / MICROSECONDS, name: /-- coatcheck ([\w-]+)/.exec(slowest[3].join(" "))?.[1] ?? slowest[3][0] ?? "?" }
}
