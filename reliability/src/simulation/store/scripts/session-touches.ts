import { keepIndex, readHead, whole } from "../record-head.js"
import type { ScriptFunction } from "../script.js"
import { sessionTouch } from "./session-touch.js"

/** The status of `session-touch`, and what `index-heal` does to the list. */
export const sessionTouches: ScriptFunction = (keys, names, [memory, ...offered]) => {
  let at = 0
  const statuses = offered.map((text) => {
    const session = names[at++] ?? ""
    const index = text.startsWith("1") ? (names[at++] ?? "") : undefined
    const head = readHead(keys, session, 229)
    const verifiers = head ? [head.verifier, head.previous?.verifier ?? ""].filter((verifier) => text.includes(` ${verifier} `)) : []
    const [status] = sessionTouch(keys, [session], verifiers) as readonly [number, string]
    if (status !== 0 || index === undefined || !head || keys.find(index)?.type === "string") return status
    if (keys.zadd(index, Number(whole(head.created)), session.slice(-22), true) === 1) keepIndex(keys, index, head.absolute, Number(memory))
    return status
  })
  return [String(keys.nowMicros), ...statuses]
}
