import type { GroupSettings, Measured } from "../group.js"
import type { ServerMeter } from "../server/ServerMeter.js"
import { boardsOn } from "./boards.js"
import { embeddedBoard } from "./embedded.js"
import { measureBoards, type SliceSize } from "./measured-boards.js"
import { shuffled } from "./order.js"
import { PAYLOAD_BYTES } from "./payload.js"
import { openIoRedis, openNodeRedis } from "./raw-clients.js"
import { morePeers } from "./rows.js"
import { sessionChart } from "./session-chart.js"
import { findingsOf, latencyTable, type MeasuredBoard, sessionTable } from "./session-table.js"
import { type Stand, withStored } from "./stand.js"
import { measureWalks } from "./walks.js"

export interface Part {
  readonly name: string
  readonly boards: readonly MeasuredBoard[]
}

/** Measures sessions beside the raw commands of the same client, and beside what else keeps sessions there. */
export async function runSessions(settings: GroupSettings): Promise<Measured> {
  const { quick } = settings
  const count = quick ? 2_000 : 100_000
  const size: SliceSize = quick ? { inFlight: [64], ms: 15 } : { inFlight: [1, 64, 512], ms: 80 }
  return withStored(count, settings, async (stand) => {
    const parts: Part[] = []
    const tell = (name: string, boards: readonly MeasuredBoard[]): void => {
      if (boards.length === 0) return
      settings.onText(`### ${name}\n\n${sessionTable(boards, size.inFlight)}\n\n${latencyTable(boards, size.inFlight)}`)
      parts.push({ name, boards })
    }
    const each = <T>(name: string, more: T) => ({ ...settings, ...more, onProgress: (text: string) => settings.onProgress(`${name}, ${text}`) })
    tell("node-redis", await measureOnNodeRedis(stand, each("node-redis", size)))
    tell("ioredis", await measureOnIoRedis(stand, each("ioredis", size)))
    tell("one user's sessions without a list", await measureWalks(count, each("walks", size)))
    tell("without a server", await measureEmbedded(count, stand.meter, each("without a server", size)))
    return {
      figures: { server: `Redis ${stand.server.version}`, sessions: count, parts: figuresOf(parts) },
      findings: parts.flatMap(({ boards }) => findingsOf(boards)),
      charts: parts
        .filter(({ name }) => name.endsWith("redis"))
        .map(({ name, boards }) => sessionChart(`sessions-${name}`, `Sessions beside the raw commands of ${name}, ${count} stored`, boards)),
    }
  })
}

/** For programs. */
export function figuresOf(parts: readonly Part[]): unknown {
  return parts.map(({ name, boards }) => ({ name, boards: boards.map(({ measured }) => measured) }))
}

async function measureOnNodeRedis({ server, meter, stored }: Stand, settings: GroupSettings & SliceSize): Promise<readonly MeasuredBoard[]> {
  const raw = await openNodeRedis(server.url)
  const order = shuffled(stored.tokens.length)
  const board = { raw, stored, order, ms: settings.ms, bytes: PAYLOAD_BYTES }
  settings.onProgress("storing sessions of other libraries")
  const peers = await morePeers(server.url, raw, { ...board, quick: settings.quick, signal: settings.signal })
  const { boards, close } = await boardsOn(board, peers.peers)
  try {
    return await measureBoards(boards, meter, settings)
  } finally {
    await Promise.all([close(), peers.close()])
    raw.close()
  }
}

async function measureOnIoRedis({ server, meter, stored }: Stand, settings: GroupSettings & SliceSize): Promise<readonly MeasuredBoard[]> {
  const raw = await openIoRedis(server.url)
  const order = shuffled(stored.tokens.length)
  const { boards, close } = await boardsOn({ raw, stored, order, ms: settings.ms, bytes: PAYLOAD_BYTES }, [])
  try {
    return await measureBoards(boards, meter, settings)
  } finally {
    await close()
    raw.close()
  }
}

async function measureEmbedded(count: number, meter: ServerMeter, settings: GroupSettings & SliceSize): Promise<readonly MeasuredBoard[]> {
  const { board, close } = await embeddedBoard(count, { signal: settings.signal })
  try {
    return await measureBoards([board], meter, settings)
  } finally {
    await close()
  }
}
