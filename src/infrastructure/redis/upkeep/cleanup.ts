import { crc32 } from "node:zlib"
import { SessionError } from "../../../domain/errors.js"
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

/** A user's list is short as a rule: so many members are a fair guess of what lists hold that are looked at side by side. */
const MEMBERS_OF_MOST_LISTS = 12

/**
 * One step over the keyspace: counts sessions, and prunes the members of lists whose sessions are gone; told in parts where lists are long.
 * A walk may meet a key twice, or miss one that is created meanwhile, so totals are close, not exact; one that begins anew after a failover counts again.
 *
 * @param cursor - `null` begins; see `Position`
 */
export async function* sweepKeyspace(parts: UpkeepParts, cursor: string | null, count: number, options: SweepOptions): AsyncGenerator<SweepStep> {
  const nodes = await parts.redis.nodes()
  const { node, scanned } = cursor === null ? START : positionOf(cursor, nodes, parts.redis.singleNode)
  const step = await parts.redis.scan(node, scanned, parts.keys.pattern, count, options)
  let seen = await sweepSessions(parts, step.keys, options)
  const lists = step.keys.map((key) => parts.keys.parseIndex(key)).filter((place) => place !== null)
  const here = cursorOf({ node, scanned }, nodes)
  for await (const part of sweepLists(parts, lists, count, options)) {
    seen = addSweeps(seen, part)
    if (seen.scanned < count) continue
    yield { seen, next: here }
    seen = EMPTY_SWEEP
  }
  yield { seen, next: nextCursor({ node, scanned: step.cursor }, nodes) }
}

/** Where a walk goes on: on which node, and behind what the server's own cursor says. */
interface Position {
  readonly node: number
  readonly scanned: string
}

const START: Position = { node: 0, scanned: "0" }
/** Node, the server's cursor, and on a cluster which primaries there were. */
const CURSOR_FORM = /^(\d{1,4})\.(\d{1,20})(?:\.([0-9a-f]{8}))?$/
const LARGEST_SCANNED = 2n ** 64n

/** After a failover a primary has another place among them, and cursors of its own: then the walk begins anew, lest it leave one out. */
function positionOf(cursor: string, nodes: readonly string[], isSingle: boolean): Position {
  const [, node = "", scanned = "", mark = ""] = CURSOR_FORM.exec(cursor) ?? []
  const isForeign = node === "" || BigInt(scanned) >= LARGEST_SCANNED || (isSingle && (node !== "0" || mark !== ""))
  if (isForeign) throw new UnexpectedValue("Expected cursor to be one of a cleanup's report, got something else.")
  return mark === markOf(nodes) ? { node: Number(node), scanned } : START
}

function cursorOf({ node, scanned }: Position, nodes: readonly string[]): string {
  const mark = markOf(nodes)
  return `${node}.${scanned}${mark === "" ? "" : `.${mark}`}`
}

function markOf(nodes: readonly string[]): string {
  return nodes.length === 1 ? "" : crc32(nodes.join(" ")).toString(16).padStart(8, "0")
}

function nextCursor({ node, scanned }: Position, nodes: readonly string[]): string | null {
  if (scanned !== "0") return cursorOf({ node, scanned }, nodes)
  return node + 1 < nodes.length ? cursorOf({ node: node + 1, scanned }, nodes) : null
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
  const listed = await unlessDamaged(parts.scripts.lists(parts.keys.index(place), [record.id], options))
  return listed?.[0] !== true
}

/** Some lists side by side, a page of members at a time. */
async function* sweepLists(parts: UpkeepParts, lists: readonly ListPlace[], count: number, options: SweepOptions): AsyncGenerator<SweepCounts> {
  const together = Math.ceil(count / MEMBERS_OF_MOST_LISTS)
  for (let from = 0; from < lists.length; from += together) {
    let walks = lists.slice(from, from + together).map((place) => sweepList(parts, place, count, options))
    while (walks.length > 0) {
      const pages = await Promise.all(walks.map((walk) => walk.next()))
      walks = walks.filter((_walk, at) => pages[at]?.done === false)
      for (const page of pages) if (!page.done) yield page.value
    }
  }
}

async function* sweepList(parts: UpkeepParts, place: ListPlace, count: number, options: SweepOptions): AsyncGenerator<SweepCounts> {
  const pages = walkList(parts.scripts, parts.keys.index(place), "+inf", count, options)
  for (let page = await unlessDamaged(pages.next()); page?.done === false; page = await unlessDamaged(pages.next())) {
    yield { ...EMPTY_SWEEP, scanned: page.value.length, pruned: await parts.prunes.prune(place, page.value) }
  }
}

/** `null`: another program wrote a value of another type there, which must not hold up the rest. */
async function unlessDamaged<T>(reply: Promise<T>): Promise<T | null> {
  return reply.catch((error: unknown) => {
    if (!SessionError.is(error, "ERR_STORE_PROTOCOL")) throw error
    return null
  })
}
