import type { SessionRecord } from "../../../domain/session/record.js"
import { addSweeps, EMPTY_SWEEP, type SweepCounts, type SweepStep, sweptLive } from "../../../domain/session/sweep-counts.js"
import type { Handle } from "../../../domain/session/ticket.js"
import { UnexpectedValue } from "../../../shared/assertions.js"
import type { ListPlace } from "../session-keys.js"
import type { UpkeepParts } from "./sign-out-everywhere.js"
import { walkList } from "./walk-list.js"

interface SweepOptions {
  readonly signal?: AbortSignal | undefined
  readonly now: () => number | Promise<number>
  /** Reads a record, or reports it as corrupt. */
  readonly read: (handle: Handle, text: string) => SessionRecord | null
  /** The list that should name a session; `null` for a guest's. */
  readonly listOf: (record: SessionRecord) => ListPlace | null
}

/** Members of a list that one script looks at. */
const PRUNED = 250
const CURSOR_FORM = /^(\d{1,4})\.(\d{1,20})$/

/**
 * One step over the keyspace: counts sessions, and prunes the members of lists whose sessions are gone.
 * A walk may meet a key twice, or miss one that is created meanwhile, so totals are close, not exact.
 *
 * @param cursor - `null` begins; the node and the server's own cursor
 */
export async function sweepKeyspace(parts: UpkeepParts, cursor: string | null, count: number, options: SweepOptions): Promise<SweepStep> {
  const [, node = "0", position = "0"] = cursor === null ? [] : (CURSOR_FORM.exec(cursor) ?? refuseCursor())
  const step = await parts.redis.scan(Number(node), position, parts.keys.pattern, count, options)
  let seen = await sweepSessions(parts, step.keys, options)
  for (const key of step.keys) {
    const place = parts.keys.parseIndex(key)
    if (place !== null) seen = addSweeps(seen, await sweepList(parts, place, options))
  }
  return { seen, next: await nextCursor(parts, Number(node), step.cursor) }
}

function refuseCursor(): never {
  throw new UnexpectedValue("Expected cursor to be one of a cleanup's report, got something else.")
}

async function nextCursor(parts: UpkeepParts, node: number, position: string): Promise<string | null> {
  if (position !== "0") return `${node}.${position}`
  return node + 1 < (await parts.redis.countNodes()) ? `${node + 1}.0` : null
}

async function sweepSessions(parts: UpkeepParts, keys: readonly string[], options: SweepOptions): Promise<SweepCounts> {
  const handles = keys.map((key) => parts.keys.parseSession(key)).filter((handle) => handle !== null)
  if (handles.length === 0) return EMPTY_SWEEP
  const texts = await parts.redis.mget(
    handles.map((handle) => parts.keys.session(handle)),
    options,
  )
  const records = handles.map((handle, at) => {
    const text = texts[at] ?? null
    return text === null ? null : options.read(handle, text)
  })
  const counts = await Promise.all(records.map((record) => sweepSession(parts, record, options)))
  return counts.reduce(addSweeps, EMPTY_SWEEP)
}

async function sweepSession(parts: UpkeepParts, record: SessionRecord | null, options: SweepOptions): Promise<SweepCounts> {
  return record === null ? { ...EMPTY_SWEEP, scanned: 1 } : sweptLive(record, await options.now(), await isOrphaned(parts, record, options))
}

async function isOrphaned(parts: UpkeepParts, record: SessionRecord, options: SweepOptions): Promise<boolean> {
  const place = options.listOf(record)
  if (place === null) return false
  const [listed] = await parts.scripts.lists(parts.keys.index(place), [record.id], options)
  return listed !== true
}

async function sweepList(parts: UpkeepParts, place: ListPlace, options: SweepOptions): Promise<SweepCounts> {
  let seen = EMPTY_SWEEP
  for await (const ids of walkList(parts.scripts, parts.keys.index(place), "+inf", PRUNED, options)) {
    seen = addSweeps(seen, { ...EMPTY_SWEEP, scanned: ids.length, pruned: await parts.prunes.prune(place, ids) })
  }
  return seen
}
