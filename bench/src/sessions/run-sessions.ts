import type { GroupSettings, Measured } from "../group.js"
import { latencyTable } from "../rounds/latency-table.js"
import type { ClientName } from "../targets/targets.js"
import { boardOf, CLIENTS, librariesOn, startAll, type ToldRows } from "./boards.js"
import { EMBEDDED, measureEmbedded } from "./embedded.js"
import { figuresOf, measureBoards, type Part, type SliceSize } from "./measured-boards.js"
import { PAYLOAD_BYTES } from "./payload.js"
import type { Board } from "./session-case.js"
import { sessionChart } from "./session-chart.js"
import type { Library } from "./session-settings.js"
import { findingsOf, type MeasuredBoard, sessionTable } from "./session-table.js"
import { type Stand, withStored } from "./stand.js"
import { measureWalks } from "./walks.js"

/** They bring a client of their own, take node-redis alone, or ask no server: they stand beside node-redis. */
const MORE: readonly Library[] = ["redis-sessions", "better-auth", "iron-session"]
/** What takes long is not measured with more. */
const ALONE_AND_MANY = [1, 64]

/** Measures sessions beside the raw commands of the same client, and beside what else keeps sessions there. */
export async function runSessions(settings: GroupSettings): Promise<Measured> {
  const { quick } = settings
  const size = { count: quick ? 2_000 : 100_000, bytes: PAYLOAD_BYTES, ms: quick ? 10 : 80, inFlight: [1, 64, 512] }
  return withStored(size, settings, async (stand) => {
    const parts: Part[] = []
    const tell = (name: string, boards: readonly MeasuredBoard[]): void => {
      if (boards.length === 0) return
      settings.onText(`### ${name}\n\n${sessionTable(boards, size.inFlight)}\n\n${latencyTable(boards, size.inFlight)}`)
      parts.push({ name, boards })
    }
    const each = (name: string) => ({ ...settings, ...size, onProgress: (text: string) => settings.onProgress(`${name}, ${text}`) })
    for (const client of CLIENTS) tell(client, await measureOn(client, stand, each(client)))
    tell("one user's sessions without a list", await measureWalks(size, each("walks")))
    tell(EMBEDDED, await measureEmbedded(boardsOfAll, stand, each(EMBEDDED)))
    return {
      figures: { server: `Redis ${stand.server.version}`, sessions: size.count, parts: figuresOf(parts) },
      findings: parts.flatMap(({ boards }) => findingsOf(boards)),
      charts: parts
        .filter(({ name }) => name.endsWith("redis"))
        .map(({ name, boards }) => sessionChart(`sessions-${name}`, `Sessions beside the raw commands of ${name}, ${size.count} stored`, boards)),
    }
  })
}

/** Of what knows no server: all kinds that a map has, too. */
function boardsOfAll(rows: readonly ToldRows[]): readonly Board[] {
  return [boardOf(rows, ["read"]), ...(["create", "update", "list", "end"] as const).map((kind) => boardOf(rows, [kind], ALONE_AND_MANY))]
}

async function measureOn(client: ClientName, { meter, settingsOf }: Stand, settings: GroupSettings & SliceSize): Promise<readonly MeasuredBoard[]> {
  settings.onProgress("starting a process for each library")
  const libraries = [...librariesOn(client), ...(client === "node-redis" ? MORE : [])]
  await using subjects = await startAll(
    libraries.map((library) => settingsOf(library, client)),
    settings.signal,
  )
  const most = settings.quick ? ALONE_AND_MANY : settings.inFlight
  const boards = [
    boardOf(subjects.rows, ["read", "restingRead", "lookingRead", "touchingRead"]),
    boardOf(subjects.rows, ["create"], most),
    boardOf(subjects.rows, ["update"], most),
    boardOf(subjects.rows, ["list"], most),
    // Last, since what deleting leaves to be tidied is tidied seconds later, beside whatever runs then.
    boardOf(subjects.rows, ["end"], ALONE_AND_MANY),
    boardOf(subjects.rows, ["endAll"], most),
  ]
  return await measureBoards(boards, meter, settings)
}
