import type { Keyspace } from "../Keyspace.js"
import { pad, pushOperation, wasApplied } from "../record-head.js"
import type { ScriptFunction } from "../script.js"

const MARK = '{"ended":1}'

type Found = "corrupt" | "none" | "ended" | { readonly version: number; readonly operations: string }

function readRecord(keys: Keyspace, key: string): Found {
  const entry = keys.find(key)
  if (entry === undefined) return "none"
  if (entry.type !== "string") return "corrupt"
  const text = keys.getRange(key, 0, 110)
  if (text === MARK) return "ended"
  const [, version] = /^ *(\d+)$/.exec(text.slice(13, 22)) ?? []
  if (text.length < 111 || !text.startsWith('{"record":[1,') || text.slice(102, 111) !== '","data":' || version === undefined) return "corrupt"
  return { version: Number(version), operations: text.slice(24, 48) }
}

/** Zero too where there is nothing, or no end. */
function timeLeft(keys: Keyspace, key: string): number {
  return (keys.find(key)?.expiresAt ?? keys.nowMs) - keys.nowMs
}

function holdsSession(keys: Keyspace, key: string): boolean {
  const entry = keys.find(key)
  return entry?.type === "string" && /^\s*\{.*"cookie"\s*:\s*\{/s.test(entry.value)
}

export const recordSave: ScriptFunction = (keys, [record = "", old], [expected = "", operation = "", notAfter, lifetime, atLeast, name = "", data = ""]) => {
  const now = keys.nowMicros
  const found = readRecord(keys, record)
  if (found === "corrupt") return [6, now]
  if (found === "ended") return [2, now]
  if (found !== "none" && wasApplied(found.operations, operation)) return [1, now, keys.get(record)]
  if (found === "none" && expected !== "") return [3, now]
  if (found !== "none" && expected !== "" && found.version !== Number(expected)) return [4, now, keys.get(record)]
  if (keys.nowMicros > Number(notAfter)) return [5, now]
  const before = found === "none" ? { version: 0, operations: "------".repeat(4) } : found
  const version = (before.version % 999_999_999) + 1
  const head = `{"record":[1,${pad(version, 9)},"${pushOperation(before.operations, operation)}"],"name":"${name}","data":`
  keys.set(record, `${head}${data}}`, Math.max(Number(lifetime), atLeast === "1" ? timeLeft(keys, record) : 0))
  if (old !== undefined && holdsSession(keys, old)) keys.unlink(old)
  return [0, now, version]
}

export const recordTouch: ScriptFunction = (keys, [record = ""], [lifetime]) => {
  const now = keys.nowMicros
  if (typeof readRecord(keys, record) === "string") return [1, now]
  keys.pexpireAt(record, keys.nowMs + Number(lifetime), "GT")
  return [0, now]
}

export const recordEnd: ScriptFunction = (keys, [record = "", old], [remember, atLeast, apart]) => {
  const now = keys.nowMicros
  const isOld = old !== undefined && holdsSession(keys, old)
  const left = Math.max(atLeast === "1" ? timeLeft(keys, record) : 0, isOld ? timeLeft(keys, old) : 0, Number(apart))
  const removed = isOld ? keys.unlink(old) : 0
  const found = readRecord(keys, record)
  if ((found === "ended" || found === "none") && removed === 0 && apart === "") return [1, now]
  keys.set(record, MARK, Math.max(Number(remember), left))
  return [0, now]
}

export const recordAdopt: ScriptFunction = (keys, [record = "", old = ""], [found, lifetime, text = ""]) => {
  const now = keys.nowMicros
  const taken = keys.get(record)
  if (taken !== null) {
    if (taken === MARK) keys.pexpireAt(record, keys.find(old)?.expiresAt ?? 0, "GT")
    if (keys.get(old) === found) keys.unlink(old)
    return [1, now, taken]
  }
  if (keys.get(old) !== found) return [2, now]
  const expiresAt = keys.find(old)?.expiresAt
  keys.set(record, text, expiresAt === undefined ? Number(lifetime) : Math.max(expiresAt - keys.nowMs, 1))
  keys.unlink(old)
  return [0, now]
}

export const recordAdoptApart: ScriptFunction = (keys, [record = ""], [notAfter, lifetime, text = ""]) => {
  const now = keys.nowMicros
  const taken = keys.get(record)
  if (taken !== null) {
    if (taken === MARK) keys.pexpireAt(record, keys.nowMs + Number(lifetime), "GT")
    return [1, now, taken]
  }
  if (now > Number(notAfter)) return [2, now]
  keys.set(record, text, Number(lifetime))
  return [0, now]
}

export const recordOld: ScriptFunction = (keys, [old = ""]) => {
  const now = keys.nowMicros
  if (!holdsSession(keys, old)) return [1, now]
  const expiresAt = keys.find(old)?.expiresAt
  return [0, now, keys.get(old), expiresAt === undefined ? -1 : expiresAt - keys.nowMs]
}

export const recordOldRemove: ScriptFunction = (keys, [old = ""], [found]) => {
  const now = keys.nowMicros
  if (!holdsSession(keys, old) || (found !== "" && keys.get(old) !== found)) return [1, now]
  keys.unlink(old)
  return [0, now]
}
