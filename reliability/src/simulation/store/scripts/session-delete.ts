import { admit, findBody, isOffered, readHead, verifierOfAnyLayout } from "../record-head.js"
import type { ScriptFunction } from "../script.js"

export const sessionDelete: ScriptFunction = (keys, [session = ""], [owner = "", newest = "", version = "", offered = ""]) => {
  const now = keys.nowMicros
  const head = readHead(keys, session, 4_096)
  if (head === undefined) return version !== "" || keys.unlink(session) === 0 ? [1, now] : [0, now, ""]
  const body = head === false ? -1 : findBody(head.text, head.rest)
  const prefix = head !== false && body !== -1 ? head.text.slice(0, body) : ""
  if (head !== false && newest !== "" && head.created > Number(newest)) return [1, now]
  if (owner !== "") {
    if (head === false || body === -1) return [3, now]
    const isOwners = ["userId", "pendingUserId"].some((field) => prefix.indexOf(`"${field}":${owner},`, head.rest) !== -1)
    if (!isOwners) return [1, now]
  } else if (head !== false) {
    if (admit(head, keys.nowMs, offered) === undefined) return [2, now]
  } else {
    const verifier = verifierOfAnyLayout(keys, session)
    if (verifier !== undefined && !isOffered(verifier, offered)) return [2, now]
  }
  if (version !== "") {
    if (head === false || body === -1) return [3, now]
    if (head.version !== Number(version)) return [4, now, Math.trunc(head.version)]
  }
  keys.unlink(session)
  return [0, now, prefix]
}
