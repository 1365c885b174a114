import type { RawReply } from "./RawConnection.js"
import { isRefusal } from "./RawConnection.js"
import type { RealScript } from "./real-scripts.js"

/** What scripts without a status come to, and how their replies show it. */
const WITHOUT_STATUS: Readonly<Record<string, Readonly<Record<string, (values: readonly RawReply[]) => boolean>>>> = {
  "index-cutoff": {
    now: ([now, score]) => now === score,
    later: ([now, score]) => now !== score,
    some: ({ length }) => length > 2,
    none: ({ length }) => length === 2,
  },
  "index-heal": { added: ([, added]) => added === 1, several: ([, added]) => Number(added) > 1, nothing: ([, added]) => added === 0 },
  "index-lists": { listed: (values) => values.includes(1), missing: (values) => values.includes(0), none: ({ length }) => length === 1 },
  "index-page": { some: ({ length }) => length > 1, empty: ({ length }) => length === 1 },
  "rate-adjust": { done: ({ length }) => length === 1 },
  "rate-block": { done: ({ length }) => length === 1 },
  "rate-lease": {
    held: ([, held]) => held === 1,
    full: ([, held, , wait]) => held === 0 && wait !== 0,
    refused: ([, held, , wait]) => held === 0 && wait === 0,
  },
  "rate-look": { free: ([, , , wait]) => wait === 0, denied: ([, , , wait]) => wait !== 0, blocked: ([, , span]) => span !== 0 },
  "rate-release": { done: ({ length }) => length === 1 },
  "rate-take": {
    taken: ([, taken]) => taken === 1,
    denied: ([, taken, , wait]) => taken === 0 && wait !== 0,
    blocked: ([, , span]) => span !== 0,
    several: ({ length }) => length > 6,
  },
  "index-end": {
    all: ([, , existed]) => /^1+$/.test(`${existed as string}`),
    some: ([, , existed]) => /01|10/.test(`${existed as string}`),
    none: ([, , existed]) => /^0+$/.test(`${existed as string}`),
    removed: ([, removed]) => Number(removed) > 0,
    kept: ([, removed]) => removed === 0,
    listed: ([, , , listed]) => Number(listed) > 0,
    alone: ([, , , listed]) => listed === 0,
  },
  "index-prune": { removed: ([, removed]) => Number(removed) > 0, kept: ([, removed]) => removed === 0 },
}
/** Answers on which more than a status depends. */
const MORE: Readonly<Record<string, (status: string, values: readonly RawReply[]) => string | undefined>> = {
  "session-create": (status, { length }) => (length > (status === "DONE" ? 3 : 6) ? `${status} with sessions ended` : undefined),
  "session-delete": (status, [, , prefix]) => (status === "DONE" && prefix === "" ? "DONE of what is no record" : undefined),
}
const MORE_EXPECTED: Readonly<Record<string, readonly string[]>> = {
  "session-create": ["DONE with sessions ended", "MORE with sessions ended"],
  "session-delete": ["DONE of what is no record"],
}
const WRONG_TYPE = "WRONGTYPE"
/** To these a key of another type is corrupt, or counts nothing: they look before they leap. */
const NEVER_WRONG_TYPE = /^(session-(?!create$)|index-heal|index-prune|record-(?!adopt)|rate-)/

/** They give an answer for each key, after the time. */
const FOR_MANY: ReadonlySet<string> = new Set(["session-creates", "session-deletes", "session-touches", "session-updates"])

/** All that the replies of a script can come to. */
export function expectedOutcomes({ name, statuses }: RealScript): readonly string[] {
  const own = [...statuses.values(), ...Object.keys(WITHOUT_STATUS[name] ?? {}), ...(MORE_EXPECTED[name] ?? [])]
  return (NEVER_WRONG_TYPE.test(name) ? own : [...own, WRONG_TYPE]).map((outcome) => `${name} ${outcome}`)
}

/** What one reply came to; it may be several. */
export function outcomesOf({ name, statuses }: RealScript, reply: RawReply): readonly string[] {
  const own = isRefusal(reply) ? [reply.refusal.split(" ")[0] ?? ""] : ownOutcomes(name, statuses, reply as readonly RawReply[])
  return own.map((outcome) => `${name} ${outcome}`)
}

function ownOutcomes(name: string, statuses: ReadonlyMap<number, string>, values: readonly RawReply[]): readonly string[] {
  const without = WITHOUT_STATUS[name]
  if (without !== undefined) return Object.keys(without).filter((outcome) => without[outcome]?.(values) === true)
  if (FOR_MANY.has(name)) return values.slice(1).flatMap((value) => ownOutcomes(`one of ${name}`, statuses, [value].flat()))
  if (name === "session-accesses")
    return values
      .slice(1)
      .filter((_, at) => at % 2 === 0)
      .flatMap((value) => ownOutcomes(`one of ${name}`, statuses, [value]))
  const status = statuses.get(Number(values[0])) ?? `status ${JSON.stringify(values[0])}`
  const more = MORE[name]?.(status, values)
  return more === undefined ? [status] : [status, more]
}
