import { StoreServer } from "coatcheck-reliability/servers"
import { RedisStore } from "connect-redis"
import type { GroupSettings } from "../group.js"
import { ServerMeter } from "../server/ServerMeter.js"
import { boardsOn } from "./boards.js"
import { embeddedBoard } from "./embedded.js"
import { giantTable, measureGiant } from "./giant.js"
import { measureBoards, type SliceSize } from "./measured-boards.js"
import { measureMemory, memoryTable } from "./memory.js"
import { shuffled } from "./order.js"
import { openIoRedis, openNodeRedis } from "./raw-clients.js"
import { type MeasuredBoard, sessionTable, wantedTable } from "./session-table.js"
import { fillKeys, fillSessions, fillStore, type Stored, serviceOn } from "./stored.js"

/** No client reads so often in a millisecond. */
const READS_A_MS = 400

/** Measures sessions beside the raw commands of the same client, and beside what else keeps sessions there. */
export async function runSessions(settings: GroupSettings): Promise<unknown> {
  const { quick } = settings
  const count = quick ? 10_000 : 100_000
  const size: SliceSize = quick ? { inFlight: [64], ms: 30 } : { inFlight: [1, 64, 512], ms: 80 }
  await using server = await StoreServer.start("redis")
  await using meter = new ServerMeter(server.url)
  const stored = await fill(server.url, count, settings)
  const order = shuffled(count)
  const parts: unknown[] = []
  const told = (name: string, boards: readonly MeasuredBoard[]): void => {
    if (boards.length === 0) return
    settings.onText(`### ${name}\n\n${sessionTable(boards, size.inFlight)}\n\n${wantedTable(boards)}`)
    parts.push({ name, boards: boards.map(({ measured }) => measured) })
  }
  for (const open of [openNodeRedis, openIoRedis]) {
    const raw = await open(server.url)
    try {
      const { boards, close } = await boardsOn({ raw, stored, order, ahead: size.ms * READS_A_MS })
      try {
        told(raw.name, await measureBoards(boards, meter, telling(settings, raw.name, size)))
      } finally {
        await close()
      }
    } finally {
      raw.close()
    }
  }
  told("without a server", await measureEmbedded(count, meter, telling(settings, "without a server", size)))
  const giant = await measureGiant(server.url, meter, settings)
  if (giant !== null) settings.onText(`### A user with very many sessions\n\n${giantTable(giant)}`)
  const memory = await measureMemory(quick ? count / 2 : count, settings)
  if (memory.length > 0) settings.onText(`### Memory\n\n${memoryTable(memory)}`)
  return { server: `Redis ${server.version}`, sessions: count, parts, giant, memory }
}

async function fill(url: string, count: number, { signal, onProgress }: GroupSettings): Promise<Stored> {
  const raw = await openNodeRedis(url)
  const sessions = await serviceOn(raw.client)
  const told = (what: string) => ({ signal, onProgress: (done: number) => onProgress(`storing ${what}: ${done} of ${count}`) })
  try {
    const tokens = await fillSessions(sessions, count, told("sessions"))
    const keys = await fillKeys(raw, count, told("bare JSON"))
    const ids = await fillStore(new RedisStore({ client: raw.client }), count, told("sessions of express-session"))
    return { tokens, keys, ids }
  } finally {
    await sessions.close()
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

function telling<T>(settings: GroupSettings, name: string, more: T): GroupSettings & T {
  return { ...settings, ...more, onProgress: (text) => settings.onProgress(`${name}, ${text}`) }
}
