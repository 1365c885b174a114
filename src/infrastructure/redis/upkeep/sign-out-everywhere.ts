import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import type { Handle } from "../../../domain/session/ticket.js"
import type { Member, SessionScripts } from "../scripts/session-scripts.js"
import type { ListPlace, SessionKeys } from "../session-keys.js"
import { LIST_MEMORY_MICROS } from "./list-memory.js"
import type { PruneLater } from "./prune-later.js"
import { walkList } from "./walk-list.js"

/** Members of the list that are read, and sessions that are ended, by one script: others are served in between. */
const READ = 500
const STEP = 125
/** Steps that are sent before the first is answered: while the server carries one out, this process prepares the next. */
const MOST_UNDER_WAY = 6

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

/** Where a sign-out everywhere begins: the instant up to which it reaches, and the first page of the user's list. */
export interface CutOff {
  readonly score: string
  readonly oldest?: readonly Member[] | undefined
}

export function takeCutOff(parts: UpkeepParts, place: ListPlace, options: Pick<SignOutOptions, "signal">): Promise<CutOff> {
  return parts.scripts.cutoff(parts.keys.index(place), READ, options)
}

/**
 * Ends every session that the user's list names, up to the cut-off, an instant taken at the beginning: later ones have a higher score.
 * Passes are repeated until one ends nothing, because a list that is being healed meanwhile gets members that a pass has gone by, or one sees that there are
 * none such.
 *
 * @returns how many were ended; fewer than there were where a reply was lost
 */
export async function removeListed(parts: UpkeepParts, place: ListPlace, { score, oldest }: CutOff, options: SignOutOptions): Promise<number> {
  let ended = 0
  // What the list still names because its memory needs it.
  const gone = new Set<string>()
  for (let first = oldest; ; first = undefined) {
    const pass = await removePass(parts, place, { score, oldest: first }, gone, options)
    ended += pass.ended
    if (pass.ended === 0 || pass.isWhole) return ended
  }
}

/** What one walk over the list came to. `isWhole`: by its last step the list named nobody whom it had gone by. */
interface Pass {
  readonly ended: number
  readonly isWhole: boolean
}

async function removePass(parts: UpkeepParts, place: ListPlace, cutOff: CutOff, gone: Set<string>, options: SignOutOptions): Promise<Pass> {
  const underWay: Promise<Step>[] = []
  let [ended, met, left, listed] = [0, 0, 0, Number.POSITIVE_INFINITY]
  const settleOldest = async (): Promise<void> => {
    const step = await underWay.shift()
    if (step === undefined) return
    ended += step.ended
    left += step.left
    listed = step.listed
  }
  try {
    for await (const page of walkList(parts.scripts, parts.keys.index(place), cutOff.score, READ, options, cutOff.oldest)) {
      met += page.length
      const due = page.filter((id) => id !== options.except?.id && !gone.has(id))
      for (let from = 0; from < due.length; from += STEP) {
        options.signal?.throwIfAborted()
        if (underWay.length === MOST_UNDER_WAY) await settleOldest()
        const step = removeMembers(parts, place, due.slice(from, from + STEP), gone, options)
        step.catch(() => undefined)
        underWay.push(step)
      }
    }
    while (underWay.length > 0) await settleOldest()
    return { ended, isWhole: listed <= met - left }
  } catch (error) {
    // Whatever failed, what the others come to is counted and told.
    await Promise.allSettled(underWay)
    throw error
  }
}

/** How many sessions one step ended, how many members left the list, and how many it had after that, as far as that is known. */
interface Step {
  readonly ended: number
  readonly left: number
  readonly listed: number
}

async function removeMembers(parts: UpkeepParts, place: ListPlace, ids: readonly string[], gone: Set<string>, options: SignOutOptions): Promise<Step> {
  options.onBegin()
  const { existed, repeated, left, listed } = await (parts.redis.singleNode ? endTogether : endOneByOne)(parts, place, ids, options)
  const ended = ids.filter((_id, at) => existed[at] === true)
  for (const id of ended) options.onEnded({ tag: place.tag, id })
  if (repeated) for (const [at, id] of ids.entries()) if (existed[at] !== true) options.onMaybeEnded?.({ tag: place.tag, id })
  if (left < ids.length) {
    parts.prunes.add(place, ids)
    for (const id of ids) gone.add(id)
  }
  // What the first copy took out of the list nobody counted.
  return { ended: ended.length, left, listed: repeated ? Number.POSITIVE_INFINITY : listed }
}

/** Which sessions existed, and how many left the list: the old ones at once, so that a further pass is short, the young ones later. */
interface Ended {
  readonly existed: readonly boolean[]
  readonly left: number
  readonly listed: number
  readonly repeated: boolean
}

function endTogether(parts: UpkeepParts, place: ListPlace, ids: readonly string[], options: SignOutOptions): Promise<Ended> {
  return parts.scripts.end(parts.keys.index(place), parts.keys.sessions(place, ids), LIST_MEMORY_MICROS, options)
}

/** While a slot moves to another node, its sessions can be ended one by one only. */
async function endOneByOne(parts: UpkeepParts, place: ListPlace, ids: readonly string[], options: SignOutOptions): Promise<Ended> {
  const unlinked = await parts.scripts.unlink(parts.keys.sessions(place, ids), options)
  return { ...unlinked, left: await parts.prunes.prune(place, ids), listed: Number.POSITIVE_INFINITY }
}
