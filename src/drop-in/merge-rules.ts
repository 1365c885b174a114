import type { MergeRule } from "../domain/records/merge-fields.js"

type LastWins = MergeRule["lastWins"]

/** When the cookie expires follows from each use of the session, and is no change of it. */
const MOVING = ["expires", "originalExpires"]

/** Of sessions with a field `cookie`, as express-session and @fastify/session have. */
export function cookieRule(lastWins: LastWins): MergeRule {
  return {
    same: (field, one, other) => (field === "cookie" ? sameJson(settled(one), settled(other)) : sameJson(one, other)),
    lastWins: (field) => field === "cookie" || lastWins(field),
  }
}

/** Of sessions with koa-session's own fields. */
export function koaRule(lastWins: LastWins): MergeRule {
  return {
    same: (field, one, other) => field === "_expire" || sameJson(one, other),
    lastWins: (field) => field === "_maxAge" || field === "_session" || lastWins(field),
  }
}

function sameJson(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}

function settled(cookie: unknown): unknown {
  if (typeof cookie !== "object" || cookie === null) return cookie
  return Object.entries(cookie)
    .filter(([name, value]) => !MOVING.includes(name) && value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
}
