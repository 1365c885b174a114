import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import type { Handle } from "../../../domain/session/ticket.js"
import type { SessionScripts } from "../scripts/session-scripts.js"
import type { ListPlace, SessionKeys } from "../session-keys.js"
import { LIST_MEMORY_MICROS } from "./list-memory.js"
import type { PruneLater } from "./prune-later.js"
import { walkList } from "./walk-list.js"

/** Members of the list that are read, and sessions that are ended, by one script: others are served in between. */
const READ = 1_000
const STEP = 250
/** Steps that are sent before the first is answered: while the server carries one out, this process prepares the next. */
const MOST_UNDER_WAY = 3

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
  // What the list still names because its memory needs it.
  const gone = new Set<string>()
  for (;;) {
    const inThisPass = await removePass(parts, place, cutoff, gone, options)
    if (inThisPass === 0) return ended
    ended += inThisPass
  }
}

async function removePass(parts: UpkeepParts, place: ListPlace, cutoff: string, gone: Set<string>, options: SignOutOptions): Promise<number> {
  let ended = 0
  const underWay: Promise<number>[] = []
  const oldest = async (): Promise<number> => (await underWay.shift()) ?? 0
  try {
    for await (const page of walkList(parts.scripts, parts.keys.index(place), cutoff, READ, options)) {
      const due = page.filter((id) => id !== options.except?.id && !gone.has(id))
      for (let from = 0; from < due.length; from += STEP) {
        options.signal?.throwIfAborted()
        if (underWay.length === MOST_UNDER_WAY) ended += await oldest()
        const step = removeMembers(parts, place, due.slice(from, from + STEP), gone, options)
        step.catch(() => undefined)
        underWay.push(step)
      }
    }
    while (underWay.length > 0) ended += await oldest()
    return ended
  } catch (error) {
    // Whatever failed, what the others come to is counted and told.
    await Promise.allSettled(underWay)
    throw error
  }
}

async function removeMembers(parts: UpkeepParts, place: ListPlace, ids: readonly string[], gone: Set<string>, options: SignOutOptions): Promise<number> {
  options.onBegin()
  const { existed, repeated, left } = await (parts.redis.singleNode ? endTogether : endOneByOne)(parts, place, ids, options)
  const ended = ids.filter((_id, at) => existed[at] === true)
  for (const id of ended) options.onEnded({ tag: place.tag, id })
  if (repeated) for (const [at, id] of ids.entries()) if (existed[at] !== true) options.onMaybeEnded?.({ tag: place.tag, id })
  if (left < ids.length) {
    parts.prunes.add(place, ids)
    for (const id of ids) gone.add(id)
  }
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
