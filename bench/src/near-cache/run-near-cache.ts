import type { GroupSettings, Measured } from "../group.js"
import { markdownTable } from "../markdown.js"
import type { SliceSize } from "../sessions/measured-boards.js"
import { openIoRedis, openNodeRedis } from "../sessions/raw-clients.js"
import { figuresOf, type Part } from "../sessions/run-sessions.js"
import { sessionChart } from "../sessions/session-chart.js"
import { findingsOf, latencyTable, sessionTable } from "../sessions/session-table.js"
import { withStored } from "../sessions/stand.js"
import { exactly } from "../spread.js"
import type { Finding } from "../targets/target-table.js"
import { measureHits } from "./hits.js"
import { measureStaleness, type Staleness } from "./staleness.js"

const STORED = { quick: 1_000, full: 5_000 }

/** Measures what a read costs that no server is asked for, and how long a session is served after it was ended elsewhere. */
export async function runNearCache(settings: GroupSettings): Promise<Measured> {
  const { quick } = settings
  const size: SliceSize = quick ? { inFlight: [64], ms: 15 } : { inFlight: [1, 64], ms: 80 }
  return withStored(quick ? STORED.quick : STORED.full, settings, async ({ server, meter, stored }) => {
    const parts: Part[] = []
    const staleness: Record<string, Staleness> = {}
    const findings: Finding[] = []
    for (const open of [openNodeRedis, openIoRedis]) {
      const raw = await open(server.url)
      const tell = { ...settings, onProgress: (text: string) => settings.onProgress(`${raw.name}, ${text}`) }
      try {
        const boards = await measureHits(raw, meter, { ...tell, ...size, url: server.url, stored })
        parts.push({ name: raw.name, boards })
        if (boards.length === 0) continue
        settings.onText(`### ${raw.name}\n\n${sessionTable(boards, size.inFlight)}\n\n${latencyTable(boards, size.inFlight)}`)
        const stale = await measureStaleness(open, server, tell)
        staleness[raw.name] = stale
        findings.push(...findingsOf(boards), { target: `stale ${raw.name}`, measured: exactly(Math.max(...stale.connected, ...stale.cut)) })
      } finally {
        raw.close()
      }
    }
    if (findings.length > 0) settings.onText(`### Served after the session was ended elsewhere\n\n${stalenessTable(staleness)}`)
    return {
      figures: { server: `Redis ${server.version}`, sessions: stored.tokens.length, parts: figuresOf(parts), staleness },
      findings,
      charts:
        findings.length === 0
          ? []
          : parts.map(({ name, boards }) => sessionChart(`near-cache-${name}`, `Reads from memory beside the raw GET of ${name}`, boards)),
    }
  })
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
