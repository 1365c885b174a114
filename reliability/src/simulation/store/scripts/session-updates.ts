import { readHead } from "../record-head.js"
import type { Reply, ScriptFunction } from "../script.js"
import { sessionUpdate } from "./session-update.js"

export const sessionUpdates: ScriptFunction = (keys, names, args) => {
  const replies = names.map((session, at): Reply => {
    const [expected = "", operation = "", body = "", notAfter = "", offered = ""] = args.slice(at * 5, at * 5 + 5)
    const head = readHead(keys, session, 229)
    const verifiers = head ? [head.verifier, head.previous?.verifier ?? ""].filter((verifier) => offered.includes(` ${verifier} `)) : []
    // One that fits none, for a call that offers something, and nothing fits.
    const proof = offered === "" ? [] : [...verifiers, "none"]
    return sessionUpdate(keys, [session], [expected, operation, body, notAfter, ...proof])
  })
  return [keys.nowMicros, ...replies]
}
