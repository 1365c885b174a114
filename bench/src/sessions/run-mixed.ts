import type { GroupSettings, Measured } from "../group.js"
import { latencyTable } from "../rounds/latency-table.js"
import type { ClientName } from "../targets/targets.js"
import { boardOf, CLIENTS, librariesOn, mixedBoardOf, startAll, withoutTouches } from "./boards.js"
import { EMBEDDED, measureEmbedded } from "./embedded.js"
import { figuresOf, measureBoards, type Part, type SliceSize } from "./measured-boards.js"
import { MAP_MIX, RAW_MIX } from "./mixed.js"
import { shuffled } from "./order.js"
import { PAYLOAD_BYTES } from "./payload.js"
import { sessionChart } from "./session-chart.js"
import type { Library } from "./session-settings.js"
import { type MeasuredBoard, sessionTable } from "./session-table.js"
import { type Stand, withStored } from "./stand.js"

const HOT = [1, 16]

/** Measures reads that all want the same few sessions, and calls of all kinds at once. */
export async function runMixed(settings: GroupSettings): Promise<Measured> {
  const { quick } = settings
  const size = { count: quick ? 1_000 : 100_000, bytes: PAYLOAD_BYTES, ms: quick ? 10 : 80, inFlight: quick ? [64] : [1, 64, 512] }
  return withStored(size, settings, async (stand) => {
    const parts: Part[] = []
    const tell = (name: string, boards: readonly MeasuredBoard[]): void => {
      if (boards.length > 0) settings.onText(`### ${name}\n\n${sessionTable(boards, size.inFlight)}\n\n${latencyTable(boards, size.inFlight)}`)
      parts.push({ name, boards })
    }
    const each = (name: string) => ({ ...settings, ...size, onProgress: (text: string) => settings.onProgress(`${name}, ${text}`) })
    for (const client of CLIENTS) tell(client, [...(await measureHot(client, stand, each(client))), ...(await measureMixed(client, stand, each(client)))])
    tell(EMBEDDED, await measureEmbedded((rows) => [mixedBoardOf(rows, MAP_MIX, ["coatcheck in memory", "coatcheck in a SQLite file"])], stand, each(EMBEDDED)))
    return {
      figures: { server: `Redis ${stand.server.version}`, sessions: size.count, parts: figuresOf(parts) },
      charts: parts
        .filter(({ name }) => name !== EMBEDDED)
        .map(({ name, boards }) => sessionChart(`mixed-${name}`, `Few sessions, and calls of all kinds, beside the raw commands of ${name}`, boards)),
    }
  })
}

async function measureHot(client: ClientName, { meter, settingsOf }: Stand, settings: GroupSettings & SliceSize): Promise<readonly MeasuredBoard[]> {
  const measured: MeasuredBoard[] = []
  for (const count of HOT) {
    const few = librariesOn(client).map((library) => {
      const all = settingsOf(library, client)
      return {
        ...all,
        names: shuffled(all.names.length)
          .slice(0, count)
          .map((at) => all.names[at] ?? ""),
      }
    })
    await using subjects = await startAll(few, settings.signal)
    // So few are read so often that none of ours is due for a touch; what moves the deadline with each read goes on doing so, and its name says it.
    const { baseline, cases } = boardOf(subjects.rows.map(withoutTouches), ["read"])
    const said = count === 1 ? "one key" : `${count} keys`
    const board = {
      baseline: { ...baseline, name: `${baseline.name} of ${said}` },
      cases: cases.map((one) => ({ ...one, name: `${one.name}, of ${count}`, wanted: [] })),
    }
    measured.push(...(await measureBoards([board], meter, settings)))
  }
  return measured
}

async function measureMixed(client: ClientName, { meter, settingsOf }: Stand, settings: GroupSettings & SliceSize): Promise<readonly MeasuredBoard[]> {
  const libraries: readonly Library[] = [...librariesOn(client), ...(client === "node-redis" ? (["redis-sessions"] as const) : [])]
  await using subjects = await startAll(
    libraries.map((library) => settingsOf(library, client)),
    settings.signal,
  )
  const names = libraries.slice(1).map((library) => (library === "coatcheck" ? library : `${library} (loses updates)`))
  return await measureBoards([mixedBoardOf(subjects.rows, RAW_MIX, names)], meter, settings)
}
