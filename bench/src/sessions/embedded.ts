import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type CrowdSettings, crowd } from "./crowd.js"
import { entryAt, shuffled } from "./order.js"
import { type Payload, payloadOf } from "./payload.js"
import { type Board, rate, type SessionCase } from "./session-case.js"
import { fillSessions, type Sessions, serviceOn } from "./stored.js"

/** Sessions in this process and in a file, beside a map of this process. */
export async function embeddedBoard(count: number, settings: CrowdSettings): Promise<{ readonly board: Board; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "coatcheck-bench-"))
  const order = shuffled(count)
  const services: Sessions[] = []
  const close = async () => {
    await Promise.all(services.map((service) => service.close()))
    await rm(folder, { recursive: true, force: true })
  }
  const reading = async (name: string, store: string): Promise<SessionCase> => {
    const sessions = await serviceOn(store)
    services.push(sessions)
    const tokens = await fillSessions(sessions, count, settings)
    return { name, work: { call: (at) => sessions.getSession(entryAt(tokens, order, at)), isRight: (session) => session !== null } }
  }
  try {
    const map = new Map<number, Payload>(await crowd(count, async (at) => [at, payloadOf(at)] as const))
    const baseline = { name: "Map get and structuredClone", work: { call: async (at: number) => structuredClone(map.get(entryAt(order, order, at))) } }
    const memory = { ...(await reading("coatcheck in memory, read", "memory:")), wanted: [rate(64, "memory-read")] }
    const sqlite = await reading("coatcheck in a SQLite file, read", `sqlite:${join(folder, "sessions.db")}`)
    return { board: { baseline, cases: [memory, sqlite] }, close }
  } catch (error) {
    await close()
    throw error
  }
}
