import { admit, findBody, pushOperation, readHead, rewriteHead, timeToLive, wasApplied } from "../record-head.js"
import type { ScriptFunction } from "../script.js"

export const sessionUpdate: ScriptFunction = (keys, [session = ""], [expected, operation = "", newBody = "", notAfter, offered = ""]) => {
  const now = keys.nowMicros
  const head = readHead(keys, session, 4_096)
  if (head === undefined) return [1, now]
  const body = head === false ? -1 : findBody(head.text, head.rest)
  if (head === false || body === -1) return [3, now]
  const clashes = head.version !== Number(expected)
  if (clashes && wasApplied(head.operations, operation)) return [5, now, head.text.slice(0, head.rest)]
  if (offered !== "" && admit(head, keys.nowMs, offered) === undefined) return [2, now]
  if (clashes) return [4, now, Math.trunc(head.version)]
  if (keys.nowMicros > Number(notAfter)) return [6, now]
  const ttl = timeToLive(head.idle, head.slack, head.absolute, keys.nowMs)
  if (ttl <= 0) return [1, now]
  const operations = pushOperation(head.operations, operation)
  const isInGrace = head.previous !== undefined && head.previous.until > keys.nowMs
  const written =
    rewriteHead(head.text, keys.nowMs, head.version + 1, operations, head.verifier, head.authenticated) + (isInGrace ? head.text.slice(171, head.rest) : "")
  keys.set(session, written + head.text.slice(head.rest, body) + newBody, ttl)
  return [0, now, written]
}
