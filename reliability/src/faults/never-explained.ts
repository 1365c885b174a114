import type { HistoryLine, Seen } from "../histories/history-line.js"
import { checkLimit } from "../histories/limit-sweep.js"
import { splitBySession } from "../histories/session-histories.js"
import { lifeOf, type SessionLife } from "../histories/session-life.js"
import type { Violation } from "../histories/violation.js"
import type { Calm } from "./broken-in-calm.js"

/**
 * What is wrong even where acknowledged writes were lost: an answer that mixes what was never written together, and a limit that was exceeded for a
 * user of whom nothing was lost, by sessions that were all seen alive, or kept by ending some although none that was ended can have come back.
 */
export function neverExplained(lines: readonly HistoryLine[], violations: readonly Violation[], calm?: Calm): readonly Violation[] {
  const hurt = new Set(violations.filter(({ rule }) => rule !== "V8").map(({ subject }) => subject))
  const hurtTags = new Set([...hurt].map(tagOf))
  const tagsOfUser = new Map<string, Set<string>>()
  for (const { args, value } of lines) {
    if (args.user === undefined) continue
    const tags = tagsOfUser.get(args.user) ?? new Set()
    tagsOfUser.set(args.user, tags)
    for (const seen of seenIn(value.seen, value.listed)) tags.add(tagOf(seen.session))
  }
  const nothingLost = (user: string): boolean => !hurt.has(user) && ![...(tagsOfUser.get(user) ?? [])].some((tag) => hurtTags.has(tag))
  const exceeded = violations.filter(({ rule, subject }) => rule === "V8" && nothingLost(subject))
  const seenAlive = exceeded.length === 0 ? new Set() : new Set(checkLimit(lines, livesAsSeen(lines, calm)).map(({ subject }) => subject))
  return [...mixed(lines), ...exceeded.filter(({ subject }) => seenAlive.has(subject))]
}

// A creation that was lost, and whose session nobody looked for before something may have ended it, left no trace. Nor did the end of a session that was
// lost with the store's primary: it may have come back, and have made a creation end another, before the end was repeated.
function livesAsSeen(lines: readonly HistoryLine[], calm: Calm | undefined): Map<string, SessionLife> {
  const mayBeUndone = (endedBy: number): boolean => calm !== undefined && endedBy >= calm.until && endedBy <= calm.from
  return new Map(
    splitBySession(lines).map((history) => {
      const life = lifeOf(history)
      const seenAt = history.operations.reduce((last, { kind, outcome, call }) => (outcome === "ok" && kind !== "end" ? Math.max(last, call) : last), 0)
      const endedBy = mayBeUndone(life.endedBy) ? Number.POSITIVE_INFINITY : life.endedBy
      return [history.session, { ...life, mayEndFrom: Math.min(life.mayEndFrom, seenAt), endedBy }]
    }),
  )
}

function mixed(lines: readonly HistoryLine[]): Violation[] {
  const writtenIn = new Map<string, string | undefined>()
  for (const { args, value } of lines) if (args.write !== undefined) writtenIn.set(args.write, args.session ?? value.seen?.session)
  return lines.flatMap(({ value }) =>
    seenIn(value.seen, value.listed)
      // Whoever was not told the outcome of a creation does not know its session.
      .filter(({ session, text }) => !writtenIn.has(text) || (writtenIn.get(text) ?? session) !== session)
      .map(({ session, text }): Violation => ({ rule: "V2", subject: session, what: `a text was read that nobody ever wrote in this session: ${text}` })),
  )
}

function seenIn(seen: Seen | null | undefined, listed: readonly Seen[] = []): readonly Seen[] {
  return seen === null || seen === undefined ? listed : [seen, ...listed]
}

// Every session of a user has the user's tag.
function tagOf(session: string): string {
  return session.slice(0, session.indexOf("."))
}
