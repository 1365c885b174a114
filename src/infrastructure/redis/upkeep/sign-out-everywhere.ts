import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import type { Handle } from "../../../domain/session/ticket.js"
import type { SessionScripts } from "../scripts/session-scripts.js"
import type { ListPlace, SessionKeys } from "../session-keys.js"
import { LIST_MEMORY_MICROS } from "./list-memory.js"
import type { PruneLater } from "./prune-later.js"
import { walkList } from "./walk-list.js"

/** What upkeep works with. */
export interface UpkeepParts {
  readonly redis: IRedisService
  readonly scripts: SessionScripts
  readonly keys: SessionKeys
  readonly prunes: PruneLater
}

export interface SignOutOptions {
  readonly signal?: AbortSignal | undefined
  /** See `RedisCallOptions`. */
  readonly onNotDurable?: (() => void) | undefined
  readonly owner: string
  readonly except: Handle | null
  readonly onEnded: (handle: Handle) => void
  /** Called for a session that was gone when it was asked for again because a reply was lost: the first copy may have ended it. */
  readonly onMaybeEnded?: (handle: Handle) => void
  /** Called before anything is ended: from then on a failure leaves in doubt what was. */
  readonly onBegin: () => void
}

/**
 * Ends every session that the user's list names, up to the cut-off, an instant taken at the beginning: later ones have a higher score.
 * Passes are repeated until one ends nothing, because a list that is being healed meanwhile gets members that a pass has gone by.
 *
 * @returns how many were ended; fewer than there were where a reply was lost
 */
export async function removeListed(parts: UpkeepParts, place: ListPlace, cutoff: string, options: SignOutOptions): Promise<number> {
  let ended = 0
  for (;;) {
    const inThisPass = await removePass(parts, place, cutoff, options)
    if (inThisPass === 0) return ended
    ended += inThisPass
  }
}

async function removePass(parts: UpkeepParts, place: ListPlace, cutoff: string, options: SignOutOptions): Promise<number> {
  let ended = 0
  // While the server ends one page, the next one is on its way to it.
  let ending = Promise.resolve(0)
  try {
    for await (const ids of walkList(parts.scripts, parts.keys.index(place), cutoff, options)) {
      options.signal?.throwIfAborted()
      const mine = ids.filter((id) => id !== options.except?.id)
      const before = ending
      ending = removeMembers(parts, place, mine, options)
      ending.catch(() => undefined)
      ended += await before
    }
  } finally {
    // Whatever failed, what this page comes to is counted and told.
    ended += await ending
  }
  return ended
}

async function removeMembers(parts: UpkeepParts, place: ListPlace, ids: readonly string[], options: SignOutOptions): Promise<number> {
  if (ids.length === 0) return 0
  options.onBegin()
  const { existed, repeated, left } = await (parts.redis.singleNode ? endTogether : endOneByOne)(parts, place, ids, options)
  const ended = ids.filter((_id, at) => existed[at] === true)
  for (const id of ended) options.onEnded({ tag: place.tag, id })
  if (repeated) for (const [at, id] of ids.entries()) if (existed[at] !== true) options.onMaybeEnded?.({ tag: place.tag, id })
  if (left < ids.length) for (const id of ids) parts.prunes.add(place, id)
  return ended.length
}

/** Which sessions existed, and how many left the list: the old ones at once, so that the next pass is short, the young ones later. */
interface Ended {
  readonly existed: readonly boolean[]
  readonly left: number
  readonly repeated: boolean
}

function endTogether(parts: UpkeepParts, place: ListPlace, ids: readonly string[], options: SignOutOptions): Promise<Ended> {
  return parts.scripts.end(parts.keys.index(place), sessionsOf(parts, place, ids), LIST_MEMORY_MICROS, options)
}

/** While a slot moves to another node, its sessions can be ended one by one only. */
async function endOneByOne(parts: UpkeepParts, place: ListPlace, ids: readonly string[], options: SignOutOptions): Promise<Ended> {
  const unlinked = await parts.scripts.unlink(sessionsOf(parts, place, ids), options)
  return { ...unlinked, left: await parts.prunes.prune(place, ids) }
}

function sessionsOf(parts: UpkeepParts, { tag }: ListPlace, ids: readonly string[]): readonly string[] {
  return ids.map((id) => parts.keys.session({ tag, id }))
}
