import type { Reply, ScriptFunction } from "../script.js"
import { sessionUpdate } from "./session-update.js"

export const sessionUpdates: ScriptFunction = (keys, names, args) => {
  const replies = names.map((session, at): Reply => {
    const reply = sessionUpdate(keys, [session], args.slice(at * 5, at * 5 + 5)) as readonly Reply[]
    return reply[0] === 0 ? (reply[2] ?? null) : reply
  })
  return [keys.nowMicros, ...replies]
}
