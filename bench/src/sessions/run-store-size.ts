import { StoreServer } from "coatcheck-reliability/servers"
import type { GroupSettings, Measured } from "../group.js"
import { ServerMeter } from "../server/ServerMeter.js"
import { measureBoards, type SliceSize } from "./measured-boards.js"
import { shuffled } from "./order.js"
import { oursOn } from "./ours.js"
import { PAYLOAD_BYTES } from "./payload.js"
import { rawCommands } from "./raw-boards.js"
import { openNodeRedis } from "./raw-clients.js"
import { figuresOf } from "./run-sessions.js"
import { type Board, latency, milliseconds, type SessionCase } from "./session-case.js"
import { sessionChart } from "./session-chart.js"
import { findingsOf, latencyTable, sessionTable } from "./session-table.js"
import { fillKeys, fillSessions, serviceOn } from "./stored.js"

const STORED = { quick: [500, 2_000, 5_000], full: [10_000, 100_000, 1_000_000] }
/** Bare JSON beside them, for the raw commands. */
const BARE = 10_000
const LARGEST = 1_000_000

/** Measures the same work in stores of different sizes side by side, each on a server of its own: what it costs should not grow with them. */
export async function runStoreSize(settings: GroupSettings): Promise<Measured> {
  const { quick } = settings
  const size: SliceSize = { inFlight: quick ? [1] : [1, 64], ms: quick ? 10 : 80 }
  const stores: StoreOf[] = []
  const endings: Ending[] = []
  try {
    for (const count of quick ? STORED.quick : STORED.full) stores.push(await storeOf(count, endings, size, settings))
    await using meter = new ServerMeter(...stores.map(({ url }) => url))
    const boards = await measureBoards(boardsOf(stores), meter, { ...settings, ...size })
    if (boards.length > 0) settings.onText(`${sessionTable(boards, size.inFlight)}\n\n${latencyTable(boards, size.inFlight)}`)
    return {
      figures: { stored: stores.map(({ count }) => count), parts: figuresOf([{ name: "store-size", boards }]) },
      findings: findingsOf(boards),
      charts: boards.length === 0 ? [] : [sessionChart("store-size", "The same work in larger stores, beside the smallest", boards, quick ? 1 : 64)],
    }
  } finally {
    for (const end of endings.reverse()) await end()
  }
}

/** To be done when all is measured, the last first. */
type Ending = () => unknown

interface StoreOf {
  readonly count: number
  readonly url: string
  readonly rows: readonly SessionCase[]
}

async function storeOf(count: number, endings: Ending[], { ms }: SliceSize, { signal, onProgress }: GroupSettings): Promise<StoreOf> {
  const server = await StoreServer.start("redis")
  endings.push(() => server.stop())
  const raw = await openNodeRedis(server.url)
  endings.push(() => raw.close())
  const sessions = await serviceOn(raw.client)
  const tokens = await fillSessions(sessions, count, { signal, onProgress: (done) => onProgress(`storing sessions: ${done} of ${count}`) })
  await sessions.close()
  const keys = await fillKeys(raw, Math.min(BARE, count), { signal })
  const bare = rawCommands({ raw, stored: { tokens, keys, ids: [] }, order: shuffled(keys.length), ms, bytes: PAYLOAD_BYTES })
  const ours = await oursOn({ raw, stored: { tokens, keys, ids: [] }, order: shuffled(count), ms, bytes: PAYLOAD_BYTES })
  endings.push(ours.close)
  const { read, create, list } = ours.rows
  return { count, url: server.url, rows: [{ ...bare.get, name: "raw GET" }, read, create, list].map(({ name, work }) => ({ name, work })) }
}

/** Each kind of work in the smallest store, and beside it the same in the others. */
function boardsOf([smallest, ...others]: readonly StoreOf[]): readonly Board[] {
  return (smallest?.rows ?? []).map(({ name, work }, place) => ({
    baseline: { name: `${name}, ${saidCount(smallest?.count ?? 0)} stored`, work },
    cases: others.flatMap(({ count, rows }) => {
      const row = rows[place]
      if (row === undefined) return []
      const isListing = row.name.includes("50 of a user")
      return [
        {
          ...row,
          name: `${name}, ${saidCount(count)} stored`,
          wanted: isListing && count === LARGEST ? [milliseconds("page-ms"), latency("page-growth")] : [],
        },
      ]
    }),
  }))
}

function saidCount(count: number): string {
  return count.toLocaleString("en").replaceAll(",", " ")
}
