import { StoreServer } from "coatcheck-reliability/servers"
import type { GroupSettings, Measured } from "../group.js"
import { latencyTable } from "../rounds/latency-table.js"
import { ServerMeter } from "../server/ServerMeter.js"
import { startAll, type ToldRows } from "./boards.js"
import { cleanupTable, measureCleanup } from "./cleanup.js"
import { figuresOf, measureBoards } from "./measured-boards.js"
import { openNodeRedis } from "./node-redis.js"
import { shuffled } from "./order.js"
import { PAYLOAD_BYTES } from "./payload.js"
import { alone, type Board, type Kind } from "./session-case.js"
import { sessionChart } from "./session-chart.js"
import type { SessionSettings } from "./session-settings.js"
import { findingsOf, sessionTable } from "./session-table.js"
import { fillKeys, fillSessions, serviceOn } from "./stored.js"

const STORED = { quick: [500, 2_000, 5_000], full: [10_000, 100_000, 1_000_000] }
/** Of all, at random, and as much bare JSON for the raw commands: more are not read in a whole run, and the heap of the process should not grow with the store. */
const READ = 100_000

const WORK: readonly (readonly [library: "raw" | "coatcheck", kind: Kind])[] = [
  ["raw", "read"],
  ["coatcheck", "read"],
  ["coatcheck", "update"],
  ["coatcheck", "list"],
  // Last: before them lists of those who sign in and what is deleted are laid ready, which the smallest store should not hold while others are measured.
  ["coatcheck", "create"],
  ["coatcheck", "end"],
]

/** Measures the same work in stores of different sizes side by side, each on a server of its own: what it costs should not grow with them. */
export async function runStoreSize(settings: GroupSettings): Promise<Measured> {
  const { quick, signal } = settings
  const size = { inFlight: quick ? [1] : [1, 64], ms: quick ? 10 : 80 }
  const counts = quick ? STORED.quick : STORED.full
  const servers: StoreServer[] = []
  try {
    const told: SessionSettings[] = []
    for (const count of counts) {
      const server = await StoreServer.start("redis")
      servers.push(server)
      told.push(...(await fill(server.url, count, size.ms, settings)))
    }
    await using meter = new ServerMeter(...servers.map(({ url }) => url))
    await using subjects = await startAll(told, signal)
    const boards = await measureBoards(boardsOf(counts, told, subjects.rows), meter, { ...settings, ...size })
    if (boards.length > 0) settings.onText(`${sessionTable(boards, size.inFlight)}\n\n${latencyTable(boards, size.inFlight)}`)
    const cleanup = settings.only === "" ? await measureCleanup(servers.at(-1)?.url ?? "", Math.max(...counts), settings) : null
    if (cleanup !== null) settings.onText(cleanupTable(cleanup))
    return {
      figures: { stored: counts, cleanup, parts: figuresOf([{ name: "store-size", boards }]) },
      // The targets name the number of sessions, of which a quick run stores a few.
      findings: quick ? [] : findingsOf(boards),
      charts: boards.length === 0 ? [] : [sessionChart("store-size", "The same work in larger stores, beside the smallest", boards, quick ? 1 : 64)],
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
}

/** @returns what processes are told that use this store */
async function fill(url: string, count: number, ms: number, { signal, onProgress }: GroupSettings): Promise<readonly SessionSettings[]> {
  const raw = await openNodeRedis(url)
  const sessions = await serviceOn(raw.client)
  try {
    const tokens = await fillSessions(sessions, count, { signal, onProgress: (done) => onProgress(`storing sessions: ${done} of ${count}`) })
    const keys = await fillKeys(raw, Math.min(READ, count), { signal })
    const read = shuffled(count)
      .slice(0, READ)
      .map((at) => tokens[at] ?? "")
    const of = { client: "node-redis", url, count, bytes: PAYLOAD_BYTES, ms } as const
    return [
      { ...of, library: "raw", names: keys },
      { ...of, library: "coatcheck", names: read },
    ]
  } finally {
    await sessions.close()
    raw.close()
  }
}

/** Each kind of work in the smallest store, and beside it the same in the others. */
function boardsOf(counts: readonly number[], told: readonly SessionSettings[], rows: readonly ToldRows[]): readonly Board[] {
  return WORK.map(([library, kind]) => {
    const [baseline, ...cases] = counts.map((count) => {
      const row = rows[told.findIndex((one) => one.library === library && one.count === count)]?.[kind]
      if (row === undefined) throw new RangeError(`Expected ${library} to have a row for ${kind}`)
      const isLargest = kind === "list" && count === Math.max(...counts)
      return {
        ...row,
        name: `${row.name}, ${saidCount(count)} stored`,
        wanted: isLargest ? [alone("milliseconds", "page-ms"), alone("latency", "page-growth")] : [],
      }
    })
    if (baseline === undefined) throw new RangeError("Expected at least one store")
    return { baseline, cases }
  })
}

function saidCount(count: number): string {
  return count.toLocaleString("en").replaceAll(",", " ")
}
