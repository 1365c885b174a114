import type { Keyspace } from "../Keyspace.js"
import { admit, type Head, keepIndex, pad, readHead, timeToLive, whole } from "../record-head.js"
import type { ScriptFunction } from "../script.js"

const [DONE, MISSING, WRONG_SECRET, CORRUPT] = [0, 1, 2, 3]

/** Writes the access to one record down. @returns its head, or why not */
function access(keys: Keyspace, session: string, offered: string): Head | number {
  const head = readHead(keys, session, 229)
  if (head === undefined) return MISSING
  if (head === false) return CORRUPT
  if (admit(head, keys.nowMs, offered) === undefined) return WRONG_SECRET
  const ttl = timeToLive(head.idle, head.slack, head.absolute, keys.nowMs)
  if (ttl <= 0) return MISSING
  keys.pexpire(session, ttl)
  keys.setRange(session, 18, pad(keys.nowMs, 13))
  return head
}

export const sessionTouches: ScriptFunction = (keys, names, [memory, ...offered]) => {
  let at = 0
  const touch = (text: string): number => {
    const session = names[at++] ?? ""
    const index = text.startsWith("1") ? (names[at++] ?? "") : undefined
    const head = access(keys, session, text)
    if (typeof head === "number") return head
    if (index === undefined || keys.find(index)?.type === "string") return DONE
    keys.zadd(index, Number(whole(head.created)), session.slice(-22), true)
    keepIndex(keys, index, head.absolute, Number(memory))
    return DONE
  }
  return [keys.nowMicros, ...offered.map(touch)]
}

export const sessionAccesses: ScriptFunction = (keys, names, offered) => {
  const each = names.flatMap((session, at) => {
    const entry = keys.find(session)
    const text = entry?.type === "string" ? entry.value : ""
    const head = access(keys, session, offered[at] ?? "")
    return [typeof head === "number" ? head : DONE, text]
  })
  return [keys.nowMicros, ...each]
}
