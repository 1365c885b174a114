import { admit, findBody, luaNumber, pad, pushOperation, readHead, rewriteHead, timeToLive, writePrevious } from "../record-head.js"
import type { ScriptFunction } from "../script.js"

export const sessionRotate: ScriptFunction = (
  keys,
  [session = ""],
  [verifier = "", grace, reauthenticated, expected = "", newBody = "", notAfter, offered = ""],
) => {
  const now = keys.nowMicros
  const head = readHead(keys, session, 4_096)
  if (head === undefined) return [1, now]
  const body = head === false ? -1 : findBody(head.text, head.rest)
  if (head === false || body === -1) return [3, now]
  if (head.verifier === verifier || head.previous?.verifier === verifier) return [5, now, keys.get(session)]
  const admission = admit(head, keys.nowMs, offered)
  if (admission === undefined) return [2, now]
  if (admission === "grace") return [6, now]
  if (expected !== "" && head.version !== Number(expected)) return [4, now, Math.trunc(head.version)]
  if (keys.nowMicros > Number(notAfter)) return [8, now]
  if (reauthenticated === "1" && luaNumber(head.authenticated) === undefined) return [7, now]
  const authenticated = reauthenticated === "1" ? pad(keys.nowMs, 13) : head.authenticated
  const ttl = timeToLive(head.idle, head.slack, head.absolute, keys.nowMs)
  if (ttl <= 0) return [1, now]
  const writes = expected !== ""
  const version = writes ? head.version + 1 : head.version
  const operations = writes ? pushOperation(head.operations, verifier.slice(0, 6)) : head.operations
  const rest = writes ? newBody : keys.getRange(session, body, -1)
  const previous = Number(grace) > 0 ? writePrevious(head.verifier, keys.nowMs + Number(grace)) : ""
  const record = rewriteHead(head.text, keys.nowMs, version, operations, verifier, authenticated) + previous + head.text.slice(head.rest, body) + rest
  keys.set(session, record, ttl)
  return [0, now, record]
}
