import type { Execution } from "../store/StoreEngine.js"

/** A script that does for many sessions what another one does for one, as so many of those. */
export function singly(execution: Execution): readonly Execution[] {
  const { name, keys, args, reply, changes } = execution
  const each = (name: string, own: readonly string[], args: readonly string[], reply: Execution["reply"]): Execution => {
    return { name, keys: own, args, reply, changes: changes.filter((change) => own.includes(change.key)) }
  }
  if (!Array.isArray(reply)) return [execution]
  const [time, ...replies] = reply as readonly Execution["reply"][]
  switch (name) {
    case "session-updates":
      return keys.map((key, at) => each("session-update", [key], args.slice(at * 5, at * 5 + 5), alone(time, replies[at])))
    case "session-deletes":
      return keys.map((key, at) => each("session-delete", [key], args.slice(at * 4, at * 4 + 4), alone(time, replies[at])))
    case "session-touches": {
      let place = 0
      return args.slice(1).map((offered, at) => {
        const key = keys[place++] ?? ""
        const list = offered.startsWith("1") ? [keys[place++] ?? ""] : []
        return each(name, [key, ...list], [args[0] ?? "", offered], [time ?? null, replies[at] ?? null])
      })
    }
    case "session-creates": {
      let place = 0
      const creations = replies.map((answer, at) => {
        const own = keys.slice(place, place + (args[at * 4]?.startsWith("2") ? 2 : 1))
        place += own.length
        return each("session-create", own, [...args.slice(at * 4, at * 4 + 4), "", "0", "", ""], alone(time, answer))
      })
      // What they ended is none of their own keys: those changes go with the first.
      const others = changes.filter(({ key }) => !keys.includes(key))
      return creations.map((one, at) => (at === 0 ? { ...one, changes: [...one.changes, ...others] } : one))
    }
    default:
      return [execution]
  }
}

/** Of what was done the reply for many says only what it found. */
function alone(time: Execution["reply"] | undefined, reply: Execution["reply"] | undefined): Execution["reply"] {
  return Array.isArray(reply) ? reply : [0, time ?? null, reply ?? null]
}
