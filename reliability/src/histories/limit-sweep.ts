import type { HistoryLine } from "./history-line.js"
import { lowerBound } from "./lower-bound.js"
import type { SessionLife } from "./session-life.js"
import type { Violation } from "./violation.js"

/** V8: at no instant more sessions of a user than the limit surely lived, and no creation ended more than it had to. */
export function checkLimit(lines: readonly HistoryLine[], lives: ReadonlyMap<string, SessionLife>): Violation[] {
  const byUser = livesByUser(lives)
  const limits = limitsByUser(lines)
  const evicting = evictingByUser(lines)
  return [...limits].flatMap(([user, limit]) => {
    const own = byUser.get(user) ?? []
    const most = mostAlive(own.map(([, { createdBy, mayEndFrom }]) => ({ from: createdBy, to: mayEndFrom })))
    const exceeded = most > limit ? [violation(user, `${most} sessions lived at one time, with a limit of ${limit}`)] : []
    return [...exceeded, ...needlessEvictions(evicting.get(user) ?? [], user, limit, own)]
  })
}

type Lives = readonly (readonly [string, SessionLife])[]

function violation(subject: string, what: string): Violation {
  return { rule: "V8", subject, what }
}

/** The sessions of each user. */
export function livesByUser(lives: ReadonlyMap<string, SessionLife>): Map<string, [string, SessionLife][]> {
  const byUser = new Map<string, [string, SessionLife][]>()
  for (const entry of lives) {
    const { user } = entry[1]
    if (user === undefined) continue
    const known = byUser.get(user)
    if (known === undefined) byUser.set(user, [entry])
    else known.push(entry)
  }
  return byUser
}

/** The creations of each user that ended other sessions, or perhaps did: few of all lines, which are not to be walked over for every user. */
function evictingByUser(lines: readonly HistoryLine[]): Map<string, HistoryLine[]> {
  const byUser = new Map<string, HistoryLine[]>()
  for (const line of lines) {
    const { user } = line.args
    if (user === undefined || line.op !== "create" || (line.outcome !== "unknown" && (line.value.evicted?.length ?? 0) === 0)) continue
    const known = byUser.get(user)
    if (known === undefined) byUser.set(user, [line])
    else known.push(line)
  }
  return byUser
}

function limitsByUser(lines: readonly HistoryLine[]): Map<string, number> {
  const limits = new Map<string, number>()
  for (const { op, args } of lines) {
    if (op === "create" && args.user !== undefined && args.limit !== undefined) limits.set(args.user, Math.max(args.limit, limits.get(args.user) ?? 0))
  }
  return limits
}

function mostAlive(intervals: readonly { readonly from: number; readonly to: number }[]): number {
  const changes = intervals
    .filter(({ from, to }) => from < to)
    .flatMap(({ from, to }) => [
      { at: from, by: 1 },
      { at: to, by: -1 },
    ])
  // At one and the same instant those that end count first: they need not have met.
  changes.sort((a, b) => (a.at === b.at ? a.by - b.by : a.at - b.at))
  let alive = 0
  let most = 0
  for (const { by } of changes) {
    alive += by
    most = Math.max(most, alive)
  }
  return most
}

function needlessEvictions(lines: readonly HistoryLine[], user: string, limit: number, own: Lives): Violation[] {
  // Sessions whose creation nobody was told of lived as well, perhaps.
  const untold = lines.filter(({ op, args, outcome }) => op === "create" && args.user === user && outcome === "unknown").map(({ call }) => call)
  const begun = new Map(own.map(([name, { createdFrom }]) => [name, createdFrom]))
  const begunBefore = countBefore([...untold, ...begun.values()])
  const endedBy = countBefore(own.map(([, life]) => Math.max(life.endedBy, life.createdFrom)))
  return lines.flatMap(({ op, args, outcome, call, ret, value }) => {
    const evicted = value.evicted?.length ?? 0
    if (op !== "create" || args.user !== user || outcome !== "ok" || ret === null || evicted === 0) return []
    const itself = begun.get(value.seen?.session ?? "") ?? Number.POSITIVE_INFINITY
    const perhaps = begunBefore(ret) - endedBy(call) - (itself < ret ? 1 : 0)
    return perhaps + 1 - evicted < limit
      ? [violation(user, `a creation ended ${evicted} sessions where at most ${perhaps} lived, with a limit of ${limit}`)]
      : []
  })
}

function countBefore(times: readonly number[]): (time: number) => number {
  const sorted = [...times].sort((a, b) => a - b)
  return (time) => lowerBound(sorted.length, (i) => (sorted[i] ?? 0) >= time)
}
