import type { Work } from "../rounds/slice.js"
import { shuffled } from "./order.js"
import type { SessionRows } from "./session-case.js"

/** Of each hundred calls: an application that is used, where people sometimes come and go. */
export const MIX = { read: 85, update: 8, create: 4, end: 3 } as const

type Kind = keyof typeof MIX
export type MixedParts = Readonly<Record<Kind, Work>>

/** The hundred calls, in an order that is the same each time. */
export function hundredCalls(): readonly Kind[] {
  const kinds = (Object.keys(MIX) as Kind[]).flatMap((kind) => new Array<Kind>(MIX[kind]).fill(kind))
  return shuffled(kinds.length).map((place) => kinds[place] ?? "read")
}

/** Does all four, in these shares. */
export function mixed(parts: MixedParts): Work {
  const hundred = hundredCalls()
  const begun: Record<Kind, number> = { read: 0, update: 0, create: 0, end: 0 }
  return {
    prepare: async () => {
      for (const part of Object.values(parts)) await part.prepare?.()
    },
    refill: async () => {
      for (const part of Object.values(parts)) await part.refill?.()
    },
    call: async (at) => {
      const kind = hundred[at % hundred.length] ?? "read"
      const { call, isRight } = parts[kind]
      const answer = await call(begun[kind]++)
      return isRight === undefined || isRight(answer as never)
    },
    isRight: (wasRight) => wasRight,
  }
}

const SHARES = `${Object.values(MIX).join("/")} of read, update, create, delete`
export const RAW_MIX = `raw GET, GET and SET, SET, DEL, ${SHARES}`
export const MAP_MIX = `Map get and structuredClone, set, delete, ${SHARES}`

/** What of a library's rows is mixed; `null` where it lacks one. */
export function mixedParts({ read, update, create, end }: SessionRows): MixedParts | null {
  if (read === undefined || update === undefined || create === undefined || end === undefined) return null
  return { read: read.work, update: update.work, create: create.work, end: end.work }
}
