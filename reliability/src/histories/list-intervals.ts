import type { HistoryLine } from "./history-line.js"
import { livesByUser } from "./limit-sweep.js"
import type { SessionLife } from "./session-life.js"
import type { Violation } from "./violation.js"

/** V7: a list holds what surely lived during the whole call, once each, and nothing that had ended before it or belongs to another user. */
export function checkLists(lines: readonly HistoryLine[], lives: ReadonlyMap<string, SessionLife>): Violation[] {
  const ofUser = livesByUser(lives)
  return lines.flatMap((line) => {
    if (line.op !== "list" || line.outcome !== "ok" || line.ret === null) return []
    const { user = "" } = line.args
    const { call, ret } = line
    const listed = (line.value.listed ?? []).map(({ session }) => session)
    const names = new Set(listed)
    const report = (what: string): Violation => ({ rule: "V7", subject: user, what })
    const missing = (ofUser.get(user) ?? []).filter(([name, life]) => !names.has(name) && life.createdBy < call && life.mayEndFrom > ret)
    const stale = listed.filter((name) => (lives.get(name)?.endedBy ?? Number.POSITIVE_INFINITY) < call)
    const foreign = listed.filter((name) => lives.get(name)?.user !== user && !hasUnknownCreation(lines, user))
    return [
      ...missing.map(([name]) => report(`the list lacks ${name}, which lived all the while`)),
      ...stale.map((name) => report(`the list holds ${name}, whose end had been acknowledged`)),
      ...foreign.map((name) => report(`the list holds ${name}, which is not this user's`)),
      ...(names.size < listed.length ? [report("the list holds a session twice")] : []),
    ]
  })
}

// Whoever was not told the handle of a new session cannot know it in a list.
function hasUnknownCreation(lines: readonly HistoryLine[], user: string): boolean {
  return lines.some(({ op, args, outcome }) => op === "create" && args.user === user && outcome === "unknown")
}
