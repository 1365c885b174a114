import type { Reply, ScriptFunction } from "../script.js"
import { sessionDelete } from "./session-delete.js"

export const sessionDeletes: ScriptFunction = (keys, names, args) => {
  const replies = names.map((session, at): Reply => {
    const reply = sessionDelete(keys, [session], args.slice(at * 4, at * 4 + 4)) as readonly Reply[]
    return reply[0] === 0 ? (reply[2] ?? null) : reply
  })
  return [keys.nowMicros, ...replies]
}
