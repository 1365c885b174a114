import type { Reply, ScriptFunction } from "../script.js"
import { sessionCreate } from "./session-create.js"

const FIRST_PAGE = ["", "0", "", ""]

export const sessionCreates: ScriptFunction = (keys, names, args) => {
  const replies: Reply[] = []
  let at = 0
  for (let from = 0; from < args.length; from += 4) {
    const own = args[from]?.startsWith("2") ? names.slice(at, at + 2) : names.slice(at, at + 1)
    at += own.length
    try {
      const reply = sessionCreate(keys, own, [...args.slice(from, from + 4), ...FIRST_PAGE]) as readonly Reply[]
      replies.push(reply[0] === 0 && reply.length === 3 ? (reply[2] ?? null) : reply)
    } catch {
      replies.push([6, keys.nowMicros])
    }
  }
  return [keys.nowMicros, ...replies]
}
