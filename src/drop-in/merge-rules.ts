import { momentOf } from "../domain/records/lifetime.js"
import type { Fields, MergeRule, TermRule } from "../domain/records/merge-fields.js"

type LastWins = MergeRule["lastWins"]

/** When the cookie expires follows from each use of the session, and is no change of it. */
const OF_ITS_END = ["expires", "originalExpires", "originalMaxAge"]
/** Where an application says in each request when a session ends, express-session puts the end later by as long as the request lasted. */
const LONG_REQUEST_MS = 60_000
/**
 * Ages that differ by less are the same. express-session tells the age anew with each use, as what is left of an end that it has just put a whole age from now: the time
 * between its two looks at the clock is missing then, which is a millisecond now and then, and more on a machine that pauses. Browsers are told whole seconds.
 */
const SAME_AGE_MS = 1_000

/** Of sessions with a field `cookie`, as express-session and @fastify/session have. */
export function cookieRule(lastWins: LastWins): MergeRule {
  return { same: (_field, one, other) => sameJson(one, other), lastWins, term: COOKIE }
}

/** Of sessions with koa-session's own fields. */
export function koaRule(lastWins: LastWins): MergeRule {
  return { same: (_field, one, other) => sameJson(one, other), lastWins, term: KOA }
}

const COOKIE: TermRule = {
  fields: ["cookie"],
  isChange(base, mine) {
    return !(isSameAge(base, mine) || isSameEnd(base, mine)) || !sameJson(settings(base), settings(mine))
  },
  isSet(base, mine, readAt) {
    if (!isSameAge(base, mine) || !sameJson(settings(base), settings(mine))) return true
    const end = endOf(mine)
    if (end === endOf(base)) return false
    // The library puts the end a whole age after now, or after the beginning of the request. One that comes earlier was put there by somebody else.
    const age = COOKIE.useOf(mine)
    return age === 0 || end < readAt + age
  },
  endOf,
  useOf(fields) {
    const age = ageOf(fields)
    return typeof age === "number" ? Math.max(age, 0) : 0
  },
}

const KOA: TermRule = {
  fields: ["_expire", "_maxAge", "_session"],
  isChange: (base, mine) => !sameJson([base._maxAge, base._session], [mine._maxAge, mine._session]),
  isSet: (base, mine) => KOA.isChange(base, mine),
  endOf: ({ _expire }) => momentOf(_expire) ?? Number.POSITIVE_INFINITY,
  useOf: () => 0,
}

function sameJson(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

/** What a cookie says of other things than its end. */
function settings({ cookie }: Fields): unknown {
  if (typeof cookie !== "object" || cookie === null) return cookie
  return Object.entries(cookie)
    .filter(([name, value]) => !OF_ITS_END.includes(name) && value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
}

function ageOf({ cookie }: Fields): unknown {
  return (cookie as { readonly originalMaxAge?: unknown } | null | undefined)?.originalMaxAge
}

function endOf({ cookie }: Fields): number {
  return momentOf((cookie as { readonly expires?: unknown } | null | undefined)?.expires) ?? Number.POSITIVE_INFINITY
}

function isSameAge(base: Fields, mine: Fields): boolean {
  const [before, now] = [ageOf(base), ageOf(mine)]
  return before === now || (typeof before === "number" && typeof now === "number" && Math.abs(before - now) < SAME_AGE_MS)
}

/** Whether the age became shorter only because time went by: express-session tells it anew where the application says in each request when a session ends. */
function isSameEnd(base: Fields, mine: Fields): boolean {
  const [before, now] = [ageOf(base), ageOf(mine)]
  return typeof before === "number" && typeof now === "number" && now < before && endOf(mine) >= endOf(base) - LONG_REQUEST_MS
}
