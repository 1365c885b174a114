import type { GroupSettings, Measured } from "../group.js"
import { measureBoards, type SliceSize } from "./measured-boards.js"
import { shuffled } from "./order.js"
import { openIoRedis, openNodeRedis, type RawClient } from "./raw-clients.js"
import { casesOf, rowsOn } from "./rows.js"
import { figuresOf, type Part } from "./run-sessions.js"
import { sessionChart } from "./session-chart.js"
import { type MeasuredBoard, sessionTable } from "./session-table.js"
import { type Stand, withStored } from "./stand.js"

const KIBIBYTES = { quick: [0.5, 32], full: [0.5, 2, 8, 32] }
const STORED = { quick: 200, full: 4_000 }

/** Measures sessions that are larger, beside the raw commands on JSON of that size. */
export async function runSizes(settings: GroupSettings): Promise<Measured> {
  const { quick } = settings
  const size: SliceSize = { inFlight: [64], ms: quick ? 10 : 80 }
  const parts: Part[] = []
  for (const kibibytes of quick ? KIBIBYTES.quick : KIBIBYTES.full) {
    const bytes = kibibytes * 1_024
    await withStored(quick ? STORED.quick : STORED.full, { ...settings, bytes }, async (stand) => {
      for (const open of [openNodeRedis, openIoRedis]) {
        const raw = await open(stand.server.url)
        const name = `${kibibytes} KB, ${raw.name}`
        try {
          const boards = await measureOn(raw, bytes, stand, { ...settings, ...size, onProgress: (text) => settings.onProgress(`${name}, ${text}`) })
          if (boards.length > 0) settings.onText(`### ${name}\n\n${sessionTable(boards, size.inFlight)}`)
          parts.push({ name, boards })
        } finally {
          raw.close()
        }
      }
    })
  }
  const boards = parts.flatMap(({ name, boards: all }) =>
    all.map(({ board, measured }) => ({ board: { ...board, baseline: { ...board.baseline, name: `${board.baseline.name}, ${name}` } }, measured })),
  )
  return {
    figures: { parts: figuresOf(parts) },
    charts: boards.length === 0 ? [] : [sessionChart("sizes", "Larger sessions beside raw commands on JSON of that size", boards)],
  }
}

async function measureOn(raw: RawClient, bytes: number, { meter, stored }: Stand, settings: GroupSettings & SliceSize): Promise<readonly MeasuredBoard[]> {
  const { raw: bare, ours, others, close } = await rowsOn({ raw, stored, order: shuffled(stored.tokens.length), ms: settings.ms, bytes })
  const all = [ours, ...others]
  try {
    return await measureBoards(
      [
        { baseline: bare.get, cases: casesOf(all, "read") },
        { baseline: bare.set, cases: casesOf(all, "create") },
        { baseline: bare.getThenSet, cases: casesOf(all, "update") },
      ],
      meter,
      settings,
    )
  } finally {
    await close()
  }
}
