import type { GroupSettings, Measured } from "../group.js"
import { markdownTable } from "../markdown.js"
import { latencyTable } from "../rounds/latency-table.js"
import { boardOf, CLIENTS, mixedBoardOf, startAll } from "../sessions/boards.js"
import { figuresOf, measureBoards, type Part, type SliceSize } from "../sessions/measured-boards.js"
import { RAW_MIX } from "../sessions/mixed.js"
import { PAYLOAD_BYTES } from "../sessions/payload.js"
import { sessionChart } from "../sessions/session-chart.js"
import type { Library } from "../sessions/session-settings.js"
import { findingsOf, type MeasuredBoard, sessionTable } from "../sessions/session-table.js"
import { type Stand, withStored } from "../sessions/stand.js"
import { exactly } from "../spread.js"
import type { Finding } from "../targets/target-table.js"
import type { ClientName } from "../targets/targets.js"
import { measureStaleness, type Staleness } from "./staleness.js"

const STORED = { quick: 1_000, full: 5_000 }

/** Measures what a read costs that no server is asked for, and how long a session is served after it was ended elsewhere. */
export async function runNearCache(settings: GroupSettings): Promise<Measured> {
  const { quick } = settings
  const count = quick ? STORED.quick : STORED.full
  const size = { count, bytes: PAYLOAD_BYTES, ms: quick ? 10 : 80, inFlight: quick ? [64] : [1, 64] }
  return withStored(size, settings, async (stand) => {
    const { server } = stand
    const parts: Part[] = []
    const staleness: Record<string, Staleness> = {}
    const findings: Finding[] = []
    for (const client of CLIENTS) {
      const tell = { ...settings, onProgress: (text: string) => settings.onProgress(`${client}, ${text}`) }
      const boards = await measureHits(client, stand, { ...tell, ...size })
      parts.push({ name: client, boards })
      if (boards.length === 0) continue
      settings.onText(`### ${client}\n\n${sessionTable(boards, size.inFlight)}\n\n${latencyTable(boards, size.inFlight)}`)
      const stale = await measureStaleness(client, server, tell)
      staleness[client] = stale
      findings.push(...findingsOf(boards), { target: `stale ${client}`, measured: exactly(Math.max(...stale.connected, ...stale.cut)) })
    }
    if (findings.length > 0) settings.onText(`### Served after the session was ended elsewhere\n\n${stalenessTable(staleness)}`)
    return {
      figures: { server: `Redis ${server.version}`, sessions: count, parts: figuresOf(parts), staleness },
      findings,
      charts:
        findings.length === 0
          ? []
          : parts.map(({ name, boards }) => sessionChart(`near-cache-${name}`, `Reads from memory beside the raw GET of ${name}`, boards)),
    }
  })
}

/** Reads of sessions that were read before, and what changes them, beside the raw GET of the same client. */
async function measureHits(client: ClientName, { meter, settingsOf }: Stand, settings: GroupSettings & SliceSize): Promise<readonly MeasuredBoard[]> {
  await using subjects = await startAll(
    librariesOn(client).map((library) => settingsOf(library, client)),
    settings.signal,
  )
  const boards = [
    ...(["read", "create", "update", "list"] as const).map((kind) => boardOf(subjects.rows, [kind])),
    mixedBoardOf(subjects.rows, RAW_MIX, ["coatcheck with its near-cache"]),
    // Last, since what deleting leaves to be tidied is tidied seconds later, beside whatever runs then.
    boardOf(subjects.rows, ["end"]),
  ]
  return await measureBoards(boards, meter, settings)
}

function librariesOn(client: ClientName): readonly Library[] {
  return ["raw", "coatcheck with its near-cache", ...(client === "node-redis" ? (["node-redis with its cache", "redis-sessions with its cache"] as const) : [])]
}

function stalenessTable(all: Readonly<Record<string, Staleness>>): string {
  const lines = Object.entries(all).flatMap(([client, { connected, cut }]) => [
    [client, "connected", String(connected.length), ...saidOf(connected)],
    [client, "network cut before", String(cut.length), ...saidOf(cut)],
  ])
  return markdownTable(["client", "network", "times", "middle, ms", "longest, ms"], lines)
}

function saidOf(times: readonly number[]): readonly string[] {
  return [times[Math.floor(times.length / 2)] ?? Number.NaN, times.at(-1) ?? Number.NaN].map((time) => time.toFixed(1))
}
