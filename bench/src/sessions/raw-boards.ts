import type { Contender } from "../rounds/beside-baseline.js"
import { entryAt } from "./order.js"
import { payloadOf } from "./payload.js"
import { usingUp } from "./pool.js"
import type { RawClient } from "./raw-clients.js"
import type { Stored } from "./stored.js"

export const PAGE = 50
/** What a user has who signs out everywhere. */
export const EVERYWHERE = 5

export interface BoardSettings {
  readonly raw: RawClient
  readonly stored: Stored
  /** In which sessions are taken: the same for all rows. */
  readonly order: readonly number[]
  /** How long a slice takes. */
  readonly ms: number
  /** Of each session's JSON. */
  readonly bytes: number
}

/** The bare commands of a client, one for each kind of work. */
export function rawCommands({ raw, stored: { keys }, order, bytes, ms }: BoardSettings) {
  const value = JSON.stringify(payloadOf(0, bytes))
  const keyAt = (at: number) => entryAt(keys, order, at)
  const pages = Array.from({ length: Math.floor(keys.length / PAGE) }, (_, page) => order.slice(page * PAGE, (page + 1) * PAGE).map((at) => keys[at] ?? ""))
  return {
    get: { name: "raw GET", work: { call: (at) => raw.get(keyAt(at)), isRight: isThere } },
    // Keys of its own, taken in turn: the sessions that others read stay as they are.
    set: { name: "raw SET", work: { call: (at) => raw.set(`written:${keyAt(at)}`, value) } },
    getThenSet: {
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
    del: {
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
    delMany: {
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
    mget: {
      name: `raw MGET of ${PAGE}`,
      work: { call: (at) => raw.mget(pages[at % pages.length] ?? []), isRight: (page: readonly unknown[]) => page.every(isThere) },
    },
  } satisfies Readonly<Record<string, Contender>>
}

function isThere(value: unknown): boolean {
  return value !== null && value !== undefined
}
