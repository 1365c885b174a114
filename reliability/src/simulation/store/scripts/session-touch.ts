import { admit, pad, readHead, timeToLive } from "../record-head.js"
import type { ScriptFunction } from "../script.js"

export const sessionTouch: ScriptFunction = (keys, [session = ""], offered) => {
  const now = String(keys.nowMicros)
  const head = readHead(keys, session, 229)
  if (head === undefined) return [1, now]
  if (head === false) return [3, now]
  if (admit(head, keys.nowMs, offered) === undefined) return [2, now]
  const ttl = timeToLive(head.idle, head.slack, head.absolute, keys.nowMs)
  if (ttl <= 0) return [1, now]
  keys.pexpire(session, ttl)
  keys.setRange(session, 18, pad(keys.nowMs, 13))
  return [0, now]
}
