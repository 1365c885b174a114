import { clientAtAddress } from "./client-at-address.js"
import { entryAt, shuffled } from "./order.js"
import { payloadOf } from "./payload.js"
import type { SessionRows } from "./session-case.js"
import type { SessionSettings } from "./session-settings.js"

const WRITTEN_TOGETHER = 500

/** The bare `GET` of a client at the address of a server or a cluster, with keys of its own there. */
export async function rawAtAddress({ client, url, count, bytes }: SessionSettings): Promise<SessionRows> {
  const raw = await clientAtAddress(client, url)
  const value = JSON.stringify(payloadOf(0, bytes))
  const keys = Array.from({ length: count }, (_, at) => `raw:${process.pid}:${at}`)
  const order = shuffled(count)
  const prepare = async (): Promise<void> => {
    for (let from = 0; from < count; from += WRITTEN_TOGETHER) await Promise.all(keys.slice(from, from + WRITTEN_TOGETHER).map((key) => raw.set(key, value)))
  }
  const work = { prepare, call: (at: number) => raw.get(entryAt(keys, order, at)), isRight: (found: string | null) => found !== null }
  return { read: { name: "raw GET", work } }
}
