import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import type { Handle } from "../../../domain/session/ticket.js"
import type { SessionScripts } from "../scripts/session-scripts.js"
import type { ListPlace, SessionKeys } from "../session-keys.js"
import type { PruneLater } from "./prune-later.js"
import { walkList } from "./walk-list.js"

/** What upkeep works with. */
export interface UpkeepParts {
  readonly redis: IRedisService
  readonly scripts: SessionScripts
  readonly keys: SessionKeys
  readonly prunes: PruneLater
}

interface SignOutOptions {
  readonly signal?: AbortSignal | undefined
  readonly owner: string
  readonly except: Handle | null
  readonly onEnded: (handle: Handle) => void
  /** Called before anything is ended: from then on a failure leaves in doubt what was. */
  readonly onBegin: () => void
}

const SCAN_COUNT = 1_000

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
  for await (const ids of walkList(parts.scripts, parts.keys.index(place), cutoff, options)) {
    options.signal?.throwIfAborted()
    const mine = ids.filter((id) => id !== options.except?.id)
    ended += await removeMembers(parts, place, mine, options)
  }
  return ended
}

async function removeMembers(parts: UpkeepParts, place: ListPlace, ids: readonly string[], options: SignOutOptions): Promise<number> {
  if (ids.length === 0) return 0
  options.onBegin()
  const existed = await parts.scripts.unlink(
    ids.map((id) => parts.keys.session({ tag: place.tag, id })),
    options,
  )
  const ended = ids.filter((_id, at) => existed[at] === true)
  for (const id of ended) options.onEnded({ tag: place.tag, id })
  // The old ones leave the list now, so that the next pass is short; the young ones later.
  const pruned = await parts.prunes.prune(place, ids)
  if (pruned < ids.length) for (const id of ids) parts.prunes.add(place, id)
  return ended.length
}

/** Ends the sessions of a user that no list names, by walking over all keys of the user's slot tag. @returns how many were ended */
export async function removeThoroughly(parts: UpkeepParts, place: ListPlace, cutoff: string, options: SignOutOptions): Promise<number> {
  let ended = 0
  const nodes = await parts.redis.countNodes()
  for (let node = 0; node < nodes; node += 1) {
    let cursor = "0"
    do {
      options.signal?.throwIfAborted()
      const step = await parts.redis.scan(node, cursor, parts.keys.patternOf(place.tag), SCAN_COUNT, options)
      cursor = step.cursor
      const ends = await Promise.all(step.keys.map((key) => removeOwned(parts, key, cutoff, options)))
      ended += ends.filter(Boolean).length
    } while (cursor !== "0")
  }
  return ended
}

async function removeOwned(parts: UpkeepParts, key: string, cutoff: string, options: SignOutOptions): Promise<boolean> {
  const handle = parts.keys.parseSession(key)
  if (handle === null || handle.id === options.except?.id) return false
  options.onBegin()
  // Users may share a tag, so the record itself decides.
  const { status } = await parts.scripts.delete(key, { owner: JSON.stringify(options.owner), newest: cutoff, verifiers: [] }, options)
  if (status === "DONE") options.onEnded(handle)
  return status === "DONE"
}
