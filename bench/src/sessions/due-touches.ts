import type { SessionToken } from "coatcheck"
import type { Work } from "../rounds/slice.js"
import { entryAt } from "./order.js"
import type { RawClient } from "./raw-client.js"
import { isThere } from "./session-case.js"

/** A session that is read once a second and touched once a minute. */
const ONE_IN = 60
const HOURS_AGO_MS = 2 * 3_600_000
const SECOND_AGO_MS = 1_000
/** A record begins `{"lastAccessedAt":`, then 13 digits; see docs/keys.md. */
const LAST_ACCESS_AT = '{"lastAccessedAt":'.length

/** No client reads so often in a millisecond. */
const READS_A_MS = 400
/** Nor writes so many accesses down. */
const ACCESSES_A_MS = 150

/** How many are made old before a slice of so many milliseconds. */
const dueIn = (ms: number): number => Math.ceil((ms * READS_A_MS) / ONE_IN)

/**
 * An order in two: sessions that are made old again and again, and others that nobody ever makes old. One in sixty, but as many as a slice can use up where that is more: in a small store
 * they would have had their turn long before its end. Of fewer than sixty none is made old.
 */
export function apart(order: readonly number[], ms: number): { readonly due: readonly number[]; readonly rested: readonly number[] } {
  const due = order.length < ONE_IN ? 0 : Math.min(Math.max(Math.floor(order.length / ONE_IN), dueIn(ms)), Math.floor(order.length / 2))
  return { due: order.slice(0, due), rested: order.slice(due) }
}

interface DueSettings {
  readonly raw: Pick<RawClient, "setRange">
  readonly tokens: readonly SessionToken[]
  readonly order: readonly number[]
  /** How long a slice takes. */
  readonly ms: number
}

/** Reads sessions, each 60th time one that was last used so long ago that it has to be touched, as in everyday use. */
export function readWithDueTouches(read: (token: SessionToken) => Promise<unknown>, { raw, tokens, order, ms }: DueSettings): Work {
  const { due, rested } = apart(order, ms)
  let next = 0
  return {
    refill: () => {
      const first = Math.ceil(next / ONE_IN)
      const upcoming = Array.from({ length: Math.min(dueIn(ms), due.length) }, (_, at) => entryAt(tokens, due, first + at))
      return makeLastUsed(raw, upcoming, HOURS_AGO_MS)
    },
    call: (at) => {
      next = at + 1
      const turn = Math.floor(at / ONE_IN)
      return read(at % ONE_IN === 0 ? entryAt(tokens, due, turn) : entryAt(tokens, rested, at - turn - 1))
    },
    cycle: ONE_IN,
    isRight: isThere,
  }
}

/**
 * Reads sessions of which each was last used a second ago, as in everyday use: how often their lists are looked after depends on that, and without it on how long
 * the measurement of something else took.
 */
export function readUsedLately(read: (token: SessionToken) => Promise<unknown>, { raw, tokens, order, ms }: DueSettings): Work {
  let next = 0
  return {
    refill: () => {
      const upcoming = Array.from({ length: Math.min(ms * ACCESSES_A_MS, order.length) }, (_, at) => entryAt(tokens, order, next + at))
      return makeLastUsed(raw, upcoming, SECOND_AGO_MS)
    },
    call: (at) => {
      next = at + 1
      return read(entryAt(tokens, order, at))
    },
    isRight: isThere,
  }
}

async function makeLastUsed(raw: Pick<RawClient, "setRange">, tokens: readonly SessionToken[], agoMs: number): Promise<void> {
  const lastAccess = String(Date.now() - agoMs)
  await Promise.all(tokens.map((token) => raw.setRange(keyOf(token), LAST_ACCESS_AT, lastAccess)))
}

/** Where the session of a token lies; see docs/keys.md. */
function keyOf(token: SessionToken): string {
  const [tag, id] = token.split(".")
  return `session:{${tag}}.${id}`
}
