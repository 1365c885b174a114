import type { Work } from "../rounds/slice.js"
import { crowd } from "./crowd.js"
import { entryAt, shuffled } from "./order.js"
import type { RawClient } from "./raw-client.js"

/** No client creates so often in a millisecond: nobody has two turns in a slice. */
const CREATED_A_MS = 125
/** Users have none to eight sessions when they sign in: nobody comes to the limit of ten in a slice, not even in a second turn. */
const LENGTHS = 9
const LISTS_TOGETHER = 500

/** Leaves of each list the oldest, as many as it is told, and removes the sessions of the others. */
const LEAVE = `for i = 1, #KEYS do
  local left, sessions = tonumber(ARGV[2 * i - 1]), ARGV[2 * i]
  for _, id in ipairs(redis.call('ZRANGE', KEYS[i], left, -1)) do redis.call('DEL', sessions .. id) end
  redis.call('ZREMRANGEBYRANK', KEYS[i], left, -1)
end`

/** Where the sessions of a user lie. */
export interface UserKeys {
  readonly list: string
  /** What the key of each begins with; the id follows, as it is in the list. */
  readonly sessions: string
}

interface SigningInSettings {
  readonly raw: Pick<RawClient, "send">
  readonly keysOf: (user: number) => UserKeys
  /** Opens one of the sessions that a user has before. */
  readonly lay: (user: number) => Promise<unknown>
  /** How long a slice takes. */
  readonly ms: number
}

/**
 * Users sign in who have lists of all lengths, in a shuffled order: what a creation costs depends on how many a list holds, and were all of them equally long at any moment, each slice would measure
 * another length. What a slice creates is removed before the next, so that lists and store stay as they were. To warm up takes longer than the list looks at none of what was laid ready, since it
 * is too young.
 */
export function signingIn(open: (user: number) => Promise<unknown>, { raw, keysOf, lay, ms }: SigningInSettings): Work {
  const order = shuffled(Math.ceil(ms * CREATED_A_MS))
  let [left, next] = [0, 0]
  const leave = async (users: readonly number[], leftOf: (user: number) => number): Promise<void> => {
    for (let from = 0; from < users.length; from += LISTS_TOGETHER) {
      const some = users.slice(from, from + LISTS_TOGETHER)
      const keys = some.map(keysOf)
      const told = some.flatMap((user, at) => [String(leftOf(user)), keys[at]?.sessions ?? ""])
      await raw.send("EVAL", LEAVE, String(keys.length), ...keys.map(({ list }) => list), ...told)
    }
  }
  return {
    prepare: async () => {
      // Of a process before this one.
      await leave(order, () => 0)
      const before = order.flatMap((user) => new Array<number>(lengthOf(user)).fill(user))
      await crowd(before.length, (at) => lay(before[at] ?? 0))
    },
    refill: async () => {
      const count = Math.min(next - left, order.length)
      await leave(
        Array.from({ length: count }, (_, at) => entryAt(order, order, left + at)),
        lengthOf,
      )
      left = next
    },
    call: (at) => {
      next = at + 1
      return open(entryAt(order, order, at))
    },
  }
}

/** How many sessions a user has before. */
function lengthOf(user: number): number {
  return user % LENGTHS
}
