import { admit, luaNumber, pad, readHead, timeToLive } from "../record-head.js"
import type { ScriptFunction } from "../script.js"

export const sessionExtend: ScriptFunction = (keys, [session = ""], [idleGiven, touchInterval, notAfter, offered = ""]) => {
  const now = keys.nowMicros
  const head = readHead(keys, session, 229)
  if (head === undefined) return [1, now]
  if (head === false) return [3, now]
  if (admit(head, keys.nowMs, offered) === undefined) return [2, now]
  if (keys.nowMicros > Number(notAfter)) return [4, now]
  const idle = luaNumber(idleGiven) ?? head.idle
  const slack = Math.min(Number(touchInterval), Math.floor(idle / 10))
  const ttl = timeToLive(idle, slack, head.absolute, keys.nowMs)
  if (ttl <= 0) return [1, now]
  keys.pexpire(session, ttl)
  keys.setRange(session, 18, `${pad(keys.nowMs, 13)},"head":[${pad(idle, 11)},${pad(slack, 8)}`)
  return [0, now, keys.get(session)]
}
