import type { Reply, ScriptFunction } from "../script.js"
import { sessionCreate } from "./session-create.js"

export const sessionCreates: ScriptFunction = (keys, names, args) => {
  const replies: Reply[] = []
  let at = 0
  for (let from = 0; from < args.length; from += 14) {
    const own = args[from] === "1" ? names.slice(at, at + 2) : names.slice(at, at + 1)
    at += own.length
    try {
      replies.push(sessionCreate(keys, own, [...args.slice(from + 1, from + 14), "", "0", "", ""]))
    } catch {
      replies.push([6, keys.nowMicros])
    }
  }
  return [keys.nowMicros, ...replies]
}
