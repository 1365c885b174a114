import type { GroupSettings, Measured } from "../group.js"
import { latencyTable } from "../rounds/latency-table.js"
import { boardOf, CLIENTS, librariesOn, startAll } from "./boards.js"
import { figuresOf, measureBoards, type Part } from "./measured-boards.js"
import type { Board } from "./session-case.js"
import { sessionChart } from "./session-chart.js"
import { sessionTable } from "./session-table.js"
import { withStored } from "./stand.js"

const KIBIBYTES = { quick: [0.5, 32], full: [0.5, 2, 8, 32] }
const STORED = { quick: 200, full: 4_000 }

/** Measures sessions that are larger, beside the raw commands on JSON of that size. */
export async function runSizes(settings: GroupSettings): Promise<Measured> {
  const { quick, signal, onProgress } = settings
  const size = { count: quick ? STORED.quick : STORED.full, ms: quick ? 10 : 80, inFlight: [64] }
  const parts: Part[] = []
  for (const kibibytes of quick ? KIBIBYTES.quick : KIBIBYTES.full) {
    await withStored({ ...size, bytes: kibibytes * 1_024 }, settings, async ({ meter, settingsOf }) => {
      for (const client of CLIENTS) {
        const name = `${kibibytes} KB, ${client}`
        await using subjects = await startAll(
          librariesOn(client).map((library) => settingsOf(library, client)),
          signal,
        )
        const untargeted = (["read", "create", "update"] as const).map((kind) => withoutTargets(boardOf(subjects.rows, [kind])))
        const boards = await measureBoards(untargeted, meter, {
          ...settings,
          ...size,
          onProgress: (text) => onProgress(`${name}, ${text}`),
        })
        if (boards.length > 0) settings.onText(`### ${name}\n\n${sessionTable(boards, size.inFlight)}\n\n${latencyTable(boards, size.inFlight)}`)
        parts.push({ name, boards })
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

/** They are about sessions of another size. */
function withoutTargets({ cases, ...board }: Board): Board {
  return { ...board, cases: cases.map((one) => ({ ...one, wanted: [] })) }
}
