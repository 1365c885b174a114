import { entryAt, shuffled } from "./order.js"
import { payloadOf } from "./payload.js"
import { usingUp } from "./pool.js"
import type { SessionRows } from "./session-case.js"
import type { ClientSettings } from "./session-settings.js"

export const PAGE = 50
/** What a user has who signs out everywhere. */
export const EVERYWHERE = 5

/** The bare commands of a client, one for each kind of work. */
export function rawCommands({ raw, names: keys, bytes, ms }: ClientSettings): SessionRows {
  const order = shuffled(keys.length)
  const value = JSON.stringify(payloadOf(0, bytes))
  const keyAt = (at: number) => entryAt(keys, order, at)
  const pages = Array.from({ length: Math.floor(keys.length / PAGE) }, (_, page) => order.slice(page * PAGE, (page + 1) * PAGE).map((at) => keys[at] ?? ""))
  return {
    read: { name: "raw GET", work: { call: (at) => raw.get(keyAt(at)), isRight: isThere } },
    // Keys of its own, taken in turn: the sessions that others read stay as they are.
    create: { name: "raw SET", work: { call: (at) => raw.set(`written:${keyAt(at)}`, value) } },
    update: {
      name: "raw GET, then SET",
      work: {
        call: async (at) => {
          const key = keyAt(at)
          const before = await raw.get(key)
          await raw.set(key, value)
          return before
        },
        isRight: isThere,
      },
    },
    end: {
      name: "raw DEL",
      work: usingUp(
        async (at) => {
          await raw.set(`doomed:${at}`, value)
          return `doomed:${at}`
        },
        async (key) => (await raw.del(key)) === 1,
        ms,
      ),
    },
    endAll: {
      name: `raw DEL of ${EVERYWHERE}`,
      work: usingUp(
        async (at) => {
          const keys = Array.from({ length: EVERYWHERE }, (_, place) => `doomed:${at}:${place}`)
          await Promise.all(keys.map((key) => raw.set(key, value)))
          return keys
        },
        async (keys) => (await raw.del(...keys)) === EVERYWHERE,
        ms,
      ),
    },
    list: {
      name: `raw MGET of ${PAGE}`,
      work: { call: (at) => raw.mget(pages[at % pages.length] ?? []), isRight: (page: readonly unknown[]) => page.every(isThere) },
    },
  }
}

function isThere(value: unknown): boolean {
  return value !== null && value !== undefined
}
