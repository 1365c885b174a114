import type { Execution } from "../store/StoreEngine.js"

/** A script that does for many sessions what another one does for one, as so many of those. */
export function singly(execution: Execution): readonly Execution[] {
  const { name, keys, args, reply, changes } = execution
  const each = (name: string, key: string, args: readonly string[], reply: Execution["reply"], list?: string): Execution => {
    const own = list === undefined ? [key] : [key, list]
    return { name, keys: [key], args, reply, changes: changes.filter((change) => own.includes(change.key)) }
  }
  if (!Array.isArray(reply)) return [execution]
  const [time, ...replies] = reply as readonly Execution["reply"][]
  switch (name) {
    case "session-updates":
      return keys.map((key, at) => each("session-update", key, args.slice(at * 5, at * 5 + 4), replies[at] ?? null))
    case "session-touches": {
      let place = 0
      return args.slice(1).map((offered, at) => {
        const key = keys[place++] ?? ""
        const list = offered.startsWith("1") ? keys[place++] : undefined
        return each("session-touch", key, offered.trim().split(" ").slice(1), [replies[at] ?? null, time ?? null], list)
      })
    }
    default:
      return [execution]
  }
}
