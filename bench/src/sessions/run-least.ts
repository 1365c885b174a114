import type { GroupSettings, Measured } from "../group.js"
import { latencyTable } from "../rounds/latency-table.js"
import { boardOf, CLIENTS, startAll, withoutTouches } from "./boards.js"
import { figuresOf, measureBoards, type Part } from "./measured-boards.js"
import { PAYLOAD_BYTES } from "./payload.js"
import { sessionChart } from "./session-chart.js"
import { sessionTable } from "./session-table.js"
import { withStored } from "./stand.js"

/** Measures the least that could be called a session beside ours, to tell what a target leaves room for. */
export async function runLeast(settings: GroupSettings): Promise<Measured> {
  const { quick, signal, onProgress } = settings
  const size = { count: quick ? 1_000 : 100_000, bytes: PAYLOAD_BYTES, ms: quick ? 10 : 80, inFlight: quick ? [64] : [1, 64, 512] }
  return withStored(size, settings, async ({ meter, server, settingsOf }) => {
    const parts: Part[] = []
    for (const client of CLIENTS) {
      await using subjects = await startAll(
        (["raw", "the least", "coatcheck"] as const).map((library) => settingsOf(library, client)),
        signal,
      )
      const rows = subjects.rows.map(withoutTouches)
      const boards = await measureBoards([boardOf(rows, ["read"]), boardOf(rows, ["create"]), boardOf(rows, ["update"])], meter, {
        ...settings,
        ...size,
        onProgress: (text) => onProgress(`${client}, ${text}`),
      })
      if (boards.length > 0) settings.onText(`### ${client}\n\n${sessionTable(boards, size.inFlight)}\n\n${latencyTable(boards, size.inFlight)}`)
      parts.push({ name: client, boards })
    }
    return {
      figures: { server: `Redis ${server.version}`, sessions: size.count, parts: figuresOf(parts) },
      charts: parts.map(({ name, boards }) =>
        sessionChart(`least-${name}`, `The least that could be called a session, beside the raw commands of ${name}`, boards),
      ),
    }
  })
}
