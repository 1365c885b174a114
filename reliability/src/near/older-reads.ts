import { type HistoryLine, NANOSECONDS } from "../histories/history-line.js"
import { groupedBy } from "../limits/grouped-by.js"
import { leaseOfRun } from "./near-mode.js"

/**
 * For checkers that expect every read to be current: one that found something may have looked up to a lease earlier, but no earlier than what its own process was acknowledged before. That
 * something is missing no near-cache ever says.
 *
 * @param leaseMs - of the services that were called; `null`: they had no near-cache
 */
export function allowOlderReads(lines: readonly HistoryLine[], leaseMs: number | null = leaseOfRun()): readonly HistoryLine[] {
  if (leaseMs === null) return lines
  const changes = lines.filter(({ op, outcome, args }) => op !== "get" && op !== "list" && outcome === "ok" && args.session !== undefined)
  const own = groupedBy(changes, nameOf)
  return lines.map((line) => {
    const { op, outcome, value, call } = line
    if (op !== "get" || outcome !== "ok" || value.seen == null) return line
    const known = (own.get(nameOf(line)) ?? []).filter(({ settled }) => settled < call)
    // Behind what it knew, and not at the same instant, which would leave their order open.
    return { ...line, call: known.reduce((latest, { settled }) => Math.max(latest, settled + 1), call - leaseMs * NANOSECONDS) }
  })
}

/** A session as one process knows it. */
function nameOf({ client, args }: HistoryLine): string {
  return `${client.split(".")[0]} ${args.session}`
}
