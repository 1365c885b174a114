import type { Work } from "../rounds/slice.js"
import { entryAt, shuffled } from "./order.js"
import { payloadOf } from "./payload.js"
import { usingUp } from "./pool.js"
import type { RawClient } from "./raw-client.js"
import type { SessionRows } from "./session-case.js"
import type { ClientSettings } from "./session-settings.js"

export const PAGE = 50
/** What a user has who signs out everywhere. */
export const EVERYWHERE = 5
/** Keys that are removed by one command. */
const REMOVED = 1_000

/** The bare commands of a client, one for each kind of work. */
export function rawCommands({ raw, names: keys, bytes, ms }: ClientSettings): SessionRows {
  const order = shuffled(keys.length)
  const value = JSON.stringify(payloadOf(0, bytes))
  const keyAt = (at: number) => entryAt(keys, order, at)
  const pages = Array.from({ length: Math.floor(keys.length / PAGE) }, (_, page) => order.slice(page * PAGE, (page + 1) * PAGE).map((at) => keys[at] ?? ""))
  return {
    read: { name: "raw GET", work: { call: (at) => raw.get(keyAt(at)), isRight: isThere } },
    create: { name: "raw SET", work: writing(raw, value) },
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

/** Sets a key that is not there yet, as a sign-in does. Before the next slice all of them are removed, so that the store stays as large as it was. */
function writing(raw: RawClient, value: string): Work {
  let written: string[] = []
  return {
    refill: async () => {
      const all = written
      written = []
      for (let at = 0; at < all.length; at += REMOVED) await raw.del(...all.slice(at, at + REMOVED))
    },
    call: (at) => {
      const key = `written:${raw.name}:${at}`
      written.push(key)
      return raw.set(key, value)
    },
  }
}

function isThere(value: unknown): boolean {
  return value !== null && value !== undefined
}
