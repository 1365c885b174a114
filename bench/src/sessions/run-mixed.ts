import type { GroupSettings, Measured } from "../group.js"
import { measureBoards, type SliceSize } from "./measured-boards.js"
import { MIX, mixed, mixedParts } from "./mixed.js"
import { shuffled } from "./order.js"
import { PAYLOAD_BYTES } from "./payload.js"
import { openIoRedis, openNodeRedis, type RawClient } from "./raw-clients.js"
import { redisSessionsOn } from "./redis-sessions.js"
import { rowsOn } from "./rows.js"
import { figuresOf, type Part } from "./run-sessions.js"
import type { Board, SessionCase, SessionRows } from "./session-case.js"
import { sessionChart } from "./session-chart.js"
import { latencyTable, type MeasuredBoard, sessionTable } from "./session-table.js"
import { type Stand, withStored } from "./stand.js"

const NAME = `${Object.values(MIX).join("/")} of read, update, create, delete`
const HOT = [1, 16]

/** Measures reads that all want the same few sessions, and calls of all kinds at once. */
export async function runMixed(settings: GroupSettings): Promise<Measured> {
  const { quick } = settings
  const size: SliceSize = quick ? { inFlight: [64], ms: 10 } : { inFlight: [1, 64, 512], ms: 80 }
  return withStored(quick ? 1_000 : 100_000, settings, async (stand) => {
    const parts: Part[] = []
    for (const open of [openNodeRedis, openIoRedis]) {
      const raw = await open(stand.server.url)
      try {
        const boards = await measureOn(raw, stand, { ...settings, ...size, onProgress: (text) => settings.onProgress(`${raw.name}, ${text}`) })
        if (boards.length > 0) settings.onText(`### ${raw.name}\n\n${sessionTable(boards, size.inFlight)}\n\n${latencyTable(boards, size.inFlight)}`)
        parts.push({ name: raw.name, boards })
      } finally {
        raw.close()
      }
    }
    return {
      figures: { server: `Redis ${stand.server.version}`, sessions: stand.stored.tokens.length, parts: figuresOf(parts) },
      charts: parts.map(({ name, boards }) =>
        sessionChart(`mixed-${name}`, `Few sessions, and calls of all kinds, beside the raw commands of ${name}`, boards),
      ),
    }
  })
}

async function measureOn(raw: RawClient, { server, meter, stored }: Stand, settings: GroupSettings & SliceSize): Promise<readonly MeasuredBoard[]> {
  const { signal } = settings
  const board = { raw, stored, order: shuffled(stored.tokens.length), ms: settings.ms, bytes: PAYLOAD_BYTES, signal }
  const uniform = await rowsOn(board)
  const peer = raw.name === "node-redis" ? await redisSessionsOn(server.url, board) : null
  const hot = await Promise.all(HOT.map(async (count) => ({ count, ...(await rowsOn({ ...board, order: shuffled(stored.tokens.length).slice(0, count) })) })))
  const boards: Board[] = [
    ...hot.map(({ count, raw: { get }, ours, others }) => ({
      baseline: { ...get, name: `${get.name} of ${keysSaid(count)}` },
      cases: [ours, ...others].flatMap(({ read }) => (read === undefined ? [] : [{ name: `${read.name}, of ${count}`, work: read.work }])),
    })),
    {
      baseline: {
        name: `raw GET, GET and SET, SET, DEL, ${NAME}`,
        work: mixed({ read: uniform.raw.get.work, update: uniform.raw.getThenSet.work, create: uniform.raw.set.work, end: uniform.raw.del.work }),
      },
      cases: mixedCases([
        ["coatcheck", uniform.ours],
        ...uniform.others.map((rows, at) => [at === 0 ? "plain design (loses updates)" : "connect-redis (loses updates)", rows] as const),
        ...(peer === null ? [] : [["redis-sessions (loses updates)", peer.rows] as const]),
      ]),
    },
  ]
  try {
    return await measureBoards(boards, meter, settings)
  } finally {
    await Promise.all([uniform.close(), ...hot.map(({ close }) => close()), peer?.close()])
  }
}

function keysSaid(count: number): string {
  return count === 1 ? "one key" : `${count} keys`
}

function mixedCases(libraries: readonly (readonly [name: string, rows: SessionRows])[]): readonly SessionCase[] {
  return libraries.flatMap(([name, rows]) => {
    const parts = mixedParts(rows)
    return parts === null ? [] : [{ name: `${name}, mixed`, work: mixed(parts) }]
  })
}
