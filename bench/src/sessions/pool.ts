import type { Work } from "../rounds/slice.js"
import { crowd } from "./crowd.js"

/** So many are used up in a millisecond by most that is measured. */
const USED_A_MS = 25
const GROWTH = 4

/** Work that makes one more with each call. What a slice made is removed before the next, so that the store stays as large as it was. */
export function makingMore<T>(make: (at: number) => Promise<T>, remove: (one: T) => Promise<unknown>): Work {
  let made: T[] = []
  return {
    refill: async () => {
      const all = made
      made = []
      await crowd(all.length, (at) => remove(all[at] as T))
    },
    call: async (at) => {
      const one = await make(at)
      made.push(one)
      return one
    },
  }
}

/**
 * Work that uses up what it is done to, such as deleting. Where a slice uses up all, more is made within it, which slows that slice down, and for the next
 * slice several times as much is laid ready: so that happens while the first round warms up, if at all.
 *
 * @param make one more, at the given number
 * @param use whether it was there
 * @param ms how long a slice takes
 * @param usedAMs how many a millisecond uses up at first
 */
export function usingUp<T>(make: (at: number) => Promise<T>, use: (one: T) => Promise<boolean>, ms: number, usedAMs = USED_A_MS): Work {
  const pool: T[] = []
  let made = 0
  let size = Math.ceil(ms * usedAMs)
  let ranOut = false
  return {
    refill: async () => {
      if (ranOut) size *= GROWTH
      ranOut = false
      const from = made
      made += size - pool.length
      // One by one: as arguments of one call, some hundred thousand are too many.
      for (const one of await crowd(made - from, (at) => make(from + at))) pool.push(one)
    },
    call: async () => {
      const one = pool.pop()
      if (one !== undefined) return use(one)
      ranOut = true
      return use(await make(made++))
    },
    isRight: (wasThere) => wasThere,
  }
}
