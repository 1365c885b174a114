import { admit, keepIndex, pad, readHead, timeToLive, whole } from "../record-head.js"
import type { ScriptFunction } from "../script.js"

const [DONE, MISSING, WRONG_SECRET, CORRUPT] = [0, 1, 2, 3]

export const sessionTouches: ScriptFunction = (keys, names, [memory, ...offered]) => {
  let at = 0
  const touch = (text: string): number => {
    const session = names[at++] ?? ""
    const index = text.startsWith("1") ? (names[at++] ?? "") : undefined
    const head = readHead(keys, session, 229)
    if (head === undefined) return MISSING
    if (head === false) return CORRUPT
    const verifiers = [head.verifier, head.previous?.verifier ?? ""].filter((verifier) => text.includes(` ${verifier} `))
    if (admit(head, keys.nowMs, verifiers) === undefined) return WRONG_SECRET
    const ttl = timeToLive(head.idle, head.slack, head.absolute, keys.nowMs)
    if (ttl <= 0) return MISSING
    keys.pexpire(session, ttl)
    keys.setRange(session, 18, pad(keys.nowMs, 13))
    if (index === undefined || keys.find(index)?.type === "string") return DONE
    keys.zadd(index, Number(whole(head.created)), session.slice(-22), true)
    keepIndex(keys, index, head.absolute, Number(memory))
    return DONE
  }
  return [String(keys.nowMicros), ...offered.map(touch)]
}
