import type { SessionToken } from "coatcheck"
import type { Work } from "../rounds/slice.js"
import { entryAt } from "./order.js"
import type { RawClient } from "./raw-client.js"

/** A session that is read once a second and touched once a minute. */
const ONE_IN = 60
const HOURS_AGO_MS = 2 * 3_600_000
/** A record begins `{"lastAccessedAt":`, then 13 digits; see docs/keys.md. */
const LAST_ACCESS_AT = '{"lastAccessedAt":'.length

/** No client reads so often in a millisecond. */
const READS_A_MS = 400

/** In the same order, those alone that nobody makes old. */
export function neverDue(order: readonly number[]): readonly number[] {
  return order.filter((_, at) => at % ONE_IN !== 0)
}

interface DueSettings {
  readonly raw: Pick<RawClient, "setRange">
  readonly tokens: readonly SessionToken[]
  readonly order: readonly number[]
  /** How long a slice takes. */
  readonly ms: number
}

/** Reads sessions in the given order, of which each 60th was last used so long ago that it has to be touched, as in everyday use. */
export function readWithDueTouches(read: (token: SessionToken) => Promise<unknown>, { raw, tokens, order: all, ms }: DueSettings): Work {
  // In whole sixties: else the first of a second walk would be due too soon.
  const order = all.slice(0, all.length - (all.length % ONE_IN))
  let next = 0
  return {
    refill: async () => {
      const upcoming = Math.min(ms * READS_A_MS, order.length)
      const lastAccess = String(Date.now() - HOURS_AGO_MS)
      const due = Array.from({ length: upcoming }, (_, at) => next + at).filter((at) => (at % order.length) % ONE_IN === 0)
      await Promise.all(due.map((at) => raw.setRange(keyOf(entryAt(tokens, order, at)), LAST_ACCESS_AT, lastAccess)))
    },
    call: (at) => {
      next = at + 1
      return read(entryAt(tokens, order, at))
    },
    cycle: ONE_IN,
    isRight: (session) => session !== null,
  }
}

/** Where the session of a token lies; see docs/keys.md. */
function keyOf(token: SessionToken): string {
  const [tag, id] = token.split(".")
  return `session:{${tag}}.${id}`
}
