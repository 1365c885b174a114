import type { Keyspace } from "../Keyspace.js"
import { keepIndex, luaNumber, pad, readHead, timeToLive, writeHead } from "../record-head.js"
import { rangeByScore } from "../SortedMembers.js"
import type { Reply, ScriptFunction } from "../script.js"

const PAGE = 500

interface Counted {
  readonly id: string
  /** Old enough to leave the list when it is evicted. */
  readonly old: boolean
}

/** One page of the list, the oldest first. */
interface Page {
  readonly size: number
  readonly alive: readonly Counted[]
  readonly dead: readonly string[]
  readonly last: string
  readonly oldest: string
}

interface List {
  readonly index: string
  readonly prefix: string
  readonly memory: number
  readonly replaces: string
}

/** What the first argument says. */
interface Terms {
  readonly memory: number
  readonly idle: number
  readonly slack: number
  readonly absolute: number
  readonly limit: number
  readonly rejects: boolean
  readonly authenticated: string
  readonly replaces: string
}

const OPERATIONS = "-".repeat(24)

function termsOf(text: string): Terms {
  const [, memory, idle, slack, absolute, limit, onLimit, authenticated = "", replaces = ""] = text.split(" ")
  return {
    memory: Number(memory),
    idle: Number(idle),
    slack: Number(slack),
    absolute: Number(absolute),
    limit: Number(limit),
    rejects: onLimit === "reject",
    authenticated,
    replaces,
  }
}

export const sessionCreate: ScriptFunction = (keys, [session = "", index], [text = "", notAfter, verifier = "", fields = "", ...before]) => {
  const now = keys.nowMicros
  const terms = termsOf(text)
  const id = session.slice(-22)
  const isListed = index !== undefined && keys.members(index).score(id) !== undefined
  const existing = keys.get(session)
  if (existing !== null) return existing.slice(132, 154) === verifier ? [1, now, existing] : [2, now]
  if (isListed) return [2, now]
  if (keys.nowMicros > Number(notAfter)) return [3, now]

  const list: List | undefined = index === undefined ? undefined : { index, prefix: session.slice(0, -22), memory: terms.memory, replaces: terms.replaces }
  const room = list === undefined ? { dead: [], evicted: [] } : makeRoom(keys, list, terms, before)
  if ("reply" in room) return room.reply

  const earliest = index === undefined ? keys.nowMicros : Math.max(keys.nowMicros, Number(notAfter) - terms.memory)
  const top = index === undefined ? undefined : keys.members(index).all.at(-1)
  const head = {
    idle: terms.idle,
    slack: terms.slack,
    absolute: keys.nowMs + terms.absolute,
    created: top === undefined ? earliest : Math.max(earliest, Math.floor(top.score) + 1),
    authenticated: terms.authenticated === "never" ? "null".padStart(13) : pad(terms.authenticated === "now" ? keys.nowMs : Number(terms.authenticated), 13),
  }
  const ttl = Math.max(1, timeToLive(head.idle, head.slack, head.absolute, keys.nowMs))
  keys.set(session, writeHead(head, keys.nowMs, 1, OPERATIONS, verifier) + fields, ttl)
  if (list === undefined) return [0, now, head.created]
  keys.zadd(list.index, head.created, id)
  keepIndex(keys, list.index, Math.max(head.absolute, Math.ceil(head.created / 1_000)), list.memory)
  if (room.dead.length > 0) keys.zrem(list.index, room.dead)
  return [0, now, head.created, ...evict(keys, list, room.evicted)]
}

/** Whom the new session pushes out and whom the list may forget, or the reply of a call that creates nothing. */
function makeRoom(
  keys: Keyspace,
  list: List,
  { limit, rejects }: Terms,
  before: readonly string[],
): { readonly dead: readonly string[]; readonly evicted: readonly Counted[] } | { readonly reply: Reply } {
  const now = keys.nowMicros
  const [cursor = "", countedBefore, oldestBefore = "", untilBefore = ""] = before
  if (limit === 0 || keys.members(list.index).size < limit) return { dead: forgettable(keys, list), evicted: [] }
  const page = look(keys, list, cursor === "" ? "-inf" : `(${cursor}`, "+inf", PAGE)
  const isFirst = oldestBefore === ""
  const counted = (luaNumber(countedBefore) ?? 0) + (isFirst ? 0 : page.alive.length)
  const oldest = isFirst ? page.oldest : oldestBefore
  const until = isFirst ? page.last : untilBefore
  if (page.size === PAGE) {
    if (page.dead.length > 0) keys.zrem(list.index, page.dead)
    return { reply: [5, now, page.last, counted, oldest, until] }
  }
  const first = isFirst ? page.alive : look(keys, list, oldest, until, PAGE).alive
  const surplus = counted + first.length + 1 - limit
  if (surplus > 0 && rejects) return { reply: [4, now] }
  const evicted = first.slice(0, Math.max(0, surplus))
  if (surplus <= evicted.length) return { dead: page.dead, evicted }
  let following: Page = { size: 0, alive: [], dead: [], last: untilBefore, oldest: "" }
  do following = look(keys, list, `(${following.last}`, cursor, PAGE)
  while (following.alive.length === 0 && following.size === PAGE)
  const left = following.alive.length > 0 ? Number(countedBefore) - following.alive.length : 0
  return { reply: [5, now, cursor, left, following.oldest, following.last, ...evict(keys, list, evicted)] }
}

/** Of the eight oldest those that are old enough and have no session any more, where four are listed or eight. */
function forgettable(keys: Keyspace, { index, prefix, memory }: List): readonly string[] {
  const oldest = keys.members(index).all.slice(0, 8)
  if (oldest.length % 4 !== 0) return []
  return oldest.filter(({ member, score }) => score + memory < keys.nowMicros && !keys.exists(prefix + member)).map(({ member }) => member)
}

function look(keys: Keyspace, { index, prefix, memory, replaces }: List, from: string, to: string, count: number): Page {
  const members = rangeByScore(keys.members(index), from, to, count)
  const alive: Counted[] = []
  const dead: string[] = []
  let last = ""
  let oldest = ""
  for (const { member, score } of members) {
    last = String(score)
    const old = score + memory < keys.nowMicros
    const head = readHead(keys, prefix + member, 171)
    if (head === undefined) {
      if (old) dead.push(member)
    } else if (member !== replaces && head !== false && luaNumber(head.authenticated) !== undefined) {
      if (alive.length === 0) oldest = last
      alive.push({ id: member, old })
    }
  }
  return { size: members.length, alive, dead, last, oldest }
}

function evict(keys: Keyspace, { index, prefix }: List, evicted: readonly Counted[]): readonly string[] {
  for (const { id } of evicted) keys.unlink(prefix + id)
  const gone = evicted.filter(({ old }) => old).map(({ id }) => id)
  if (gone.length > 0) keys.zrem(index, gone)
  return evicted.map(({ id }) => id)
}
